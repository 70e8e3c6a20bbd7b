"""Freezing beside the real pip and uv."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

import envpack
from support.wheels import make_wheel


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that the real pip filled, from local wheels and a local project."""
    folder = tmp_path_factory.mktemp("freeze")
    wheels = folder / "wheels"
    make_wheel(wheels, "Mixed.Case_Name", "1.0", requires=("plain>=1",))
    make_wheel(wheels, "plain", "1.2.post3")
    make_wheel(wheels, "torch-like", "2.3.0a0+6ddf5cf85e.nv24.4")
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    pip: list[str | Path] = [
        folder / "venv/bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
    ]
    subprocess.run(
        [*pip, "--find-links", wheels, "Mixed.Case_Name", "torch-like==2.3.0a0"], check=True
    )
    subprocess.run(
        [*pip, wheels / "plain-1.2.post3-py3-none-any.whl", "--force-reinstall"], check=True
    )
    return folder / "venv"


def test_names_and_versions_are_those_of_pip_list(venv: Path) -> None:
    listed = json.loads(
        subprocess.run(
            [venv / "bin/python", "-m", "pip", "list", "--format=json"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )
    inventory = envpack.freeze(venv)
    assert {p.name: str(p.version) for p in inventory.packages} == {
        canonicalize_name(row["name"]): row["version"] for row in listed
    }
    assert inventory["mixed_case.name"].raw_name == "Mixed.Case_Name"
    assert [str(r) for r in inventory["mixed-case-name"].requires] == ["plain>=1"]


def test_pip_and_uv_honour_the_constraints(venv: Path, tmp_path: Path) -> None:
    inventory = envpack.freeze(venv)
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(inventory.constraints())
    assert "torch-like==2.3.0a0+6ddf5cf85e.nv24.4" in constraints.read_text().splitlines()
    # A newer release on offer must not get in.
    newer = tmp_path / "newer"
    make_wheel(newer, "plain", "9.0")
    make_wheel(newer, "torch-like", "2.4.0")
    make_wheel(newer, "wants-torch", "1.0", requires=("torch-like", "plain"))
    offer: list[str | Path] = [
        "--no-index",
        "--find-links",
        newer,
        "-c",
        constraints,
        "wants-torch",
        "--upgrade",
    ]
    uv: list[str | Path] = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--python",
        venv,
        "--offline",
    ]
    pip: list[str | Path] = [venv / "bin/python", "-m", "pip", "install", "--quiet"]
    for installer in (pip, uv):
        subprocess.run([*installer, *offer], check=True, capture_output=True)
        after = envpack.freeze(venv)
        assert str(after["torch-like"].version) == "2.3.0a0+6ddf5cf85e.nv24.4"
        assert str(after["plain"].version) == "1.2.post3"
        assert str(after["wants-torch"].version) == "1.0"
        subprocess.run(
            [venv / "bin/python", "-m", "pip", "uninstall", "-q", "-y", "wants-torch"], check=True
        )


def test_the_python_in_use_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    # As in a notebook whose kernel is of an environment that no shell has activated.
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert envpack.freeze().python.prefix == sys.prefix


def test_the_output_of_pip_freeze_is_a_source(venv: Path, tmp_path: Path) -> None:
    text = subprocess.run(
        [venv / "bin/python", "-m", "pip", "list", "--format=freeze"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (tmp_path / "list.txt").write_text(text)
    frozen = envpack.freeze(f"freeze:{tmp_path / 'list.txt'}")

    def pins(inventory: envpack.Inventory) -> list[str]:
        return [line for line in inventory.constraints().splitlines() if not line.startswith("#")]

    assert pins(frozen) == pins(envpack.freeze(venv))


def test_an_image_is_read_as_its_own_python_sees_it(base: str) -> None:
    inventory = envpack.freeze(base)
    assert inventory.python.version.startswith("3.11.")
    assert inventory.python.executable == "/usr/bin/python3.11"
    assert inventory.python.libc == "glibc 2.36"
    assert inventory["PyYAML"].form == "debian"
    assert inventory["pyyaml"].layer == 0
    assert inventory.digest is not None
    assert inventory.to_dict()["schema"] == 1
    assert "pyyaml" in inventory._repr_html_()
