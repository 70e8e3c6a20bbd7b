"""Projects of others that use the C++ library: find_package and add_subdirectory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


def run(*command: str | Path) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1500)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def check_consumer(build: Path) -> None:
    # The pre-release 2.3.0a0 sorts before 2.3: the answer of PEP 440, through the library.
    assert run(build / "consumer") == "2.3.0a0+6ddf5cf85e.nv24.4 false\n"
    _, count = run(build / "consumer", sys.prefix).splitlines()
    assert int(count) > 0


def configure_and_build(source: Path, build: Path, *options: str) -> None:
    run("cmake", "-S", source, "-B", build, "-G", "Ninja", *options)
    run("cmake", "--build", build)


def test_find_package(tmp_path: Path) -> None:
    release = ROOT / "build" / "release"
    if not (release / "cmake_install.cmake").exists():
        pytest.skip("SKIP: no release build; run `bash tests/run.sh release` first")
    run("cmake", "--install", release, "--prefix", tmp_path / "prefix")
    configure_and_build(
        HERE / "find_package",
        tmp_path / "build",
        "-DCMAKE_BUILD_TYPE=Release",
        f"-DCMAKE_PREFIX_PATH={tmp_path / 'prefix'}",
    )
    check_consumer(tmp_path / "build")


def test_add_subdirectory(tmp_path: Path) -> None:
    # All libraries are compiled once more: without optimisation, that takes half the time.
    build = tmp_path / "build"
    configure_and_build(
        HERE / "add_subdirectory", build, "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0"
    )
    check_consumer(build)
