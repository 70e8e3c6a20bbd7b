"""Fixtures that several folders of tests use."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from support.engines import Engine, find_engine

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test away from the user's cache and clock."""
    monkeypatch.setenv("ENVPACK_CACHE_DIR", str(tmp_path / "envpack-cache"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


@pytest.fixture(scope="session")
def base_layout() -> Path:
    """A Debian image with Python and python3-yaml, made once for each version of its recipe."""
    recipe = ROOT / "examples" / "make_base.sh"
    key = hashlib.sha256(recipe.read_bytes()).hexdigest()[:16]
    folder = ROOT / "build" / "test-base" / key
    if not folder.exists():
        subprocess.run(["bash", recipe, folder, "python3-yaml"], check=True, timeout=900)
    return folder


@pytest.fixture(scope="session")
def base(base_layout: Path) -> str:
    """The same as a source text."""
    return f"oci:{base_layout}:latest"


@pytest.fixture(scope="session")
def engine(base: str, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Whatever can run a container here; its name is printed."""
    found = find_engine(tmp_path_factory.mktemp("engine"), base)
    print(f"containers are run by {found.name}")
    return found


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip configured with nothing, so that only what a test names is asked."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
