"""Every kind of image is read by programs that are not ours, and its packages work in each.

The packages are real ones, taken from the environment of the tests: with a native library, with
commands, and with pip, which judges the whole from within.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from packaging.utils import canonicalize_name

import envpack
from support.daemons import NotHere
from support.engines import skopeo_inspect
from support.oci_schema import validate_layout
from support.readers import READERS, Output, Reader
from support.wheels import make_wheel, wheel_of_installed

pytestmark = pytest.mark.usefixtures("no_index")

Layout = Literal["venv", "system", "app-root"]
Compression = Literal["gzip", "zstd", "estargz"]

#: What is asked for of the installed ones, and a module of each package of the lock.
WANTED = ("jsonschema", "pip", "tool")
MODULES = {
    "attrs": "attrs",
    "jsonschema": "jsonschema",
    "jsonschema-specifications": "jsonschema_specifications",
    "pip": "pip",
    "referencing": "referencing",
    "rpds-py": "rpds.rpds",  # native
    "tool": "tool",
    "typing-extensions": "typing_extensions",
}

_OWN_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}."

#: Form, layout and compression; the first five have every one of them.
KINDS: dict[str, tuple[str, Layout, Compression]] = {
    "venv, layout": ("oci", "venv", "gzip"),
    "app-root, estargz": ("oci", "app-root", "estargz"),
    "system, docker": ("docker-archive", "system", "gzip"),
    "venv, zstd": ("oci-archive", "venv", "zstd"),
    "app-root, estargz docker": ("docker-archive", "app-root", "estargz"),
    "venv, docker": ("docker-archive", "venv", "gzip"),
    "system, archive": ("oci-archive", "system", "gzip"),
    "app-root, layout": ("oci", "app-root", "gzip"),
}

_PROBE = """\
import importlib, json, os, subprocess, sys
def pip(*arguments):
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
json.dump({
    "user": [os.getuid(), os.getgid()],
    "files": {name: importlib.import_module(name).__file__ for name in MODULES},
    "tool": subprocess.run(["tool"], check=True, stdout=subprocess.PIPE, text=True).stdout,
    "check": pip("check"),
    "list": json.loads(pip("list", "--format=json")),
    "estargz": [name for name in ESTARGZ if os.path.exists(name)],
}, sys.stdout)
"""
#: What eStargz layers leave for those who do not know them.
ESTARGZ = ["/stargz.index.json", "/.no.prefetch.landmark"]
PROBE = f"MODULES, ESTARGZ = {list(MODULES.values())}, {ESTARGZ}\n{_PROBE}"


@dataclass
class Image:
    """What was built, and what a container of it has to say."""

    output: Output
    layout: str
    digest: str
    packages: set[tuple[str, str]]  #: of the base and the lock


@pytest.fixture(scope="module")
def lock(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not envpack.freeze(base).python.version.startswith(_OWN_PYTHON):
        pytest.skip("the base has another Python than the tests: its native library is of no use")
    folder = tmp_path_factory.mktemp("lock")
    for name in MODULES.keys() - {"tool"}:
        wheel_of_installed(folder / "wheels", name)
    make_wheel(
        folder / "wheels", "tool", "1.0", requires=("jsonschema",),
        files={"tool.py": b"import jsonschema\ndef main():\n    print('tool runs')\n"},
        entry_points="[console_scripts]\ntool = tool:main\n",
    )  # fmt: skip
    path = folder / "pylock.toml"
    found = envpack.resolve(*WANTED, base=base, find_links=[folder / "wheels"], no_index=True)
    assert {package.name for package in found.packages} == MODULES.keys()
    path.write_text(found.to_toml())
    return path


@pytest.fixture(scope="module")
def image_of(
    lock: Path, base: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Image]:
    """Build each kind once."""
    built: dict[str, Image] = {}
    names: set[tuple[str, str]] = set()
    names |= {(canonicalize_name(p.name), str(p.version)) for p in envpack.freeze(base).packages}
    names |= {(p.name, str(p.version)) for p in envpack.Lock.parse(lock.read_text()).packages}

    def image(kind: str) -> Image:
        if kind not in built:
            form, layout, compression = KINDS[kind]
            place = tmp_path_factory.mktemp("image") / "image"
            name = f"registry.example/team/app:{len(built)}"
            output = Output(form, place, name, compression)
            report = envpack.build(
                lock,
                str(output),
                layout=layout,
                compression="zstd" if compression == "zstd" else "gzip",
                estargz=compression == "estargz",
            )
            built[kind] = Image(output, layout, report.digest, names)
        return built[kind]

    return image


@pytest.fixture(scope="session")
def reader_of(
    base: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Reader]]:
    """Start each program once, when it is first wanted; daemons end with the tests."""
    known: dict[str, Reader | str] = {}
    with contextlib.ExitStack() as stack:

        def reader(name: str) -> Reader:
            if name not in known:
                try:
                    known[name] = READERS[name](tmp_path_factory.mktemp(name), stack, base)
                except NotHere as reason:
                    known[name] = str(reason)
            found = known[name]
            if isinstance(found, str):
                pytest.skip(f"SKIP: {found}")
            return found

        yield reader


def _pairs() -> Iterator[object]:
    """Give every program with every kind that it reads.

    In each run a program sees each form, layout and compression; the whole table is slow.
    """
    for name, reader in READERS.items():
        shown: set[str] = set()
        for kind, facts in KINDS.items():
            form, _, compression = facts
            if reader.reads(form, compression):
                marks = [pytest.mark.slow] if shown.issuperset(facts) else []
                yield pytest.param(name, kind, marks=marks)
                shown.update(facts)


@pytest.mark.parametrize(("name", "kind"), list(_pairs()))
def test_packages_work_in_a_container_as_the_lock_says(
    image_of: Callable[[str], Image], reader_of: Callable[[str], Reader], name: str, kind: str
) -> None:
    reader, image = reader_of(name), image_of(kind)
    seen = json.loads(reader.run(image.output, PROBE))
    place = {
        "venv": "/opt/venv/lib/",
        "system": "/usr/local/lib/",
        "app-root": "/opt/app-root/lib/",
    }[image.layout]
    for module, file in seen["files"].items():
        assert file.startswith(place), module
    assert seen["tool"] == "tool runs\n"
    assert seen["check"] == "No broken requirements found.\n"
    assert {(canonicalize_name(p["name"]), p["version"]) for p in seen["list"]} == image.packages
    assert seen["estargz"] == (ESTARGZ if image.output.compression == "estargz" else [])
    assert seen["user"] == ([1001, 0] if image.layout == "app-root" else [0, 0])


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=[pytest.mark.slow] if i > 4 else []) for i, kind in enumerate(KINDS)],
)
def test_skopeo_copies_every_blob_and_the_schemas_hold(
    image_of: Callable[[str], Image], tmp_path: Path, kind: str
) -> None:
    output = image_of(kind).output
    copy = f"dir:{tmp_path / 'copy'}"
    subprocess.run(["skopeo", "copy", "--quiet", str(output), copy], check=True)
    if output.form != "docker-archive":  # of which skopeo makes a manifest of its own
        assert json.loads(skopeo_inspect(copy))["Digest"] == image_of(kind).digest
    assert validate_layout(_files_of(output)) == 1


def _files_of(output: Output) -> Callable[[str], bytes]:
    if output.form == "oci":
        return lambda name: (output.place / name).read_bytes()

    def read(name: str) -> bytes:
        with tarfile.open(output.place) as tar:
            member: Any = tar.extractfile(name)
            data: bytes = member.read()
        return data

    return read
