"""What NVIDIA's own tool lists in a binary."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest


def nvcc() -> Path:
    """Give the compiler; without one the test is skipped."""
    found = shutil.which("nvcc", path=f"{os.environ.get('PATH', '')}:/usr/local/cuda/bin")
    if found is None:
        pytest.skip("there is no nvcc on this machine")
    return Path(found)


def cuobjdump(folder: Path) -> Path:
    """Give the tool: ENVPACK_CUOBJDUMP, that of PATH, or the one of the default index."""
    named = os.environ.get("ENVPACK_CUOBJDUMP")
    path = f"{os.environ.get('PATH', '')}:/usr/local/cuda/bin"
    found = named or shutil.which("cuobjdump", path=path)
    if found is not None:
        return Path(found)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    if subprocess.run([*pip, "nvidia-cuda-cuobjdump"], check=False, timeout=300).returncode != 0:
        pytest.skip("the index has no nvidia-cuda-cuobjdump")
    (wheel,) = folder.glob("nvidia_cuda_cuobjdump-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    (tool,) = folder.glob("nvidia/*/bin/cuobjdump")
    tool.chmod(0o755)
    return tool


def counts(file: dict[str, Any], kinds: Iterable[str] = ("sass", "ptx")) -> Counter[str]:
    """Count the targets of a file of our audit as the tool names them: without the suffix f."""
    found: Counter[str] = Counter()
    for entry in file["code"]:
        if entry["kind"] in kinds:
            found[entry["target"].removesuffix("f")] += entry["count"]
    return found


def targets(tool: Path, binary: Path) -> Counter[str]:
    """Count `sm_90a` and `compute_90` as the tool names them; it does not show the suffix f.

    Without `-all` it leaves out code that nvlink has linked already, which stays in the file.
    """
    found: Counter[str] = Counter()
    for option, kind, prefix in (("-lelf", "cubin", "sm"), ("-lptx", "ptx", "compute")):
        out = subprocess.run(
            [tool, "-all", option, binary], check=False, capture_output=True, text=True, timeout=600
        )
        found.update(
            f"{prefix}_{target}" for target in re.findall(rf"\.sm_(\w+)\.{kind}$", out.stdout, re.M)
        )
    return found
