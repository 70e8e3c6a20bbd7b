"""Installing a lock of real wheels into a new environment from a warm cache, beside uv."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.requirement_sets import TO_INSTALL

Measure = Callable[[list[str]], tuple[float, int]]


def _make_lock(folder: Path, envpack: str) -> Path:
    """Resolve the set from the index of pip's configuration: wheels for this Python."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / "pylock.toml"
    command = [envpack, "-q", "resolve", "--no-build", "--python", sys.executable]
    subprocess.run([*command, "-o", str(lock), *TO_INSTALL], check=True)
    return lock


def _files_of(prefix: Path) -> dict[str, int]:
    """Installed files and their sizes, but for the installers' own."""
    own = {".lock", "INSTALLER", "REQUESTED", "RECORD", "uv_cache.json", "uv_build.json"}
    commands = prefix / "bin"
    return {
        str(path.relative_to(prefix)): path.stat().st_size
        for path in prefix.rglob("*")
        if path.is_file() and path.name not in own and commands not in path.parents
    }


def bench_install(work: Path, envpack: str, uv: str, measure: Measure, rounds: int) -> None:
    """Install with hard links and with copies; each contender in turn, each time from nothing."""
    folder = work / "install"
    lock = _make_lock(folder, envpack)
    empty, prefix = folder / "empty", folder / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(empty)], check=True)
    os.environ["UV_CACHE_DIR"] = str(folder / "uv-cache")
    python = str(prefix / "bin/python")

    def commands(mode: str, *, is_warm: bool) -> dict[str, list[str]]:
        # Without --offline uv asks the index about every wheel again.
        sync = [uv, "pip", "sync", "--quiet", "--no-config", "--link-mode", mode]
        sync += ["--offline"] if is_warm else []
        return {
            "envpack": [envpack, "-q", "install", str(lock), "--prefix", str(prefix),
                        "--link-mode", mode],
            "uv": [*sync, "--python", python, str(lock)],
        }  # fmt: skip

    print(f"\ninstall of {lock.read_text().count('[[packages]]')} packages from a warm cache")
    for mode in ("hardlink", "copy"):
        times: dict[str, list[float]] = {}
        trees: dict[str, dict[str, int]] = {}
        for number in range(rounds + 1):
            for name, command in commands(mode, is_warm=number > 0).items():
                shutil.rmtree(prefix, ignore_errors=True)
                shutil.copytree(empty, prefix, symlinks=True)
                seconds, _ = measure(command)
                if number == 0:  # fills the caches
                    trees[name] = _files_of(prefix)
                else:
                    times.setdefault(name, []).append(seconds)
        if trees["envpack"] != trees["uv"]:
            sys.exit(
                f"not the same files: {set(trees['envpack'].items()) ^ set(trees['uv'].items())}"
            )
        files, size = len(trees["uv"]), sum(trees["uv"].values())
        print(f"  {mode}: {files:,} files, {size / 1e6:.0f} MB, {rounds} rounds")
        for name, values in times.items():
            best, median = min(values), statistics.median(values)
            beside = times["uv"]
            print(
                f"    {name:8} best {best * 1000:8.1f} ms, median {median * 1000:8.1f} ms;"
                f" of uv {best / min(beside):.2f} and {median / statistics.median(beside):.2f}"
            )
    shutil.rmtree(folder)
