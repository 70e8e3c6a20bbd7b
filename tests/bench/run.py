#!/usr/bin/env python3
"""Side-by-side runs of envpack and its peers on this machine, printed as ratios.

    python tests/bench/run.py [start] [freeze] [layer] [memory] [image] [build] [unpack]
    python tests/bench/run.py image build unpack [--size 2G]
    python tests/bench/run.py build audit --wheels FOLDER
    python tests/bench/run.py backtracking
    python tests/bench/run.py install [--rounds 9]
    python tests/bench/run.py resolve [--index-folder FOLDER] [--sets jupyterlab,web] [--rounds 9]

Each round runs every contender once, in turn; the figure is the median of the rounds. Contenders
that are not installed are left out and named. `install`, `resolve` and `audit` need a network, the
latter two until their folder has what they ask for; they run when they are named.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.audit import bench_audit
from bench.backtracking import bench_backtracking
from bench.big_image import make_big_image
from bench.build import bench_build
from bench.inputs import make_distributions, make_image, make_venv
from bench.install import bench_install
from bench.resolve import bench_resolve
from bench.unpack import bench_unpack

ENVPACK = str(Path(sys.executable).parent / "envpack")
UV = str(Path(sys.executable).parent / "uv")


# Linux hands a process's peak on to what it starts (getrusage(2), "ru_maxrss" over execve), so the
# command is started by a small process instead of this one, which may have made large inputs.
_STARTER = """
import os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(time.perf_counter() - begin, usage.ru_maxrss * 1024)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def measure(command: list[str]) -> tuple[float, int]:
    """Run to the end; return seconds and peak memory in bytes."""
    starter = [sys.executable, "-I", "-S", "-c", _STARTER, *command]
    result = subprocess.run(starter, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)} failed: {result.stderr}")
    seconds, peak = result.stdout.split()
    return float(seconds), int(peak)


def compare(title: str, contenders: dict[str, list[str]], rounds: int) -> dict[str, float]:
    """Time all contenders in turn; print each one beside the first."""
    missing = [name for name, command in contenders.items() if not shutil.which(command[0])]
    present = {name: command for name, command in contenders.items() if name not in missing}
    times: dict[str, list[float]] = {name: [] for name in present}
    for number in range(rounds + 1):
        for name, command in present.items():
            seconds, _ = measure(command)
            if number > 0:  # the first round warms caches for everybody
                times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    first = next(iter(medians.values()))
    print(f"\n{title} (median of {rounds})")
    for name, seconds in medians.items():
        shown = " ".join(
            Path(word).name if word.startswith("/") else word for word in present[name]
        )
        print(f"  {seconds * 1000:9.1f} ms  {seconds / first:7.2f} x  {name:12} $ {shown[:100]}")
    if missing:
        print(f"  not on this machine: {', '.join(missing)}")
    return medians


def bench_start(_work: Path) -> None:
    """How long the command takes to say its version."""
    compare("start", {"envpack": [ENVPACK, "--version"], "uv": [UV, "--version"]}, rounds=20)


def bench_freeze(work: Path) -> None:
    """Freeze a virtual environment of 300 and of 500 distributions."""
    for count in (300, 500):
        venv = work / f"venv{count}"
        make_venv(venv)
        make_distributions(venv, count, random.Random(count))
        python = str(venv / "bin/python")
        compare(
            f"freeze {count} distributions",
            {
                "envpack": [ENVPACK, "freeze", str(venv), "--constraints"],
                "envpack json": [ENVPACK, "freeze", str(venv), "--format", "json"],
                "uv": [UV, "pip", "freeze", "--python", python],
                "pip": [python, "-m", "pip", "list", "--format=freeze"],
            },
            rounds=5,
        )


def bench_layer(work: Path) -> None:
    """Turn a virtual environment with native libraries into a layer."""
    venv = work / "venv-layer"
    make_venv(venv)
    make_distributions(venv, 40, random.Random(40), payload=4 << 20)
    base = make_image(work / "base")
    out = work / "out"
    layout = f"{work / 'umoci'}:latest"
    umoci = (
        f"rm -rf {work / 'umoci'} && cp -r {base} {work / 'umoci'} && "
        f"umoci insert --image {layout} {venv} /opt/venv"
    )
    envpack = f"rm -rf {out}; {ENVPACK} build {venv} --base oci:{base} -o oci:{out}"
    compare(
        "layer from a venv of 160 MB",
        {
            "envpack": ["sh", "-c", envpack],
            "tar|gzip": ["sh", "-c", f"tar -C {venv} -cf - . | gzip -6 > {work / 'gzip'}"],
            "tar|pigz": ["sh", "-c", f"tar -C {venv} -cf - . | pigz -6 > {work / 'pigz'}"],
            "umoci": ["sh", "-c", umoci],
        },
        rounds=3,
    )
    blobs = sum(f.stat().st_size for f in (out / "blobs/sha256").iterdir())
    base_size = sum(f.stat().st_size for f in (base / "blobs/sha256").iterdir())
    print(
        f"  size: envpack {blobs - base_size:,}, gzip -6 {(work / 'gzip').stat().st_size:,} bytes"
    )


def bench_memory(work: Path) -> None:
    """Peak memory of freezing an image and of building a layer, by size of the input."""
    print("\nmemory (peak resident set)")
    for megabytes in (100, 2000):
        venv = work / f"venv-{megabytes}"
        make_venv(venv)
        random_source = random.Random(megabytes)
        make_distributions(venv, 10, random_source, payload=(megabytes << 20) // 10)
        base = make_image(work / f"base-{megabytes}")
        out = work / f"out-{megabytes}"
        built, build_peak = measure(
            [ENVPACK, "build", str(venv), "--base", f"oci:{base}", "-o", f"oci:{out}:big"]
        )
        frozen, freeze_peak = measure([ENVPACK, "freeze", f"oci:{out}:big", "--constraints"])
        print(
            f"  {megabytes:5} MB: build {build_peak / 2**20:6.1f} MiB in {built:5.1f} s, "
            f"freeze of the image {freeze_peak / 2**20:6.1f} MiB in {frozen:5.1f} s"
        )
        for folder in (venv, base, out):
            shutil.rmtree(folder)


def bench_image(work: Path, size: int = 2 << 30) -> None:
    """Freeze a large image of 40 layers, beside inflating its blobs and doing nothing else."""
    layout = work / "image"
    blobs = make_big_image(layout, size)
    packed = sum(blob.stat().st_size for blob in blobs)
    (work / "blobs").write_text("\n".join(map(str, blobs)))
    inflate = "xargs -P 2 -n 1 {} -dc < " + str(work / "blobs") + " > /dev/null"
    peer = "pigz" if shutil.which("pigz") else "gzip"
    source = f"oci:{layout}"
    cold = ["env", "ENVPACK_NO_CACHE=1", ENVPACK, "freeze", source, "--format", "json"]
    medians = compare(
        f"freeze of an image: 40 layers, {size / 1e9:.1f} GB, {packed / 1e9:.1f} GB as gzip",
        {
            "envpack": cold,
            peer: ["sh", "-c", inflate.format(peer)],
        },
        rounds=3 if size < 4 << 30 else 1,
    )
    _, peak = measure(cold)
    print(f"  rate, inflating alone = 1: {medians[peer] / medians['envpack']:.2f}")
    print(f"  peak memory {peak / 2**20:.1f} MiB")
    compare("freeze of the same image again", {"envpack": [cold[2], *cold[3:]]}, rounds=20)
    shutil.rmtree(layout)


def _backtracking(work: Path) -> None:
    bench_backtracking(work, ENVPACK, UV)


def _build(work: Path, size: int = 150 << 20, wheels: Path | None = None) -> None:
    bench_build(work, ENVPACK, UV, measure, size, wheels)


def _unpack(work: Path, size: int = 150 << 20) -> None:
    bench_unpack(work, ENVPACK, size)


SIZED = {"image": bench_image, "build": _build, "unpack": _unpack}
BENCHES = {
    "start": bench_start,
    "freeze": bench_freeze,
    "layer": bench_layer,
    "memory": bench_memory,
    "image": bench_image,
    "build": _build,
    "unpack": _unpack,
    "backtracking": _backtracking,
}


def _bytes(text: str) -> int:
    """Read `500M`, `2G`."""
    return int(float(text[:-1]) * {"M": 1 << 20, "G": 1 << 30}[text[-1]])


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}")
    parser.add_argument("--size", type=_bytes, help="of image, build and unpack: 500M, 10G")
    parser.add_argument(
        "--index-folder",
        type=Path,
        default=Path("build/bench-index"),
        help="recorded project pages of resolve",
    )
    parser.add_argument(
        "--wheels",
        type=Path,
        help="build, audit real wheels, fetched into that folder where it lacks them (2.2 GB)",
    )
    parser.add_argument("--sets", default="", help="of resolve, separated by commas")
    parser.add_argument("--rounds", type=int, default=9, help="of install, resolve")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHES) - {"audit", "install", "resolve"}:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    print(f"{os.cpu_count()} cores; every figure from one run on this machine")
    with tempfile.TemporaryDirectory(prefix="envpack-bench-") as folder:
        os.environ["ENVPACK_CACHE_DIR"] = str(Path(folder) / "cache")
        for name in arguments.names or BENCHES:
            if name == "build" and arguments.wheels:
                arguments.wheels.mkdir(parents=True, exist_ok=True)
                _build(Path(folder), wheels=arguments.wheels.resolve())
            elif name == "audit":
                if not arguments.wheels:
                    parser.error("audit wants --wheels FOLDER")
                arguments.wheels.mkdir(parents=True, exist_ok=True)
                bench_audit(Path(folder), ENVPACK, measure, arguments.wheels.resolve())
            elif name in SIZED and arguments.size:
                SIZED[name](Path(folder), arguments.size)
            elif name == "install":
                bench_install(Path(folder), ENVPACK, UV, measure, arguments.rounds)
            elif name == "resolve":
                sets = [word for word in arguments.sets.split(",") if word]
                bench_resolve(
                    Path(folder), arguments.index_folder.resolve(), ENVPACK, sets, arguments.rounds
                )
            else:
                BENCHES[name](Path(folder))


if __name__ == "__main__":
    main()
