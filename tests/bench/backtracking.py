"""Resolves that are hard on purpose, at growing sizes, beside uv.

The worlds are those of the packse scenarios `wrong-backtracking-basic` and `-indirect`, with any
number of versions: `b` (or what it needs) has one release for each that wants the old `a`, and the
newest `a` is asked for first. A resolver that walks down one version after another ends at the
release of `b` that is too old.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from support.universes import Release, Shelf, Universe, write_universe

SIZES = (10, 1000, 10000)
ROUNDS = 15


def _basic(size: int) -> Universe:
    old = [Release("1.0.0", requires=("too-old",))]
    new = [Release(f"2.0.{number}", requires=("a==1.0.0",)) for number in range(size)]
    packages = {
        "a": (Release("1.0.0"), Release("2.0.0")),
        "b": (*old, *new),
        "too-old": (Release("1.0.0"),),
    }
    return Universe(0, packages, {}, (), ("a", "b"))


def _indirect(size: int) -> Universe:
    packages = dict(_basic(size).packages)
    packages["b-inner"] = packages["b"]
    packages["b"] = (Release("1.0.0", requires=("b-inner",)),)
    return Universe(0, packages, {}, (), ("a", "b"))


def _chain(size: int) -> Universe:
    """Give a ladder: each version of each rung wants the same or a lower one of the next."""
    rungs = 6
    count = max(2, size // rungs)
    packages = {}
    for rung in range(rungs):
        packages[f"r{rung}"] = tuple(
            Release(f"{n}.0", requires=(f"r{rung + 1}<={n}.0", f"top!={n}.0") if n else ())
            for n in range(count)
        )
    packages[f"r{rungs}"] = tuple(Release(f"{n}.0") for n in range(count))
    packages["top"] = tuple(Release(f"{n}.0", requires=(f"r0>={n}.0",)) for n in range(count))
    return Universe(0, packages, {}, (), ("top", "r0"))


WORLDS = {"basic": _basic, "indirect": _indirect, "ladder": _chain}


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    times = []
    for _ in range(ROUNDS + 1):  # the first one fills the caches
        begin = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        times.append(time.perf_counter() - begin)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    return min(times[1:]), done.stdout


def _pins(text: str) -> list[str]:
    return sorted(re.findall(r"^[a-z0-9-]+==[^\s;\\]+", text, re.MULTILINE))


def bench_backtracking(work: Path, envpack: str, uv: str) -> None:
    """Time both at each size; `envpack_bench` counts the decisions and conflicts."""
    folder = work / "backtracking"
    shelf = Shelf(folder / "wheels")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PIP_CONFIG_FILE": os.devnull,
        "ENVPACK_CACHE_DIR": str(folder / "envpack"),
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_NO_CONFIG": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }
    for name, make in WORLDS.items():
        print(f"\nbacktracking, {name}")
        first: dict[str, float] = {}
        for size in SIZES:
            universe = make(size)
            place = write_universe(universe, folder / f"{name}-{size}", shelf)
            asked = folder / f"{name}-{size}.in"
            asked.write_text("\n".join(universe.request) + "\n")
            index = ["--python", sys.executable, "--index-url", place.index_url]
            ours, text = _run(
                [envpack, "-q", "resolve", "--format", "requirements", *index, "-r", str(asked)],
                environment,
            )
            theirs, peer_text = _run(
                [uv, "pip", "compile", "--quiet", "--no-header", *index, str(asked)], environment
            )
            same = "same versions" if _pins(text) == _pins(peer_text) else "other versions"
            growth = {
                who: (seconds - first.setdefault(who, seconds)) * 1000
                for who, seconds in (("envpack", ours), ("uv", theirs))
            }
            print(
                f"  {size:5} releases: envpack {ours * 1000:7.1f} ms (+{growth['envpack']:.1f}), "
                f"uv {theirs * 1000:7.1f} ms (+{growth['uv']:.1f}), ratio {ours / theirs:.2f}; "
                f"{same}"
            )
