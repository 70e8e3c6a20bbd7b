"""Databases that rpm itself wrote: whose a file is, and which CUDA is there."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from support.command import envpack
from support.images import program
from support.libraries import needs_compiler, shared_library

pytestmark = [
    needs_compiler,
    pytest.mark.skipif(shutil.which("rpmbuild") is None, reason="rpm is not on this machine"),
]

_SPEC = """\
Name: {name}
{epoch}Version: {version}
Release: 3.el9
Summary: A package
License: MIT
%description
A package.
%install
mkdir -p %{{buildroot}}{folder}
cp {file} %{{buildroot}}{path}
%files
{path}
"""


def _run(*command: object) -> None:
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr


def install(root: Path, work: Path, name: str, version: str, path: str, file: Path) -> None:
    """Make a package of one file, epoch 2 where it is `libneeded`, and install it into `root`."""
    work.mkdir()
    spec = work / f"{name}.spec"
    epoch = "Epoch: 2\n" if name == "libneeded" else ""
    folder = path.rsplit("/", 1)[0]
    spec.write_text(
        _SPEC.format(name=name, epoch=epoch, version=version, folder=folder, path=path, file=file)
    )
    macros = {"_topdir": work, "__os_install_post": "%{nil}", "debug_package": "%{nil}"}
    defines = [part for key, value in macros.items() for part in ("--define", f"{key} {value}")]
    _run("rpmbuild", "-bb", *defines, spec)
    (built,) = (work / "RPMS").rglob("*.rpm")
    options = ("--nodeps", "--nosignature", "--force-debian")
    _run("rpm", "--root", root, "--dbpath", "/var/lib/rpm", "-i", *options, built)


@pytest.mark.parametrize("kind", ["dir", "oci-archive"])
def test_packages_of_rpm_are_found(tmp_path: Path, kind: str) -> None:
    shared_library(tmp_path / "libgone.so", soname="libgone.so.7")
    library = shared_library(tmp_path / "m.abi3.so", str(tmp_path / "libgone.so"))
    text = tmp_path / "text"
    text.touch()
    root = tmp_path / "root"
    root.mkdir()
    install(root, tmp_path / "1", "libneeded", "1.0", "/usr/lib64/m.abi3.so", library)
    install(root, tmp_path / "2", "cuda-cudart-12-4", "12.4.127", "/usr/lib64/text", text)
    (root / "usr/bin").mkdir()
    (root / "usr/bin/python3.11").write_bytes(program())
    (root / "usr/bin/python3.11").chmod(0o755)
    source = f"dir:{root}"
    if kind == "oci-archive":
        with tarfile.open(tmp_path / "root.tar", "w") as tar:
            tar.add(root, ".")
        _run("umoci", "init", "--layout", tmp_path / "image")
        _run("umoci", "new", "--image", f"{tmp_path / 'image'}:latest")
        _run("umoci", "raw", "add-layer", "--image", f"{tmp_path / 'image'}:latest",
             tmp_path / "root.tar")  # fmt: skip
        source = f"oci-archive:{tmp_path / 'image.tar'}"
        _run("skopeo", "copy", f"oci:{tmp_path / 'image'}:latest", f"{source}:latest")
    document = json.loads(envpack("audit", source, "--format", "json", status=1).stdout)
    (finding,) = document["findings"]
    assert (finding["file"], finding["package"]) == (
        "usr/lib64/m.abi3.so",
        "libneeded 2:1.0-3.el9 (rpm)",
    )
    asked = ("index-url", "--base", source, "--torch", "2.6.0", "--offline", "--format", "json")
    base = json.loads(envpack(*asked).stdout)["base"]
    assert base["cuda"] == "12.4"
    assert [one["where"] for one in base["found"]] == ["package cuda-cudart-12-4"]
