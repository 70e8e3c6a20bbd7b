"""The README's code blocks run, in their order, in one folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [
        body for name, body in BLOCK.findall((ROOT / "README.md").read_text()) if name == language
    ]


@pytest.fixture(scope="module")
def workplace(base_layout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the image `base` that the README speaks of."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(base_layout, folder / "base")
    return folder


def run(command: list[str], folder: Path) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True,
        check=False, timeout=900,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.index
def test_shell_blocks(workplace: Path) -> None:
    # The two commands for a clone are what runs these tests.
    shell = [body for body in blocks("sh") if "tests/run.sh" not in body]
    assert shell
    for body in shell:
        run(["bash", "-eu", "-c", body], workplace)


@pytest.mark.index
def test_python_blocks(workplace: Path) -> None:
    python = blocks("python")
    assert python
    for body in python:
        run([sys.executable, "-c", body], workplace)


def test_cpp_blocks(workplace: Path) -> None:
    release = ROOT / "build" / "release"
    if not (release / "cmake_install.cmake").exists():
        pytest.skip("SKIP: no release build; run `bash tests/run.sh release` first")
    run(["cmake", "--install", str(release), "--prefix", str(workplace / "prefix")], workplace)
    cpp, cmake = blocks("cpp"), blocks("cmake")
    assert len(cpp) == len(cmake) == 1
    (workplace / "main.cpp").write_text(cpp[0])
    (workplace / "CMakeLists.txt").write_text(cmake[0])
    build = [
        "cmake",
        "-S",
        ".",
        "-B",
        "build",
        "-G",
        "Ninja",
        f"-DCMAKE_PREFIX_PATH={workplace}/prefix",
    ]
    run(build, workplace)
    run(["cmake", "--build", "build"], workplace)
    run(["build/app"], workplace)
