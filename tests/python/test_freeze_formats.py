"""Every form of an inventory, read by the tools it is for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomllib
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.pylock import Pylock
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

import envpack
from support.wheels import make_wheel


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pure and compiled packages that need each other, one from a URL."""
    folder = tmp_path_factory.mktemp("formats")
    wheels = folder / "wheels"
    make_wheel(wheels, "plain", "1.2", requires=("native>=1; python_version >= '3'",))
    make_wheel(wheels, "native", "2.0+cu124", files={"native/core.so": b"", "native/a.py": b""})
    make_wheel(wheels, "lonely", "3.0", requires=("plain; extra == 'more'",))
    archive = make_wheel(folder, "direct", "4.0")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    uv: list[str | Path] = [sys.executable, "-m", "uv", "pip", "install", "--offline"]
    packages: list[str | Path] = ["plain", "lonely", archive]
    subprocess.run(
        [*uv, "--python", folder / "venv", "--no-index", "--find-links", wheels, *packages],
        check=True,
        capture_output=True,
    )
    return folder / "venv"


def test_cyclonedx_is_valid_and_tells_who_needs_whom(venv: Path) -> None:
    text = envpack.freeze(venv).render("cyclonedx")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    assert "pkg:pypi/native@2.0%2Bcu124" in {c["purl"] for c in document["components"]}
    needs = {d["ref"]: d["dependsOn"] for d in document["dependencies"]}
    assert needs["pkg:pypi/plain@1.2"] == ["pkg:pypi/native@2.0%2Bcu124"]
    assert needs["pkg:pypi/lonely@3.0"] == []


def test_spdx_is_valid(venv: Path, tmp_path: Path) -> None:
    path = tmp_path / "base.spdx.json"
    path.write_text(envpack.freeze(venv).render("spdx"))
    document: Any = parse_file(str(path))
    assert validate_full_spdx_document(document) == []
    assert {p.name: p.version for p in document.packages}["native"] == "2.0+cu124"


@pytest.mark.parametrize("form", ["cyclonedx", "spdx", "json", "uv", "pylock"])
def test_the_same_base_gives_the_same_bytes(venv: Path, form: str) -> None:
    assert envpack.freeze(venv).render(form) == envpack.freeze(venv).render(form)


def test_pylock_is_one(venv: Path) -> None:
    document = tomllib.loads(envpack.freeze(venv).render("pylock"))
    Pylock.from_dict(document).validate()
    assert document["tool"]["envpack"]["provided"]["native"] == "2.0+cu124"


def test_uv_obeys_its_file(venv: Path, tmp_path: Path) -> None:
    config = tmp_path / "uv.toml"
    config.write_text(envpack.freeze(venv).render("uv"))
    newer = tmp_path / "newer"
    make_wheel(newer, "native", "9.0")
    make_wheel(newer, "app", "1.0", requires=("native",))
    make_wheel(newer, "demanding", "1.0", requires=("plain>=9",))
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--config-file", str(config), "--offline"]
    offer = ["--no-index", "--find-links", str(newer), "--no-header", "--no-annotate", "-"]
    done = subprocess.run([*uv, *offer], input="app\n", text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["app==1.0"]  # what the base has is not asked for again
    without_excludes = config.read_text().partition("exclude-dependencies")[0]
    config.write_text(without_excludes)
    refused = subprocess.run(
        [*uv, *offer], input="native\n", text=True, capture_output=True, check=False
    )
    assert refused.returncode == 1
    assert "native==2.0+cu124" in refused.stderr


def test_used_by_keeps_what_is_imported(venv: Path, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import native.a\nfrom helper import x\nimport nowhere\n")
    (tmp_path / "helper.py").write_text("import os, json\n")
    notebook = {"cells": [{"cell_type": "code", "source": ["import direct"]}], "nbformat": 4}
    (tmp_path / "look.ipynb").write_text(json.dumps(notebook))
    inventory = envpack.freeze(venv, used_by=tmp_path)
    assert [p.name for p in inventory.packages] == ["direct", "native"]
    assert inventory.dropped["plain"] == f"not imported by {tmp_path}"
    assert inventory.problems == [
        f"`nowhere`, imported at {tmp_path}/app.py:3, is of no installed package"
    ]
    assert f"# lonely 3.0: not imported by {tmp_path}" in inventory.requirements()


def test_pin_and_exclude_choose(venv: Path) -> None:
    assert [p.name for p in envpack.freeze(venv, pin="binary").packages] == ["native"]
    left = envpack.freeze(venv, exclude=["Native", "plain"])
    assert [p.name for p in left.packages] == ["direct", "lonely"]
    assert left.dropped == {"native": "excluded", "plain": "excluded"}
    with pytest.raises(ValueError, match="torch-stack"):
        envpack.freeze(venv, pin="half")  # type: ignore[arg-type]


def test_check_agrees_with_uv(venv: Path, tmp_path: Path) -> None:
    assert envpack.freeze(venv, check=True).problems == []
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "broken", "1.0", requires=("plain>=2", "absent"))
    target = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", target], check=True)
    uv = [sys.executable, "-m", "uv", "pip"]
    make_wheel(wheels, "plain", "1.2")
    subprocess.run(
        [*uv, "install", "--offline", "--python", target, "--no-index", "--no-deps",
         "--find-links", wheels, "broken", "plain"],
        check=True, capture_output=True,
    )  # fmt: skip
    assert envpack.freeze(target, check=True).problems == [
        "broken 1.0 requires plain>=2, but plain 1.2 is installed",
        "broken 1.0 requires absent, which is not installed",
    ]
    checked = subprocess.run([*uv, "check", "--python", target], capture_output=True, check=False)
    assert checked.returncode == 1
