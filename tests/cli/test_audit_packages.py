"""``envpack audit`` of wheels and locks: the answer of the image that they would be built into."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import envpack as package
from support.command import envpack
from support.cuobjdump import nvcc
from support.libraries import needs_compiler, shared_library
from support.wheels import make_wheel

pytestmark = needs_compiler

TAG = "cp311-cp311-manylinux_2_28_x86_64"
SUFFIX = ".cpython-311-x86_64-linux-gnu.so"
SITE = "opt/venv/lib/python3.11/site-packages"


def shared(folder: Path, *options: str, soname: str = "", code: str = "") -> bytes:
    """Give a library of nothing that needs what `options` name; it stays at `folder`/`soname`."""
    path = folder / (soname or "module.so")
    return shared_library(path, *options, soname=soname, code=code).read_bytes()


def audit(*arguments: object, status: int | None = None) -> dict[str, Any]:
    """Give the JSON document."""
    result = envpack("audit", *map(str, arguments), "--format", "json", status=status)
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def rules(document: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    """Give level, rule, file and package of each finding."""
    return [(f["level"], f["rule"], f["file"], f["package"]) for f in document["findings"]]


def without_place(document: dict[str, Any]) -> dict[str, Any]:
    """Give what two audits of the same files have in common."""
    return {key: document[key] for key in document if key not in {"source", "assumptions"}}


@pytest.fixture
def wheels(tmp_path: Path) -> tuple[Path, Path]:
    """A wheel with a module, and one with the library that it finds by RUNPATH."""
    needed = shared(tmp_path / "lib", soname="libneeded.so.1")
    module = shared(
        tmp_path / "mod", str(tmp_path / "lib/libneeded.so.1"),
        "-Wl,--enable-new-dtags,-rpath,$ORIGIN/../libs/lib",
    )  # fmt: skip
    folder = tmp_path / "wheels"
    user = make_wheel(folder, "user", "1.0", files={f"user/m{SUFFIX}": module}, tag=TAG)
    libs = make_wheel(
        folder, "libs", "2.0", files={"libs/lib/libneeded.so.1": needed},
        tag="py3-none-manylinux_2_17_x86_64",
    )  # fmt: skip
    return user, libs


def test_a_wheel_alone_lacks_what_another_brings(wheels: tuple[Path, Path]) -> None:
    user, libs = wheels
    alone = audit(user, status=1)
    file = f"{SITE}/user/m{SUFFIX}"
    assert rules(alone) == [("error", "audit.missing-library", file, "user 1.0")]
    both = audit(user, libs, "--gpu", "H100", status=0)
    assert both["findings"] == []
    assert both["binaries"] == 2
    assert any("Python 3.11 on x86_64" in line for line in both["assumptions"])
    assert any("manylinux" in line for line in both["assumptions"])
    assert "assumed: no base image" in envpack("audit", str(user), str(libs), status=0).stdout


def test_without_a_base_only_what_every_system_has_is_there(tmp_path: Path) -> None:
    for soname in ("libstdc++.so.6", "libcuda.so.1", "libssl.so.3"):
        shared(tmp_path / "lib", soname=soname)
    libraries = [str(path) for path in (tmp_path / "lib").glob("*.so.*")]
    module = shared(tmp_path / "mod", *libraries)
    wheel = make_wheel(tmp_path, "x", "1", files={f"x{SUFFIX}": module}, tag=TAG)
    (finding,) = audit(wheel, status=1)["findings"]
    assert "libssl.so.3, nowhere" in finding["text"]
    assert "libstdc++" not in finding["text"]


def test_gpu_code_of_a_wheel_is_judged_by_package(tmp_path: Path) -> None:
    (tmp_path / "k.cu").write_text("__global__ void kernel(float* x) { *x = 1; }\n")
    code = tmp_path / "kernels.so"
    subprocess.run(
        [nvcc(), "-shared", "-Xcompiler=-fPIC", "-gencode", "arch=compute_80,code=sm_80",
         "-cudart", "none", "-o", code, tmp_path / "k.cu"],
        check=True, timeout=600,
    )  # fmt: skip
    wheel = make_wheel(tmp_path, "k", "3.1", files={"k/kernels.so": code.read_bytes()}, tag=TAG)
    document = audit(wheel, "--gpu", "A100,H100", status=1)
    (judged,) = document["packages"]
    assert judged["package"] == "k 3.1"
    assert [v["verdict"] for v in judged["verdicts"]] == ["native", "none"]
    errors = [f for f in document["findings"] if f["level"] == "error"]
    assert [(f["rule"], f["package"]) for f in errors] == [("audit.no-code", "k 3.1")]


def test_a_lock_on_a_base_is_as_the_built_image(
    base: str, wheels: tuple[Path, Path], tmp_path: Path
) -> None:
    folder = wheels[0].parent
    lock = tmp_path / "pylock.toml"
    only = ("--no-index", "--find-links", str(folder))
    envpack("resolve", "user", "libs", "--base", base, *only, "-o", str(lock), status=0)
    asked = ("--gpu", "H100", "--driver", "550")
    planned = audit(lock, *asked, *only, status=0)
    image = f"oci:{tmp_path / 'image'}"
    envpack("build", str(lock), *only, "-o", image, status=0)
    assert without_place(planned) == without_place(audit(image, *asked, status=0))
    assert planned["assumptions"] == [
        f"the packages are put onto {base} below /{SITE}, as `build` does"
    ]
    assert without_place(audit(*wheels, "--base", base, *asked, status=0)) == without_place(planned)
    assert audit(lock, "--layout", "system", *only, status=0)["binaries"] == planned["binaries"]


def test_a_library_of_the_base_that_is_too_old_is_told(base: str, tmp_path: Path) -> None:
    script = tmp_path / "new.map"
    script.write_text("GLIBC_2.2.5 { global: a; local: *; };\nGLIBC_2.99 { global: b; };\n")
    code = "int a(void) { return 1; }\nint b(void) { return 2; }\n"
    shared(tmp_path / "lib", f"-Wl,--version-script={script}", soname="libc.so.6", code=code)
    uses = "int b(void);\nint c(void) { return b(); }\n"
    module = shared(tmp_path / "mod", str(tmp_path / "lib/libc.so.6"), code=uses)
    wheel = make_wheel(tmp_path, "late", "1", files={f"late{SUFFIX}": module}, tag=TAG)
    document = audit(wheel, "--base", base, status=1)
    assert [f for f in rules(document) if f[0] == "error"] == [
        ("error", "audit.missing-version", f"{SITE}/late{SUFFIX}", "late 1")
    ]
    assert audit(wheel, status=0)["findings"] == []  # as new as its tags ask


def test_what_build_would_refuse_is_an_error(
    base: str, wheels: tuple[Path, Path], tmp_path: Path
) -> None:
    other = make_wheel(tmp_path, "other", "1", tag="cp39-cp39-manylinux_2_17_x86_64")
    refused = envpack("audit", str(other), "--base", base, status=3)
    assert "no wheel of other for the Python and platform of the base" in refused.stderr
    again = shutil.copy(wheels[0], tmp_path)
    assert "two wheels are of user" in envpack("audit", wheels[0], again, status=2).stderr
    assert "only wheels" in envpack("audit", wheels[0], ".", status=2).stderr
    assert "neither a wheel nor a lock" in envpack("audit", ".", "--base", base, status=2).stderr
    damaged = bytearray(wheels[0].read_bytes())
    damaged[100] ^= 0xFF
    (tmp_path / "bad").mkdir()
    bad = tmp_path / "bad" / wheels[0].name
    bad.write_bytes(damaged)
    envpack("audit", str(bad), status=3)
    assert "no-1-py3" in envpack("audit", tmp_path / "no-1-py3-none-any.whl", status=3).stderr


def test_python_gives_the_same_for_packages(wheels: tuple[Path, Path]) -> None:
    report = package.audit(wheels, gpus=["H100"])
    assert report.ok
    assert report.to_dict() == audit(*wheels, "--gpu", "H100")
    assert len(report.assumptions) == 2
    assert not package.audit(wheels[0]).ok
