"""``python -m envpack``: starts the native command that was installed with this package."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path


def _command() -> str:
    """Find the command in the script folders that installers use."""
    schemes = [sysconfig.get_default_scheme() if hasattr(sysconfig, "get_default_scheme") else None]
    schemes.append("posix_user")
    folders = [
        sysconfig.get_path("scripts", s) if s else sysconfig.get_path("scripts") for s in schemes
    ]
    # With --target or --prefix the commands lie beside or above the package.
    package = Path(__file__).resolve().parent
    folders += [str(package.parent / "bin"), str(package.parents[3] / "bin")]
    for folder in folders:
        command = Path(folder) / "envpack"
        if command.is_file():
            return str(command)
    sys.exit(f"envpack: the native command is in none of {', '.join(folders)}")


def main() -> None:
    """Become the command: its exit code and signals are those of this process."""
    command = _command()
    os.execv(command, [command, *sys.argv[1:]])  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main()
