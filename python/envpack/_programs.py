"""Where the native programs are that were installed with this package."""

from __future__ import annotations

import sysconfig
from pathlib import Path


def folders() -> list[str]:
    """List the script folders that installers use, the likeliest first."""
    schemes = [sysconfig.get_default_scheme() if hasattr(sysconfig, "get_default_scheme") else None]
    schemes.append("posix_user")
    found = [
        sysconfig.get_path("scripts", s) if s else sysconfig.get_path("scripts") for s in schemes
    ]
    # With --target or --prefix the commands lie beside or above the package.
    package = Path(__file__).resolve().parent
    return [*found, str(package.parent / "bin"), str(package.parents[3] / "bin")]


def find(name: str) -> str | None:
    """Find a program in those folders."""
    for folder in folders():
        program = Path(folder) / name
        if program.is_file():
            return str(program)
    return None
