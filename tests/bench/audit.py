"""Audit of real packages for GPUs: how fast, and whether it sees what NVIDIA's tool sees."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.build import real_wheels
from support.cuobjdump import counts, cuobjdump, targets
from support.locks import write_lock

Measure = Callable[[list[str]], tuple[float, int]]

_ROUNDS = 5


def bench_audit(work: Path, envpack: str, measure: Measure, wheels: Path) -> None:
    """Audit an environment of the real wheels in ``wheels``, beside ``cuobjdump`` on its files."""
    lock, venv = work / "audit.toml", work / "audit-venv"
    write_lock(lock, real_wheels(wheels, work / "wheels"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    os.environ["ENVPACK_CACHE_DIR"] = str(work / "audit-cache")
    subprocess.run(
        [envpack, "-q", "install", lock, "--prefix", venv],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    audit = [envpack, "audit", str(venv), "--format", "json"]
    found = subprocess.run(audit, capture_output=True, text=True, check=False)
    document = json.loads(found.stdout)
    # Exit status 1, for libraries that the set lacks, is no failure of the run.
    runs = [measure(["sh", "-c", '"$@"; [ $? -le 1 ]', "sh", *audit]) for _ in range(_ROUNDS)]
    seconds = statistics.median(run[0] for run in runs)
    size = document["binary_bytes"]
    print(f"\naudit of {document['binaries']} binaries, {size / 1e9:.2f} GB (median of {_ROUNDS})")
    print(
        f"  {seconds * 1000:9.1f} ms  peak {max(run[1] for run in runs) / 2**20:7.1f} MiB  "
        f"envpack: {size / seconds / 1e9:.2f} GB/s"
    )
    tool = cuobjdump(work)
    begin = time.perf_counter()
    missed, listed = 0, 0
    for file in document["files"]:
        theirs = targets(tool, Path("/") / file["file"])
        lost = theirs - counts(file)
        listed += theirs.total()
        missed += lost.total()
        if lost != Counter():
            print(f"  {file['file']}: not seen by envpack: {dict(lost)}")
    print(
        f"  {(time.perf_counter() - begin) * 1000:9.1f} ms  cuobjdump -all -lelf and -lptx of the "
        f"{len(document['files'])} with GPU code: {listed} listed, {missed} of them not seen by "
        f"envpack"
    )
