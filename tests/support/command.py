"""The installed ``envpack`` command, run as a person would."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: Installed beside the Python that runs the tests.
COMMAND = Path(sys.executable).parent / "envpack"


def envpack(
    *arguments: str | os.PathLike[str],
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    status: int | None = 0,
) -> subprocess.CompletedProcess[str]:
    """Run the command; with ``status`` not None, check its exit status."""
    result = subprocess.run(
        [COMMAND, *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if status is not None:
        assert result.returncode == status, f"{result.returncode}: {result.stderr}"
    return result
