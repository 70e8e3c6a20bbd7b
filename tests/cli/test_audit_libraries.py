"""``envpack audit``: libraries, as the loader of the final tree finds them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import envpack as package
from support.command import envpack
from support.images import Layer, program, write_layout
from support.libraries import needs_compiler, shared_library

pytestmark = needs_compiler


def audit(source: str, *options: str, status: int | None = None) -> dict[str, Any]:
    """Give the JSON document."""
    result = envpack("audit", source, *options, "--format", "json", status=status)
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def rules(document: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Give level, rule and file of each finding."""
    return [(f["level"], f["rule"], f["file"]) for f in document["findings"]]


def test_what_is_missing_is_an_error_where_something_starts_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    shared_library(tmp_path / "libgone.so", soname="libgone.so.7")
    gone = str(tmp_path / "libgone.so")
    module = "site/m.cpython-311-x86_64-linux-gnu.so"
    shared_library(root / module, gone)
    shared_library(root / "plugin/libplugin.so", gone, soname="libplugin.so")
    document = audit(f"dir:{root}", status=1)
    assert rules(document) == [
        ("error", "audit.missing-library", module),
        ("note", "audit.missing-library", "plugin/libplugin.so"),
    ]
    assert "libgone.so.7" in document["findings"][0]["text"]
    shared_library(root / "elsewhere/libgone.so.7", soname="libgone.so.7")
    assert {rule for _, rule, _ in rules(audit(f"dir:{root}", status=0))} == {"audit.loaded-before"}
    (root / "usr/lib").mkdir(parents=True)
    (root / "usr/lib/libgone.so.7").symlink_to("/elsewhere/libgone.so.7")
    assert audit(f"dir:{root}", status=0)["findings"] == []


@pytest.mark.parametrize("kind", ["dir", "oci"])
def test_packages_of_the_system_are_named(tmp_path: Path, kind: str) -> None:
    shared_library(tmp_path / "libgone.so", soname="libgone.so.7")
    shared_library(tmp_path / "m.abi3.so", str(tmp_path / "libgone.so"))
    module = (tmp_path / "m.abi3.so").read_bytes()
    status = "Package: libmod1\nStatus: install ok installed\nVersion: 1:2.3-4\n\n"
    record = {"name": "other", "version": "5.6", "files": ["lib/c.abi3.so", "../out", 7]}
    files = {
        "usr/lib/m.abi3.so": module,
        "var/lib/dpkg/status": status.encode(),
        "var/lib/dpkg/info/libmod1:amd64.list": b"/.\n/lib\n/lib/m.abi3.so\n",
        "var/lib/dpkg/info/aaa.list": b"/usr/lib/m.abi3.so.1\nnonsense\n",
        "usr/conda-meta/other-5.6-0.json": json.dumps(record).encode(),
        "usr/conda-meta/damaged.json": b"{",
        "usr/lib/c.abi3.so": module,
        "usr/lib/nobodys.abi3.so": module,
        "usr/bin/python3.11": program(),
    }
    layer = Layer().link("lib", "usr/lib")
    root = tmp_path / "root"
    for path, data in files.items():
        layer.file(path, data, mode=0o755)
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    (root / "usr/bin/python3.11").chmod(0o755)
    (root / "lib").symlink_to("usr/lib")
    image = write_layout(tmp_path / "image", [layer])
    document = audit(f"dir:{root}" if kind == "dir" else f"oci:{image}", status=1)
    owners = {f["file"]: f["package"] for f in document["findings"] if f["level"] == "error"}
    assert owners == {
        "usr/lib/c.abi3.so": "other 5.6 (conda)",
        "usr/lib/m.abi3.so": "libmod1 2.3-4 (dpkg)",
        "usr/lib/nobodys.abi3.so": None,
    }


def test_the_loader_looks_into_glibc_hwcaps_first(tmp_path: Path) -> None:
    root = tmp_path / "root"
    shared_library(tmp_path / "libfast.so", soname="libfast.so.1")
    shared_library(root / "m.abi3.so", str(tmp_path / "libfast.so"), "-Wl,-rpath,$ORIGIN/libs")
    for level, status in (("x86-64-v4", 0), ("x86-64-v3", 0)):
        library = root / "libs/glibc-hwcaps" / level / "libfast.so.1"
        shared_library(library, soname="libfast.so.1")
        document = audit(f"dir:{root}", status=status)
        # Only a library that is found is not `loaded before`.
        assert [f["rule"] for f in document["findings"]] == (
            ["audit.loaded-before"] if level == "x86-64-v4" else []
        )


def test_ld_library_path_of_an_image_counts(tmp_path: Path) -> None:
    wheel, base = tmp_path / "wheel.so", tmp_path / "base.so"
    shared_library(wheel, soname="libdnn.so.9")
    shared_library(base, soname="libdnn.so.9", code="int another_thing[1000] = {1};\n")
    module = tmp_path / "m.cpython-311-x86_64-linux-gnu.so"
    shared_library(module, str(wheel), "-Wl,--enable-new-dtags,-rpath,$ORIGIN/libs")
    layer = (
        Layer()
        .file("opt/site/libs/libdnn.so.9", wheel.read_bytes())
        .file("opt/site/" + module.name, module.read_bytes())
        .file("usr/local/cuda/lib64/libdnn.so.9", base.read_bytes())
    )
    variables = ("LD_LIBRARY_PATH=/usr/local/cuda/lib64",)
    image = write_layout(tmp_path / "image", [layer], variables=variables)
    (finding,) = audit(f"oci:{image}", status=0)["findings"]
    assert (finding["level"], finding["rule"]) == ("warning", "audit.library-path")
    assert "`/usr/local/cuda/lib64/libdnn.so.9` instead of" in finding["text"]
    plain = write_layout(tmp_path / "plain", [layer])
    assert audit(f"oci:{plain}", status=0)["findings"] == []


def test_a_stub_is_an_error_and_the_drivers_library_is_not_missing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    shared_library(tmp_path / "libcuda.so.1", soname="libcuda.so.1")
    module = root / "m.cpython-311-x86_64-linux-gnu.so"
    shared_library(module, str(tmp_path / "libcuda.so.1"))
    assert audit(f"dir:{root}", status=0)["findings"] == []
    shared_library(module, str(tmp_path / "libcuda.so.1"), "-Wl,-rpath,/cuda/lib64/stubs")
    shared_library(root / "cuda/lib64/stubs/libcuda.so.1", soname="libcuda.so.1")
    assert rules(audit(f"dir:{root}", status=1)) == [("error", "audit.stub", module.name)]


def test_a_symbol_version_that_the_base_lacks_is_told(tmp_path: Path) -> None:
    root = tmp_path / "root"
    old = "BASE_1 { global: one; local: *; };\n"
    (tmp_path / "old.map").write_text(old)
    (tmp_path / "new.map").write_text(old + "BASE_2 { global: two; } BASE_1;\n")
    code = "int one(void) { return 1; }\nint two(void) { return 2; }\n"
    for name in ("new", "old"):
        script = f"-Wl,--version-script={tmp_path / name}.map"
        shared_library(tmp_path / f"{name}.so", script, soname="libbase.so.1", code=code)
    module = root / "m.abi3.so"
    uses = "int two(void);\nint three(void) { return two(); }\n"
    shared_library(module, str(tmp_path / "new.so"), code=uses)
    for name, status in (("new", 0), ("old", 1)):
        (root / "lib").mkdir(exist_ok=True)
        shutil.copy(tmp_path / f"{name}.so", root / "lib/libbase.so.1")
        document = audit(f"dir:{root}", status=status)
    assert rules(document) == [("error", "audit.missing-version", "m.abi3.so")]
    assert "needs BASE_2 of libbase.so.1" in document["findings"][0]["text"]


def test_a_damaged_file_is_told_and_does_not_end_it(tmp_path: Path) -> None:
    shared_library(tmp_path / "root/libwhole.so", soname="libwhole.so")
    whole = (tmp_path / "root/libwhole.so").read_bytes()
    (tmp_path / "root/libcut.so").write_bytes(whole[:200])
    document = audit(f"dir:{tmp_path / 'root'}", status=0)
    assert rules(document) == [("warning", "audit.unread", "libcut.so")]
    assert document["binaries"] == 2


def test_a_debian_base_has_all_its_libraries(base: str) -> None:
    document = audit(base, "--gpu", "H100", "--driver", "550", status=0)
    assert document["binaries"] > 100
    assert [f for f in document["findings"] if f["level"] != "note"] == []


def test_python_gives_the_same(tmp_path: Path) -> None:
    shared_library(tmp_path / "root/libx.so", soname="libx.so")
    source = f"dir:{tmp_path / 'root'}"
    report = package.audit(source, gpus=["H100"], driver="550")
    assert report.ok
    assert report.findings == []
    assert report.to_dict() == audit(source, "--gpu", "H100", "--driver", "550")
    assert "nothing keeps it from running" in str(report)
    with pytest.raises(package.InvalidArgument):
        package.audit(source, gpus=["H1000000"])
