"""What an installer made of wheels, as a value that two installers can be compared by."""

from __future__ import annotations

import csv
import io
import stat
import subprocess
import sys
from pathlib import Path

#: Files of a dist-info folder that may differ between installers, and why. Nothing else may.
ALLOWED = {
    "INSTALLER": "names the installer (PEP 376)",
    "REQUESTED": "pip writes it for all that it is told by name; a lock says which were asked for",
    "direct_url.json": "pip adds the archive's file: URL to what it installs by path (PEP 610)",
}


def _rows(text: str, generated: set[str]) -> list[tuple[str, ...]]:
    """RECORD in one order, without what is allowed to differ."""
    rows = []
    for path, digest, size in csv.reader(io.StringIO(text)):
        name = path.rsplit("/", 1)[-1]
        if ".dist-info/" in path and name in ALLOWED:
            continue
        if path.endswith(".pyc"):
            continue  # pip lists what it compiles
        own = path.startswith("../") and name in generated
        rows.append((path, "" if own else digest, "" if own else size))
    return sorted(rows)


def snapshot(prefix: Path, commands: set[str]) -> dict[str, object]:
    """Every file below ``prefix``: its mode, and its bytes where they must agree.

    ``commands`` are the files in ``bin`` that installers generate from entry points: their text is
    the installer's own, so only the interpreter that starts them is compared.
    """
    tree: dict[str, object] = {}
    for path in sorted(prefix.rglob("*")):
        name = path.relative_to(prefix).as_posix()
        if path.is_symlink():
            tree[name] = ("link", path.readlink().as_posix())
            continue
        if path.is_dir() or path.suffix == ".pyc":
            continue
        if path.parent.name.endswith(".dist-info") and path.name in ALLOWED:
            continue
        mode = oct(stat.S_IMODE(path.stat().st_mode))
        data = path.read_bytes()
        if path.name == "RECORD" and path.parent.name.endswith(".dist-info"):
            tree[name] = (mode, _rows(data.decode(), commands))
        elif path.parent == prefix / "bin" and path.name in commands:
            tree[name] = (mode, data.split(b"\n", 1)[0])
        else:
            tree[name] = (mode, data)
    return tree


def commands_of(prefix: Path) -> set[str]:
    """Names of the commands that the entry points of everything installed ask for."""
    names = set()
    for path in prefix.glob("lib/python*/site-packages/*.dist-info/entry_points.txt"):
        section = ""
        for line in path.read_text().splitlines():
            if line.startswith("["):
                section = line.strip("[] ")
            elif "=" in line and section in ("console_scripts", "gui_scripts"):
                names.add(line.split("=", 1)[0].strip())
    return names


def differences(ours: dict[str, object], theirs: dict[str, object]) -> list[str]:
    """One line for each path that is not the same."""
    lines = [f"only ours: {name}" for name in sorted(ours.keys() - theirs.keys())]
    lines += [f"only theirs: {name}" for name in sorted(theirs.keys() - ours.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        if ours[name] != theirs[name]:
            lines.append(f"differs: {name}: {str(ours[name])[:200]} / {str(theirs[name])[:200]}")
    return lines


def make_venv(folder: Path) -> Path:
    """Make an empty virtual environment without pip, of the Python that runs the tests."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=120)
    return folder


def pip_install(prefix: Path, *arguments: str | Path) -> None:
    """Run the real pip on an environment; it compiles nothing."""
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", prefix / "bin/python", "install", "--quiet",
         "--disable-pip-version-check", "--no-compile", "--no-deps", *arguments],
        check=True, timeout=900,
    )  # fmt: skip
