"""The installers that must respect a constraints file: an old pip, the newest one, and uv."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: The oldest pip whose reading of constraints is supported.
OLDEST_PIP = "23.0"

# `python -m pip` several times in one process: most of the time of a pip is its start.
_MANY = """\
import contextlib, io, json, runpy, sys
for arguments in json.loads(sys.stdin.read()):
    sys.argv = ["pip", *arguments]
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            runpy.run_module("pip", run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as end:
            code = end.code or 0
    print(json.dumps([code, output.getvalue()]))
"""


@dataclass
class Outcome:
    """How one command of an installer ended."""

    status: int
    output: str


class Pip:
    """A pip in a folder of its own, run by the Python of the environment it works on."""

    def __init__(self, folder: Path, version: str) -> None:
        self.folder = folder
        self.name = f"pip {version}"

    def run(self, venv: Path, commands: list[list[str]]) -> list[Outcome]:
        """Run ``pip`` with each of ``commands``."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        environment |= {
            "PYTHONPATH": str(self.folder),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_CACHE_DIR": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        result = subprocess.run(
            [venv / "bin/python", "-W", "ignore", "-c", _MANY],
            input=json.dumps(commands), capture_output=True, text=True, env=environment,
            timeout=300, check=False,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        return [Outcome(*json.loads(line)) for line in result.stdout.splitlines()]


class Uv:
    """The uv that is installed beside pytest."""

    name = "uv"

    def run(self, venv: Path, commands: list[list[str]]) -> list[Outcome]:
        """Run ``uv pip`` with each of ``commands``, written as for pip."""
        outcomes = []
        environment = {k: v for k, v in os.environ.items() if not k.startswith("UV_")}
        environment["UV_NO_CONFIG"] = "1"
        for command in commands:
            result = subprocess.run(
                [sys.executable, "-m", "uv", "pip", command[0], "--python", venv, "--offline",
                 *[a for a in command[1:] if not a.startswith("--upgrade-strategy")]],
                capture_output=True, text=True, env=environment, timeout=300, check=False,
            )  # fmt: skip
            outcomes.append(Outcome(result.returncode, result.stdout + result.stderr))
        return outcomes


def newest_pip(folder: Path) -> Pip:
    """Copy the pip that the tests' requirements name."""
    distribution = importlib.metadata.distribution("pip")
    for source in ("pip", f"pip-{distribution.version}.dist-info"):
        shutil.copytree(
            Path(str(distribution.locate_file(source))),
            folder / source,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return Pip(folder, distribution.version)


def oldest_pip(folder: Path) -> Pip | str:
    """Fetch the oldest supported pip from the index; the reason when that is not possible."""
    if sys.version_info >= (3, 12):
        return (
            f"pip {OLDEST_PIP} does not run on Python {sys.version_info[0]}.{sys.version_info[1]}"
        )
    result = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile",
         "--only-binary=:all:", "--target", folder, f"pip=={OLDEST_PIP}"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if result.returncode != 0:
        return f"the index gives no pip {OLDEST_PIP}: {result.stderr.strip()[-200:]}"
    return Pip(folder, OLDEST_PIP)
