"""``envpack build --add`` and ``--with-libs``, on bases of which a test knows every file."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

import envpack as package
from support.command import COMMAND, envpack
from support.images import Layer, write_layout
from support.libraries import COMPILER, needs_compiler, shared_library

pytestmark = needs_compiler

#: Where the base of these tests has its C library: the folder of its loader.
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LIBC = "GLIBC_2.0 { global: start; local: *; };\n"


def shared(path: Path, *needs: Path | str, soname: str = "", code: str = "") -> Path:
    """Build a library of nothing that needs others, and of the C library nothing real."""
    code = code or f"int here_{path.name.split('.')[0].replace('-', '_')};\n"
    undefined = "-Wl,--allow-shlib-undefined"
    return shared_library(path, undefined, *needs, soname=soname or path.name, code=code)


def libc(folder: Path, script: str = LIBC, name: str = "libc.so.6") -> Path:
    """Build a C library with the versions of `script`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "versions").write_text(script)
    code = "int start(void) { return 1; }\nint later(void) { return 2; }\n"
    return shared(
        folder / name, f"-Wl,--version-script={folder / 'versions'}", soname="libc.so.6", code=code
    )


@pytest.fixture
def c_library(tmp_path: Path) -> Path:
    return libc(tmp_path / "libc")


@pytest.fixture
def base(tmp_path: Path, c_library: Path) -> str:
    """A usr-merged base without Python, with a C library and libold.so.1."""
    old = shared(tmp_path / "old/libold.so.1")
    layer = (
        Layer()
        .file(f"{LIBRARIES}/libc.so.6", c_library.read_bytes(), 0o755)
        .file(f"{LIBRARIES}/libold.so.1", old.read_bytes())
        .link("lib", "usr/lib")
        .folder("usr/local/bin")
    )
    return f"oci:{write_layout(tmp_path / 'base', [layer])}"


def build(base: str, out: Path, *options: str | Path, status: int = 0) -> dict[str, Any]:
    """Build without a lock; give the JSON document, or standard error under ``error``."""
    result = envpack(
        "build", "--base", base, "-o", f"oci:{out}", "--format", "json", *options,
        cwd=out.parent, status=status,
    )  # fmt: skip
    document: dict[str, Any] = json.loads(result.stdout) if status == 0 else {}
    return {**document, "error": result.stderr}


def members(out: Path, document: dict[str, Any], index: int = -1) -> list[tarfile.TarInfo]:
    """Give the members of one of the layers that were added."""
    blob = out / "blobs/sha256" / document["layers"][index]["digest"].removeprefix("sha256:")
    with tarfile.open(blob, "r:gz") as tar:
        return tar.getmembers()


def test_only_what_the_image_lacks_is_copied_and_all_that_it_needs(
    tmp_path: Path, base: str, c_library: Path
) -> None:
    deep = shared(tmp_path / "libs/deep/libdeep.so.4", c_library)
    near = shared(tmp_path / "libs/libnear.so.2", deep, c_library, "-Wl,-rpath,$ORIGIN/deep")
    sibling = shared(tmp_path / "app/libsibling.so.1", c_library)
    shared(
        tmp_path / "app/plugin.so", near, sibling, c_library, tmp_path / "old/libold.so.1",
        f"-Wl,-rpath,{near.parent}:$ORIGIN",
    )  # fmt: skip
    out = tmp_path / "out"
    document = build(base, out, "--add", "app:/opt/app", "--with-libs")
    assert [(x["path"], x["needed_by"], x["source"]) for x in document["libraries"]] == [
        (f"/{LIBRARIES}/libdeep.so.4", f"/{LIBRARIES}/libnear.so.2", str(deep)),
        (f"/{LIBRARIES}/libnear.so.2", "/opt/app/plugin.so", str(near)),
    ]
    assert [x["title"] for x in document["layers"]] == ["2 shared libraries", "2 added files"]
    assert [m.name for m in members(out, document, 0)] == [
        f"{LIBRARIES}/libdeep.so.4",
        f"{LIBRARIES}/libnear.so.2",
    ]
    # The loader, as `audit` knows it, finds everything.
    audited = json.loads(envpack("audit", f"oci:{out}", "--format", "json").stdout)
    assert [f for f in audited["findings"] if f["level"] != "note"] == []
    # A second time from the same files.
    assert (
        build(base, tmp_path / "again", "--add", "app:/opt/app", "--with-libs")["digest"]
        == (document["digest"])
    )
    # And from Python.
    report = package.build(
        None, f"oci:{tmp_path / 'python'}", base=base, add=[(tmp_path / "app", "/opt/app")],
        with_libs=True,
    )  # fmt: skip
    assert report.digest == document["digest"]
    assert [x.path for x in report.libraries] == [x["path"] for x in document["libraries"]]


def test_without_with_libs_nothing_is_looked_for(tmp_path: Path, base: str) -> None:
    shared(tmp_path / "app/plugin.so", shared(tmp_path / "gone/libgone.so.1"))
    document = build(base, tmp_path / "out", "--add", "app:/opt/app")
    assert document["libraries"] == []
    assert len(document["layers"]) == 1


def test_the_drivers_libraries_are_never_copied(tmp_path: Path, base: str, c_library: Path) -> None:
    needs = [shared(tmp_path / "drv" / n) for n in ("libcuda.so.1", "libnvidia-ml.so.1")]
    shared(tmp_path / "app/plugin.so", *needs, c_library, f"-Wl,-rpath,{tmp_path / 'drv'}")
    document = build(base, tmp_path / "out", "--add", "app:/opt/app", "--with-libs")
    assert document["libraries"] == []


def test_a_library_that_is_nowhere_names_who_needs_it(
    tmp_path: Path, base: str, c_library: Path
) -> None:
    gone = shared(tmp_path / "libs/libgone.so.1")
    near = shared(tmp_path / "libs/libnear.so.2", gone, c_library)
    shared(tmp_path / "app/plugin.so", near, c_library, f"-Wl,-rpath,{near.parent}")
    gone.unlink()
    out = tmp_path / "out"
    error = build(base, out, "--add", "app:/opt/app", "--with-libs", status=2)["error"]
    assert f"`/{LIBRARIES}/libnear.so.2` needs libgone.so.1, which neither" in error
    assert "rule: build.missing-library" in error
    assert not out.exists()


def test_a_base_with_too_old_a_c_library_is_an_error(tmp_path: Path, base: str) -> None:
    newer = libc(tmp_path / "newer", LIBC + "GLIBC_2.99 { global: later; } GLIBC_2.0;\n")
    code = "int later(void);\nint use(void) { return later(); }\n"
    near = shared(tmp_path / "libs/libnear.so.2", newer, code=code)
    shared(tmp_path / "app/plugin.so", near, newer, f"-Wl,-rpath,{near.parent}")
    error = build(base, tmp_path / "out", "--add", "app:/opt", "--with-libs", status=2)["error"]
    assert f"`/{LIBRARIES}/libnear.so.2` needs GLIBC_2.99 of libc.so.6" in error
    assert "rule: build.symbol-version" in error
    # And a part of it is not brought along.
    mvec = shared(tmp_path / "newer/libmvec.so.1", newer)
    shared(tmp_path / "app2/plugin.so", mvec, newer, f"-Wl,-rpath,{mvec.parent}")
    error = build(base, tmp_path / "out", "--add", "app2:/opt", "--with-libs", status=2)["error"]
    assert "`/opt/plugin.so` needs libmvec.so.1 of the C library" in error
    assert "rule: build.libc" in error


def test_a_program_of_another_c_library_is_an_error(tmp_path: Path, base: str) -> None:
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    subprocess.run(
        [str(COMPILER), "-o", "prog", "main.c", "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    error = build(base, tmp_path / "out", "--add", "prog:/bin/x", "--with-libs", status=2)["error"]
    assert "`/bin/x` is started by `/lib/ld-musl-x86_64.so.1`, which the base does not" in error


def test_links_of_the_base_are_walked_and_never_replaced(tmp_path: Path, base: str) -> None:
    (tmp_path / "file").write_text("x")
    out = tmp_path / "out"
    document = build(base, out, "--add", "file:/lib/mine/", "--add", "file:/usr/local/bin")
    assert [m.name for m in members(out, document)] == [
        "usr/lib/mine", "usr/lib/mine/file", "usr/local/bin/file",
    ]  # fmt: skip
    error = build(base, tmp_path / "no", "--add", "file:/lib/../lib", status=0)
    assert error["layers"]  # a link to a folder is that folder
    error = build(base, tmp_path / "no2", "--add", f"file:/{LIBRARIES}/libold.so.1", status=2)
    assert "rule: layer.base-file" in error["error"]


def test_what_add_wants_is_said(tmp_path: Path, base: str) -> None:
    (tmp_path / "file").write_text("x")
    error = build(base, tmp_path / "out", "--add", "file", status=2)["error"]
    assert "`file` is no SRC:DST" in error
    error = build(base, tmp_path / "out", "--add", "nowhere:/x", status=3)["error"]
    assert "`nowhere` does not exist" in error
    error = build(base, tmp_path / "out", "--with-libs", status=2)["error"]
    assert "--with-libs is for files of --add" in error
    # Without --add, a lock is wanted as before.
    error = build(base, tmp_path / "out", status=3)["error"]
    assert "pylock.toml" in error


def test_umask_and_place_do_not_matter(tmp_path: Path, base: str) -> None:
    digests = set()
    for number, umask in enumerate(("022", "077")):
        folder = tmp_path / f"place {number}"
        (folder / "app").mkdir(parents=True)
        (folder / "app/file").write_text("x")
        (folder / "app/file").chmod(0o640)
        result = subprocess.run(
            ["sh", "-c", f'umask {umask}; exec "$@"', "sh",
             COMMAND, "build", "--base", base, "-o",
             "oci:out", "--format", "json", "--add", "app:/srv/app"],
            cwd=folder, check=True, capture_output=True, text=True,
        )  # fmt: skip
        digests.add(json.loads(result.stdout)["digest"])
    assert len(digests) == 1
