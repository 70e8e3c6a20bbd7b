"""A program of one's own with its libraries, compiled here, run in a container of a real base."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

import envpack
from support.engines import Engine, skopeo_inspect, unpack
from support.wheels import make_wheel

COMPILER = shutil.which("g++") or shutil.which("c++")
pytestmark = [
    pytest.mark.usefixtures("no_index"),
    pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler"),
]

# A library that needs another one, each in a folder that no loader knows by itself.
SOURCES = {
    "units.cpp": '#include <string>\nstd::string unit() { return "bodies"; }\n',
    "count.cpp": "#include <string>\nstd::string unit();\n"
    'std::string count(int n) { return std::to_string(n) + " " + unit(); }\n',
    "main.cpp": "#include <iostream>\n#include <string>\nstd::string count(int);\n"
    "int main(int, char** words) { std::cout << count(std::stoi(words[1])) << '\\n'; }\n",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the program; it runs on this machine."""
    folder = tmp_path_factory.mktemp("program")
    for name, text in SOURCES.items():
        (folder / name).write_text(text)

    def compiled(*arguments: str) -> None:
        subprocess.run([str(COMPILER), "-O1", *arguments], cwd=folder, check=True)

    for name in ("units", "count"):
        (folder / name).mkdir()
    compiled("-shared", "-fPIC", "-Wl,-soname,libunits.so.1", "-o", "units/libunits.so.1",
             "units.cpp")  # fmt: skip
    compiled("-shared", "-fPIC", "-Wl,-soname,libcount.so.2", "-o", "count/libcount.so.2",
             "count.cpp", "units/libunits.so.1", "-Wl,-rpath,$ORIGIN/../units")  # fmt: skip
    compiled("-o", "prog", "main.cpp", "count/libcount.so.2", "-Wl,-rpath,$ORIGIN/count",
             "-Wl,-rpath-link,units")  # fmt: skip
    ran = subprocess.run([folder / "prog", "3"], capture_output=True, text=True, check=True)
    assert ran.stdout == "3 bodies\n"
    return folder / "prog"


def layers(image: str, report: envpack.BuildReport) -> list[list[tarfile.TarInfo]]:
    """Give the members of each layer that was added."""
    folder = Path(image.removeprefix("oci:").removesuffix(":latest")) / "blobs/sha256"
    found = []
    for layer in report.layers:
        with tarfile.open(folder / layer.digest.removeprefix("sha256:"), "r:gz") as tar:
            found.append(tar.getmembers())
    return found


def test_a_program_runs_where_its_libraries_are_not(
    program: Path, base: str, tmp_path: Path, engine: Engine
) -> None:
    add = [(program, "/usr/local/bin/prog")]
    bare = f"oci:{tmp_path / 'bare'}:latest"
    envpack.build(None, bare, base=base, add=add)
    with pytest.raises(AssertionError, match=r"libcount\.so\.2"):
        engine.run(bare, "prog", "3")

    image = f"oci:{tmp_path / 'image'}:latest"
    report = envpack.build(None, image, base=base, add=add, with_libs=True)
    # libstdc++ and the C library are the base's own.
    assert {Path(x.path).name: x.needed_by.rpartition("/")[2] for x in report.libraries} == {
        "libcount.so.2": "prog",
        "libunits.so.1": "libcount.so.2",
    }
    print(f"run by {engine.name}")
    assert engine.run(image, "prog", "3") == "3 bodies\n"
    again = envpack.build(
        None, f"oci:{tmp_path / 'again'}:latest", base=base, add=add, with_libs=True
    )
    assert again.digest == report.digest == json.loads(skopeo_inspect(image))["Digest"]
    # Three files, in two layers, over folders of the base that stay as they are.
    brought = [[m.name for m in members] for members in layers(image, report)]
    assert brought[1] == ["usr/local/bin/prog"]
    assert [Path(name).name for name in brought[0]] == ["libcount.so.2", "libunits.so.1"]
    assert {str(Path(name).parent) for name in brought[0]} == {"usr/lib/x86_64-linux-gnu"}
    # Nothing else of the image changed for its loader.
    config = json.loads(skopeo_inspect(image, "--config"))["config"]
    assert config == json.loads(skopeo_inspect(base, "--config"))["config"]


@pytest.fixture
def lock(base: str, tmp_path: Path) -> Path:
    """A lock of one package with a command."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    make_wheel(
        wheels, "tool", "1.0",
        files={"tool/__init__.py": b"def main():\n    print('tool 42')\n", "tool/data.txt": b"x"},
        entry_points="[console_scripts]\ntool = tool:main\n",
    )  # fmt: skip
    path = tmp_path / "pylock.toml"
    path.write_text(
        envpack.resolve("tool", base=base, find_links=[wheels], no_index=True).to_toml()
    )
    return path


def test_app_root_is_that_of_a_ubi_image(
    program: Path, lock: Path, tmp_path: Path, engine: Engine
) -> None:
    source = tmp_path / "content"
    (source / "sub").mkdir(parents=True)
    (source / "notes.txt").write_text("text")
    (source / "sub/run.sh").write_text("#!/bin/sh\necho ran\n")
    (source / "sub/run.sh").chmod(0o755)
    (source / "sub/latest").symlink_to("run.sh")
    add = [(source, "."), (program, "bin/")]
    image = f"oci:{tmp_path / 'image'}:latest"
    report = envpack.build(lock, image, layout="app-root", add=add, with_libs=True)
    again = envpack.build(
        lock, f"oci:{tmp_path / 'again'}:latest", layout="app-root", add=add, with_libs=True
    )
    assert again.digest == report.digest

    config = json.loads(skopeo_inspect(image, "--config"))["config"]
    assert (config["User"], config["WorkingDir"]) == ("1001", "/opt/app-root/src")
    env = dict(line.split("=", 1) for line in config["Env"])
    assert env["PATH"].startswith("/opt/app-root/bin:")
    assert env["HOME"] == "/opt/app-root/src"
    assert env["VIRTUAL_ENV"] == env["APP_ROOT"] == "/opt/app-root"

    # Every entry: the layout's own, and what only root may change.
    seen = {m.name: m for members in layers(image, report) for m in members}
    for name, m in seen.items():
        if name == "opt/app-root" or name.startswith("opt/app-root/"):
            assert (m.uid, m.gid) == (1001, 0), name
            assert (m.mode >> 3) & 7 == (m.mode >> 6) & 7, name
            assert m.mode == {tarfile.DIRTYPE: 0o775, tarfile.SYMTYPE: 0o777}.get(m.type, m.mode), (
                name
            )
        else:
            assert (m.uid, m.gid) == (0, 0), name
            assert m.mode in {0o644, 0o755}, name
    assert seen["opt/app-root/src/sub/run.sh"].mode == 0o775
    assert seen["opt/app-root/src/notes.txt"].mode == 0o664
    assert seen["opt/app-root/src/sub/latest"].linkname == "run.sh"
    assert seen["opt/app-root/bin/tool"].mode == 0o775
    assert "opt" not in seen
    assert [layer.title.split(" ", 1)[1] for layer in report.layers[-2:]] == [
        "shared libraries",
        "added files",
    ]

    # As umoci lays it out, and as some uid of group 0 finds it, which OpenShift gives.
    unpack(image, tmp_path / "bundle")
    root = tmp_path / "bundle/rootfs"
    assert ((root / "opt/app-root/src").stat().st_uid, (root / "opt").stat().st_uid) == (1001, 0)
    script = (
        "cd /opt/app-root/src && sub/run.sh && tool && prog 5 && "
        "touch made-$(id -u) ../lib/made-$(id -u)"
    )
    for user in ("1001:0", "4321:0"):
        result = subprocess.run(
            ["chroot", f"--userspec={user}", root, "/usr/bin/env",
             "PATH=/opt/app-root/src/bin:/opt/app-root/bin:/usr/bin:/bin", "sh", "-c", script],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert result.stdout == "ran\ntool 42\n5 bodies\n"
    if engine.name == "podman":
        told = engine.podman("run", "--rm", image, "sh", "-c", "id -u; id -g; pwd; tool")
        assert told.split() == ["1001", "0", "/opt/app-root/src", "tool", "42"]

    # What verify can build again: all but the files that come from this disk.
    verified = envpack.verify(image, lock)
    assert verified.ok, str(verified)


def test_app_root_on_an_image_that_has_it(lock: Path, tmp_path: Path, engine: Engine) -> None:
    first = f"oci:{tmp_path / 'first'}:latest"
    report = envpack.build(lock, first, layout="app-root", constraints=False)
    assert envpack.verify(first, lock).to_dict()["same_digest"] is True
    make_wheel(tmp_path, "more", "2.0", files={"more.py": b"import tool\n"})
    second_lock = tmp_path / "pylock.second.toml"
    second_lock.write_text(
        envpack.resolve("more", base=first, find_links=[tmp_path], no_index=True).to_toml()
    )
    second = f"oci:{tmp_path / 'second'}:latest"
    report = envpack.build(second_lock, second, base=first, layout="app-root")
    names = {m.name for members in layers(second, report) for m in members}
    site = "opt/app-root/lib/python3.11/site-packages"
    assert f"{site}/more.py" in names
    assert "opt/app-root/pyvenv.cfg" not in names
    assert site not in names
    assert engine.run(second, "/opt/app-root/bin/python", "-c", "import more; print(1)") == "1\n"


def test_system_is_where_pip_of_the_base_puts_packages(
    lock: Path, base: str, tmp_path: Path, engine: Engine
) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    report = envpack.build(lock, image, layout="system")
    names = {m.name for members in layers(image, report) for m in members}
    assert "usr/local/bin/tool" in names
    assert "usr/local/lib/python3.11/dist-packages/tool/__init__.py" in names
    assert not any(name.startswith("opt") or name.endswith("pyvenv.cfg") for name in names)
    assert engine.run(image, "tool") == "tool 42\n"
    where = (
        "import sysconfig, tool\n"
        "scheme = sysconfig.get_preferred_scheme('prefix')\n"
        "print(tool.__file__.startswith(sysconfig.get_path('purelib', scheme) + '/'))"
    )
    assert engine.run(image, "/usr/bin/python3", "-c", where) == "True\n"
    assert "tool" in {p.name for p in envpack.freeze(image).packages}
    config = json.loads(skopeo_inspect(image, "--config"))["config"]
    assert not any(line.startswith("VIRTUAL_ENV=") for line in config["Env"])
    assert config["Env"][0] == json.loads(skopeo_inspect(base, "--config"))["config"]["Env"][0]
    assert envpack.verify(image, lock).to_dict()["same_digest"] is True
    with pytest.raises(envpack.InvalidArgument, match="has no prefix"):
        envpack.build(lock, image, layout="system", prefix="/opt/x")
