"""The n-body example: compiled here, packed by its script, run in a container."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import envpack
from support.engines import Engine

ROOT = Path(__file__).resolve().parents[2]
HAS_NVCC = shutil.which("nvcc") is not None
pytestmark = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler")


def test_the_program_runs_with_only_the_libraries_that_it_needs(
    base: str, tmp_path: Path, engine: Engine
) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    packed = subprocess.run(
        ["bash", ROOT / "examples/nbody/pack.sh", image],
        env={**os.environ, "PATH": path, "NBODY_BASE": base, "NBODY_WORK": str(tmp_path / "work")},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert packed.returncode == 0, packed.stderr
    # Sizes: the base, with the program, and with the toolkit where there is one.
    added = re.search(r"with the program: .* (\d+) bytes more", packed.stdout)
    assert added is not None, packed.stdout
    assert int(added.group(1)) < 5 << 20
    assert ("with the toolkit" in packed.stdout) == HAS_NVCC

    names = {
        Path(line.split()[0]).name for line in packed.stdout.splitlines() if " copied from " in line
    }
    assert all(name.startswith("libcudart.so.") for name in names)
    assert bool(names) == HAS_NVCC
    assert envpack.audit(image).ok

    program = ("/usr/local/bin/nbody", "--cpu", "--bodies", "512", "--steps", "3", "--compare")
    start = program[1:] if engine.name == "podman" else program
    told = engine.run(image, *start)
    assert "512 bodies, 3 steps, fp32" in told
    assert "as expected" in told
