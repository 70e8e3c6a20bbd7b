"""Installing a lock into environments of this machine, beside pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import envpack
from support.command import COMMAND
from support.command import envpack as command
from support.installed_trees import commands_of, differences, make_venv, pip_install, snapshot
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

MakeLock = Callable[..., Path]
HERE = f"python{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    make_wheel(
        folder, "tool", "1.0", requires=("lib", "space-a", "space-b"),
        files={
            "tool.py": b"import lib\ndef main():\n    print('tool', lib.NUMBER)\n",
            "tool-1.0.data/scripts/rewritten": b"#!python\nimport tool\ntool.main()\n",
            "tool-1.0.data/scripts/kept": b"#!/bin/sh\necho kept\n",
            "tool-1.0.data/data/share/tool/a.txt": b"a",
            "tool-1.0.data/headers/tool.h": b"/* */\n",
            "tool-1.0.data/purelib/pure_part.py": b"x = 1\n",
        },
        entry_points="[console_scripts]\ntool = tool:main\n[gui_scripts]\nwindow = tool:main\n",
    )  # fmt: skip
    make_wheel(folder, "lib", "2.0", files={"lib.py": b"NUMBER = 42\n" + b"#" * 100_000})
    make_wheel(folder, "lib", "1.0", files={"lib.py": b"NUMBER = 1\n", "gone/old.py": b"y = 1\n"})
    make_wheel(folder, "space-a", "1.0", files={"space/a.py": b"", "space/with, comma.txt": b"q"})
    make_wheel(folder, "space-b", "1.0", files={"space/b.py": b"", "space/b/deep/c.txt": b"c"})
    return folder


@pytest.fixture
def make_lock(wheels: Path, tmp_path: Path) -> MakeLock:
    def make(*requirements: str, name: str = "pylock.toml") -> Path:
        lock = envpack.resolve(*requirements, find_links=[wheels], no_index=True)
        path = tmp_path / name
        path.write_text(lock.to_toml())
        return path

    return make


def versions(prefix: Path) -> dict[str, str]:
    return {p.name: str(p.version) for p in envpack.freeze(prefix).packages}


def everything(prefix: Path) -> dict[str, object]:
    """Paths with inodes and bytes of files: whether anything at all was done."""
    return {
        str(path): None if path.is_dir() else (path.lstat().st_ino, path.read_bytes())
        for path in prefix.rglob("*")
    }


@pytest.mark.parametrize("link_mode", ["auto", "hardlink", "copy"])
def test_the_tree_is_the_one_that_pip_makes(
    make_lock: MakeLock, wheels: Path, tmp_path: Path, link_mode: str
) -> None:
    prefix = tmp_path / "env"
    pip_install(make_venv(prefix), "--no-index", "--find-links", wheels, "tool", "lib", "space-a",
                "space-b")  # fmt: skip
    commands = commands_of(prefix)
    assert commands == {"tool", "window"}
    theirs = snapshot(prefix, commands)
    shutil.rmtree(prefix)
    envpack.install(make_lock("tool"), prefix=make_venv(prefix), link_mode=link_mode)  # type: ignore[arg-type]
    assert differences(snapshot(prefix, commands), theirs) == []
    assert subprocess.check_output([prefix / "bin/tool"], text=True) == "tool 42\n"
    assert subprocess.check_output([prefix / "bin/rewritten"], text=True) == "tool 42\n"
    site = prefix / "lib" / HERE / "site-packages"
    assert (site / "tool-1.0.dist-info/INSTALLER").read_text() == "envpack\n"
    assert (site / "tool-1.0.dist-info/REQUESTED").exists()
    assert not (site / "lib-2.0.dist-info/REQUESTED").exists()
    assert ((site / "lib.py").stat().st_nlink > 1) == (link_mode == "hardlink") or (
        link_mode == "auto"
    )


def test_a_missing_environment_is_made(make_lock: MakeLock, tmp_path: Path) -> None:
    prefix = tmp_path / "deep/er env"
    report = envpack.install(make_lock("tool"), prefix=prefix)
    assert report.new
    assert report.prefix == str(prefix)
    assert {p.name for p in report.installed} == {"tool", "lib", "space-a", "space-b"}
    assert subprocess.check_output([prefix / "bin/tool"], text=True) == "tool 42\n"
    seen = subprocess.check_output(
        [prefix / "bin/python", "-c", "import sys; print(sys.prefix != sys.base_prefix)"], text=True
    )
    assert seen == "True\n"


def test_what_is_there_stays_untouched(make_lock: MakeLock, tmp_path: Path) -> None:
    lock, prefix = make_lock("tool"), tmp_path / "env"
    envpack.install(lock, prefix=prefix)
    before = everything(prefix)
    report = envpack.install(lock, prefix=prefix)
    assert (report.kept, report.installed, report.removed) == (4, [], [])
    assert everything(prefix) == before
    again = envpack.install(lock, prefix=prefix, reinstall=True)
    assert len(again.installed) == 4
    assert everything(prefix).keys() == before.keys()


def test_another_version_is_replaced_with_all_that_was_its_own(
    make_lock: MakeLock, tmp_path: Path
) -> None:
    prefix = tmp_path / "env"
    envpack.install(make_lock("lib==1.0"), prefix=prefix)
    site = prefix / "lib" / HERE / "site-packages"
    subprocess.run([prefix / "bin/python", "-m", "compileall", "-q", site], check=True)
    assert list(site.glob("gone/__pycache__/*.pyc"))
    (report,) = envpack.install(make_lock("lib==2.0"), prefix=prefix).installed
    assert (report.name, report.version, report.replaced) == ("lib", "2.0", "1.0")
    assert versions(prefix) == {"lib": "2.0"}
    assert not (site / "gone").exists()
    checked = subprocess.check_output(
        [prefix / "bin/python", "-c", "import lib; print(lib.NUMBER)"], text=True
    )
    assert checked == "42\n"


def test_only_an_exact_install_removes_other_packages(make_lock: MakeLock, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    envpack.install(make_lock("tool"), prefix=prefix)
    only_lib = make_lock("lib", name="pylock.lib.toml")
    assert envpack.install(only_lib, prefix=prefix).removed == []
    removed = envpack.install(only_lib, prefix=prefix, exact=True).removed
    assert {p.name for p in removed} == {"tool", "space-a", "space-b"}
    assert versions(prefix) == {"lib": "2.0"}
    left = {p.name for p in (prefix / "lib" / HERE / "site-packages").iterdir()}
    assert left == {"lib.py", "lib-2.0.dist-info"}
    assert not (prefix / "share").exists()


def test_pip_takes_our_packages_for_its_own(
    make_lock: MakeLock, wheels: Path, tmp_path: Path
) -> None:
    prefix = make_venv(tmp_path / "env")
    before = everything(prefix)
    envpack.install(make_lock("tool"), prefix=prefix)
    pip = [sys.executable, "-m", "pip", "--python", str(prefix / "bin/python")]
    assert "No broken requirements" in subprocess.check_output([*pip, "check"], text=True)
    subprocess.run([*pip, "uninstall", "-q", "-y", "tool", "lib", "space-a", "space-b"], check=True)
    # pip leaves the empty folders of data files and headers.
    files = {k: v for k, v in everything(prefix).items() if v is not None}
    assert files == {k: v for k, v in before.items() if v is not None}
    pip_install(prefix, "--no-index", "--find-links", wheels, "lib==1.0")
    (replaced,) = envpack.install(make_lock("lib"), prefix=prefix).installed
    assert replaced.replaced == "1.0"


def test_a_file_of_another_package_is_never_overwritten(
    make_lock: MakeLock, wheels: Path, tmp_path: Path
) -> None:
    prefix = tmp_path / "env"
    make_wheel(wheels, "other", "1.0", files={"lib.py": b"OTHER = 1\n"})
    envpack.install(make_lock("other"), prefix=prefix)
    before = everything(prefix)
    result = command("install", make_lock("tool"), "--prefix", prefix, status=2)
    assert "install.path-conflict" in result.stderr
    assert "belongs to other 1.0" in result.stderr
    assert everything(prefix) == before


def test_a_failure_brings_a_replaced_package_back(make_lock: MakeLock, tmp_path: Path) -> None:
    prefix = tmp_path / "env"
    envpack.install(make_lock("lib==1.0"), prefix=prefix)
    foreign = prefix / "lib" / HERE / "site-packages/space/b.py"
    foreign.parent.mkdir()
    foreign.write_text("somebody's own file")
    before = everything(prefix)
    result = command("install", make_lock("tool"), "--prefix", prefix, status=2)
    assert "no installed package lists it" in result.stderr
    assert everything(prefix) == before


def test_two_wheels_with_one_path_are_both_named(
    make_lock: MakeLock, wheels: Path, tmp_path: Path
) -> None:
    make_wheel(wheels, "other", "1.0", files={"lib.py": b"OTHER = 1\n"})
    result = command("install", make_lock("tool", "other"), "--prefix", tmp_path / "env", status=2)
    assert "lib 2.0" in result.stderr
    assert "other 1.0" in result.stderr
    assert not (tmp_path / "env").exists()


def test_a_wheel_unlike_its_record_leaves_nothing_behind(
    make_lock: MakeLock, wheels: Path, tmp_path: Path
) -> None:
    good = make_wheel(wheels, "bad", "1.0", files={"bad/a.py": b"right", "bad/b.py": b"b"})
    members = {}
    with zipfile.ZipFile(good) as archive:
        for name in archive.namelist():
            members[name] = archive.read(name)
    with zipfile.ZipFile(good, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, b"wrong" if name == "bad/a.py" else data)
    for link_mode in ("auto", "copy"):
        result = command("install", make_lock("bad"), "--prefix", tmp_path / "env",
                         "--link-mode", link_mode, status=3)  # fmt: skip
        assert "record.hash-mismatch" in result.stderr
        assert not (tmp_path / "env").exists()


def test_no_link_is_followed_out_of_the_environment(make_lock: MakeLock, tmp_path: Path) -> None:
    prefix, elsewhere = make_venv(tmp_path / "env"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    (prefix / "lib" / HERE / "site-packages/space").symlink_to(elsewhere)
    result = command("install", make_lock("tool"), "--prefix", prefix, status=2)
    assert "install.link" in result.stderr
    assert list(elsewhere.iterdir()) == []
    assert versions(prefix) == {}


def test_a_record_that_names_foreign_files_removes_none_of_them(
    make_lock: MakeLock, tmp_path: Path
) -> None:
    prefix, precious = tmp_path / "env", tmp_path / "precious"
    precious.write_text("keep")
    envpack.install(make_lock("lib==1.0"), prefix=prefix)
    record = prefix / "lib" / HERE / "site-packages/lib-1.0.dist-info/RECORD"
    record.write_text(
        record.read_text()
        + f"{precious},,\n../../../../precious,,\n../../../pyvenv.cfg,,\n../../../bin/python,,\n"
    )
    envpack.install(make_lock("lib==2.0"), prefix=prefix)
    assert precious.read_text() == "keep"
    assert (prefix / "pyvenv.cfg").exists()
    assert (prefix / "bin/python").exists()


def test_a_file_that_was_written_through_a_link_is_not_used_again(
    make_lock: MakeLock, tmp_path: Path
) -> None:
    lock = make_lock("lib")
    envpack.install(lock, prefix=tmp_path / "one", link_mode="hardlink")
    with (tmp_path / "one/lib" / HERE / "site-packages/lib.py").open("r+b") as file:
        file.write(b"NUMBER = 43\n")
    envpack.install(lock, prefix=tmp_path / "two", link_mode="hardlink")
    assert (
        (tmp_path / "two/lib" / HERE / "site-packages/lib.py")
        .read_bytes()
        .startswith(b"NUMBER = 42\n")
    )


def test_folders_that_are_no_environment_are_refused(make_lock: MakeLock, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("mine")
    result = command("install", make_lock("lib"), "--prefix", tmp_path / "full", status=2)
    assert "install.no-environment" in result.stderr
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["file"]


def test_a_lock_for_a_base_needs_what_it_counts_on(
    wheels: Path, make_lock: MakeLock, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    envpack.install(make_lock("lib"), prefix=base)
    lock = tmp_path / "pylock.delta.toml"
    lock.write_text(
        envpack.resolve("tool", base=base, find_links=[wheels], no_index=True).to_toml()
    )
    result = command("install", lock, "--prefix", tmp_path / "new", status=2)
    assert "counts on lib 2.0" in result.stderr
    assert not (tmp_path / "new").exists()
    assert {p.name for p in envpack.install(lock, prefix=base).installed} == {
        "tool", "space-a", "space-b",
    }  # fmt: skip


def test_a_direct_url_is_recorded_and_compared(
    wheels: Path, tmp_path: Path, make_lock: MakeLock
) -> None:
    wheel = wheels / "lib-2.0-py3-none-any.whl"
    direct = make_lock(f"lib @ {wheel.as_uri()}", name="pylock.direct.toml")
    prefix = tmp_path / "env"
    envpack.install(direct, prefix=prefix)
    (package,) = envpack.freeze(prefix).packages
    assert package.form == "archive"
    assert envpack.install(direct, prefix=prefix).kept == 1
    assert len(envpack.install(make_lock("lib"), prefix=prefix).installed) == 1


def test_installs_of_one_environment_wait_for_each_other(
    make_lock: MakeLock, tmp_path: Path
) -> None:
    lock, prefix = make_lock("tool"), tmp_path / "env"
    running = [
        subprocess.Popen(
            [COMMAND, "install", lock, "--prefix", prefix], stderr=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert [code for _, code in ends] == [0] * 6, ends
    assert subprocess.check_output([prefix / "bin/tool"], text=True) == "tool 42\n"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.parametrize("call", ["linkat", "renameat2", "renameat", "mkdirat", "symlinkat"])
def test_who_was_killed_is_finished_by_the_same_command(
    make_lock: MakeLock, tmp_path: Path, call: str
) -> None:
    old, new = make_lock("lib==1.0", name="pylock.old.toml"), make_lock("tool")
    expected = tmp_path / "expected"
    envpack.install(new, prefix=expected)
    names = {p.relative_to(expected) for p in expected.rglob("*")}
    for point in range(1, 40):
        prefix = tmp_path / f"env {point}"
        if call != "symlinkat":
            envpack.install(old, prefix=prefix)
        killed = subprocess.run(
            ["strace", "-f", "-qq", "-o", os.devnull,
             "-e", f"inject={call}:signal=KILL:when={point}",
             COMMAND, "install", new, "--prefix", prefix],
            check=False, capture_output=True, timeout=120,
        )  # fmt: skip
        if killed.returncode == 0:
            break
        envpack.install(new, prefix=prefix)
        assert {p.relative_to(prefix) for p in prefix.rglob("*")} == names, point
    else:
        pytest.fail(f"more than 40 calls of {call}")
    assert point > 1 or call == "symlinkat" or killed.returncode == 0
