"""Source trees and repositories that pip can build and install without any index."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""

#: A build backend of one file: wheels and editable wheels as PEP 517 and PEP 660 say.
_BACKEND = """\
import zipfile
from pathlib import Path

NAME, VERSION = {name!r}, {version!r}


def _write(folder, files):
    info = f"{{NAME}}-{{VERSION}}.dist-info"
    head = "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n"
    files[f"{{info}}/METADATA"] = head
    files[f"{{info}}/WHEEL"] = (
        "Wheel-Version: 1.0\\nGenerator: backend\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    )
    files[f"{{info}}/RECORD"] = "".join(f"{{path}},,\\n" for path in [*files, f"{{info}}/RECORD"])
    wheel = f"{{NAME}}-{{VERSION}}-py3-none-any.whl"
    with zipfile.ZipFile(Path(folder, wheel), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel


def build_wheel(folder, config_settings=None, metadata_directory=None):
    return _write(folder, {{f"{{NAME}}.py": ""}})


def build_editable(folder, config_settings=None, metadata_directory=None):
    return _write(folder, {{f"__editable__.{{NAME}}-{{VERSION}}.pth": str(Path.cwd()) + "\\n"}})
"""


def make_project(folder: Path, name: str, version: str) -> Path:
    """Write a project with a build backend of its own, which needs nothing."""
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(_PYPROJECT)
    (folder / "backend.py").write_text(_BACKEND.format(name=name, version=version))
    (folder / f"{name}.py").write_text("")
    return folder


def git(folder: Path, *arguments: str | Path) -> str:
    """Run git without the configuration of the user or machine; return what it prints."""
    who = {f"GIT_{role}_{key}": "test@example.org" for role in ("AUTHOR", "COMMITTER")
           for key in ("NAME", "EMAIL")}  # fmt: skip
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
        **who,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    return subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=folder, check=True, capture_output=True, text=True, env=environment,
    ).stdout.strip()  # fmt: skip


def make_repository(folder: Path) -> str:
    """Commit all of ``folder``; return the commit."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all")
    return git(folder, "rev-parse", "HEAD")
