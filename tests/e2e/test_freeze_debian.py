"""A whole Debian with many packages, and a site-packages folder: what pip sees, we see."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypedDict

import pytest
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

import envpack
from support.conformance import conformance

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
#: Debian's sys.path, in its order.
FOLDERS = ("usr/local/lib/python3.11/dist-packages", "usr/lib/python3/dist-packages")


class Row(TypedDict):
    """A package as envpack's JSON has it."""

    name: str
    raw_version: str
    metadata_version: str
    path: str
    form: str
    installer: str | None
    flags: list[str]
    requires: list[str] | None
    reason: str


@pytest.fixture(scope="module")
def debian_root() -> Path:
    """The root file system, made once for each version of its recipe."""
    recipe = ROOT / "tests/support/make_debian_root.sh"
    key = hashlib.sha256(recipe.read_bytes()).hexdigest()[:16]
    folder = ROOT / "build" / "test-root" / key
    if not folder.exists():
        made = subprocess.run(
            ["bash", recipe, folder, sys.executable],
            capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        if made.returncode != 0:
            pytest.skip(f"SKIP: no Debian root can be made here: {made.stderr.strip()[-300:]}")
    return folder


def _freeze(source: str) -> tuple[dict[str, Row], dict[str, Row]]:
    document = envpack.freeze(source).to_dict()
    return (
        {row["name"]: row for row in document["packages"]},
        {canonicalize_name(row["name"]): row for row in document["skipped"]},
    )


def _pip(command: Sequence[str | Path], *arguments: str) -> str:
    environment = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull}
    return subprocess.run(
        [*command, "-m", "pip", *arguments],
        check=True, capture_output=True, text=True, timeout=300, env=environment,
    ).stdout  # fmt: skip


def _host(folders: Sequence[Path]) -> tuple[list[str | Path], list[str]]:
    return [sys.executable], [f"--path={folder}" for folder in folders]


def _same_version(ours: Row, theirs: str) -> bool:
    """Pip shows the version of METADATA or of the folder name, neither of them normalised."""
    mine = {ours["raw_version"], ours.get("metadata_version") or ours["raw_version"]}
    return _normal(theirs) in {_normal(version) for version in mine}


def _normal(version: str) -> str:
    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def _unexplained(
    packages: dict[str, Row], skipped: dict[str, Row], listed: dict[str, str]
) -> list[str]:
    """Return what the two disagree on, without what a rule explains."""
    found = [f"only envpack has {name}" for name in packages.keys() - listed.keys()]
    for name, version in listed.items():
        if name in packages:
            if not _same_version(packages[name], version):
                found.append(f"{name}: {packages[name]['raw_version']}, pip says {version}")
        elif name not in skipped:
            found.append(f"{name} {version} is missed")
        # A version that PEP 440 does not know is reported and cannot be a package; a folder
        # without metadata is one for pip, with the version None.
        elif not (
            (skipped[name]["reason"] == "legacy-version"
             and skipped[name]["raw_version"] == version)
            or (skipped[name]["reason"] == "no-metadata" and version == "None")
        ):  # fmt: skip
            found.append(f"{name} {version} is skipped: {skipped[name]['reason']}")
    return found


def _listed(text: str) -> dict[str, str]:
    """Return names with versions; pip lists a name once, and so the first on sys.path."""
    return {canonicalize_name(row["name"]): row["version"] for row in json.loads(text)}


@pytest.mark.index
@pytest.mark.parametrize("who", ["debian", "newest"])
def test_pip_list_is_the_same(debian_root: Path, who: str) -> None:
    if who == "debian":
        listed = _pip(["chroot", debian_root, "python3"], "list", "--format=json")
    else:
        command, paths = _host([debian_root / folder for folder in FOLDERS])
        listed = _pip(command, "list", "--format=json", *paths)
    packages, skipped = _freeze(f"dir:{debian_root}")
    assert len(packages) >= 80
    assert _unexplained(packages, skipped, _listed(listed)) == []


@pytest.mark.index
def test_pip_inspect_is_the_same(debian_root: Path) -> None:
    report = json.loads(_pip(["chroot", debian_root, "python3"], "inspect"))
    packages, _ = _freeze(f"dir:{debian_root}")
    seen: dict[str, Any] = {}
    for item in report["installed"]:
        # pip goes through sys.path in its order and shows the first of a name.
        seen.setdefault(canonicalize_name(item["metadata"]["name"]), item)
    for name, ours in packages.items():
        item = seen[name]
        assert item["metadata_location"] == f"/{ours['path']}", name
        # What only dpkg may remove says so where its files are; the rest is told by INSTALLER.
        by_dpkg = ours["path"].startswith("usr/lib/python3/")
        installer = item.get("installer") or ("debian" if by_dpkg else "")
        assert (ours["installer"] or "") == installer, name
        assert ("unremovable" in ours["flags"]) == (installer == "debian"), name
        assert (ours["form"] == "debian") == (installer == "debian"), name
        assert _requirements(ours["requires"] or []) == _requirements(
            _requires_of(debian_root / ours["path"])
        ), name


def _requires_of(info: Path) -> list[str]:
    """Return what importlib.metadata reads, also from the requires.txt of an egg-info folder."""
    return importlib.metadata.Distribution.at(info).requires or []


def _requirements(texts: list[str]) -> set[str]:
    return {_plain(text) for text in texts} - {""}


def _plain(text: str) -> str:
    try:
        return str(Requirement(text)).lower().replace("_", "-").replace(".", "-")
    except InvalidRequirement:
        return ""  # reported as a problem, and no requirement for pip either


@pytest.mark.index
def test_what_is_installed_twice_counts_once(debian_root: Path) -> None:
    packages, _ = _freeze(f"dir:{debian_root}")
    both = [
        {canonicalize_name(p.name.split("-")[0]) for p in (debian_root / folder).glob("*-info")}
        for folder in FOLDERS
    ]
    twice = both[0] & both[1]
    assert len(twice) >= 5
    for name in twice:
        assert packages[name]["path"].startswith(FOLDERS[0]), name
        assert "shadows" in packages[name]["flags"], name


@pytest.mark.index
def test_pip_and_uv_read_the_constraints(debian_root: Path, tmp_path: Path) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(envpack.freeze(f"dir:{debian_root}").constraints())
    inside = debian_root / "constraints.txt"
    shutil.copy(constraints, inside)
    try:
        _pip(
            ["chroot", debian_root, "python3"],
            "install", "--dry-run", "--no-index", "--break-system-packages",
            "-c", "/constraints.txt", "pyyaml", "requests", "cryptography", "flask",
        )  # fmt: skip
    finally:
        inside.unlink()
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "compile", "--offline", "--no-index", "--quiet",
         "-c", constraints, "-"],
        input="", check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_conformance_tree_is_what_pip_lists() -> None:
    tree = conformance("site_packages")
    expected = json.loads((tree / "expected.json").read_text())["cases"]
    packages, skipped = _freeze(str(tree))
    named = {row["normalized"]: row for row in expected if row["name"] is not None}
    assert packages.keys() == named.keys()
    for name, row in named.items():
        assert packages[name]["raw_version"] == row["version"]
        assert packages[name]["installer"] == row["installer"]
        assert packages[name]["path"].endswith(row["dir"])
        assert _requirements(packages[name]["requires"] or []) == _requirements(
            row["requires_dist"]
        )
    assert [r["path"].rpartition("/")[2] for r in skipped.values()] == [
        row["dir"] for row in expected if row["name"] is None
    ]
    command, paths = _host([tree / "Lib/site-packages"])
    listed = _listed(_pip(command, "list", "--format=json", *paths))
    # pip shows the empty folder as well, with the version of its name.
    for row in skipped.values():
        listed.pop(canonicalize_name(row["name"]), None)
    assert _unexplained(packages, skipped, listed) == []
