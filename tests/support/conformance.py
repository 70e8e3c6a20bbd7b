"""Test data that others wrote, where this machine has it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]


def conformance(name: str) -> Path:
    """Give a folder of it; skip the test where it is absent."""
    data = Path(os.environ.get("ENVPACK_CONFORMANCE") or _ROOT.parent / "shared/conformance")
    if not (data / name).is_dir():
        pytest.skip(f"SKIP: conformance data not found at {data} (set ENVPACK_CONFORMANCE)")
    return data / name
