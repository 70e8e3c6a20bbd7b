"""``python -m envpack``: starts the native command that was installed with this package."""

from __future__ import annotations

import os
import sys

from envpack import _programs


def _command() -> str:
    command = _programs.find("envpack")
    if command is None:
        sys.exit(f"envpack: the native command is in none of {', '.join(_programs.folders())}")
    return command


def main() -> None:
    """Become the command: its exit code and signals are those of this process."""
    command = _command()
    os.execv(command, [command, *sys.argv[1:]])  # noqa: S606 - no shell is meant


if __name__ == "__main__":
    main()
