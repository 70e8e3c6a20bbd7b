"""Shared libraries of nothing, for tests of what a loader finds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

COMPILER = shutil.which("gcc") or shutil.which("cc")
needs_compiler = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler")


def shared_library(path: Path, *needs: Path | str, soname: str = "", code: str = "") -> Path:
    """Build a library that needs what `needs` names: files, or options of the compiler."""
    path.parent.mkdir(parents=True, exist_ok=True)
    source = path.with_suffix(".c")
    source.write_text(code or "int nothing_here;\n")
    named = [f"-Wl,-soname,{soname}"] if soname else []
    subprocess.run(
        [str(COMPILER), "-shared", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", *named,
         "-o", path, source, *needs],
        check=True,
    )  # fmt: skip
    source.unlink()
    return path
