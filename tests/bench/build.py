"""Building an image of large wheels: the first time, again, and after one small change."""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from functools import partial
from multiprocessing import Pool
from pathlib import Path

from support.layouts import interpreter, make_layout
from support.locks import write_lock

Measure = Callable[[list[str]], tuple[float, int]]

_LARGE = 6
_SMALL = 60
# With large native libraries, as in images for GPUs: 3.6 GB in 1.9 GB of wheels.
_REAL = (
    "torch==2.5.1",
    "triton==3.1.0",
    "nvidia-cublas-cu12==12.4.5.8",
    "nvidia-cudnn-cu12==9.1.0.70",
    "numpy==2.1.3",
)
_TAG = "py3-none-any"
# Of envpack and of each peer, the better counts: where memory is given back to the host of a
# virtual machine, a run that gets fresh pages is up to a third slower than the next.
_FIRST_ROUNDS = 2


def _text(source: random.Random, size: int) -> bytes:
    """Bytes that compress as Python source does, by about 3.5."""
    words = b"self return value def import None class for in if not".split()
    out = bytearray()
    while len(out) < size:
        out += source.choice(words) + (b" %x\n    " % source.getrandbits(12))
    return bytes(out[:size])


def _library(source: random.Random, size: int) -> bytes:
    """Bytes that compress as native libraries do, by about 2: noise, repetition, zeros."""
    table = source.randbytes(4096)
    out = bytearray()
    while len(out) < size:
        at = source.randrange(1024)
        out += source.randbytes(3072) + table[at : at + 3072] + bytes(1024)
    return bytes(out[:size])


def make_wheel(folder: Path, name: str, version: str, files: dict[str, bytes]) -> Path:
    """Write a wheel of ``files``."""
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {_TAG}\n".encode(),
    }
    rows = []
    for path, data in files.items():
        digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{path},sha256={digest},{len(data)}\n")
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{name}-{version}-{_TAG}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=zlib.Z_BEST_SPEED) as out:
        for path, data in files.items():
            out.writestr(zipfile.ZipInfo(path), data, zipfile.ZIP_DEFLATED)
    return wheel


def small_wheel(folder: Path, number: int, version: str) -> Path:
    """Write one of the small wheels: 20 modules, 0.4 MB."""
    source = random.Random(f"{number} {version}")
    name = f"small_{number:02}"
    modules = {f"{name}/m{i:02}.py": _text(source, 20_000) for i in range(20)}
    return make_wheel(folder, name, version, modules)


def large_wheel(folder: Path, number: int, size: int) -> Path:
    """Write one of the large wheels: a few libraries and 1,500 modules."""
    source = random.Random(number)
    name = f"large_{number:02}"
    files = {f"{name}/s{i:04}.py": _text(source, 4_000) for i in range(1500)}
    for i in range(4):
        files[f"{name}/lib{i}.so"] = _library(source, max(size - 6_000_000, 1 << 20) // 4)
    return make_wheel(folder, name, "1.0", files)


def real_wheels(folder: Path, wheels: Path) -> list[Path]:
    """Give real wheels below ``wheels``; fetch what ``folder`` lacks from pip's own index."""
    if len(list(folder.glob("*.whl"))) < len(_REAL):
        platforms = ("manylinux1_x86_64", "manylinux2014_x86_64", "manylinux_2_28_x86_64")
        subprocess.run(
            [
                sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir",
                "--only-binary=:all:", "--python-version=3.11", "--implementation=cp",
                *(f"--platform={platform}" for platform in platforms), "--dest", folder, *_REAL,
            ],
            check=True,
        )  # fmt: skip
    wheels.mkdir(parents=True)
    return [Path(shutil.copy(wheel, wheels)) for wheel in sorted(folder.glob("*.whl"))]


def make_inputs(folder: Path, size: int, real: Path | None = None) -> None:
    """Make wheels of ``size`` plain bytes, a lock of them, one with a small change, and a base."""
    wheels = folder / "wheels"
    with Pool() as pool:
        large = (
            pool.map(partial(large_wheel, wheels, size=size // _LARGE), range(_LARGE))
            if real is None
            else real_wheels(real, wheels)
        )
        small = pool.map(partial(small_wheel, wheels, version="1.0"), range(_SMALL))
    write_lock(folder / "pylock.toml", large + small)
    changed = [*small[: _SMALL // 2], *small[_SMALL // 2 + 1 :]]
    changed.append(small_wheel(folder / "changed", _SMALL // 2, "1.1"))
    write_lock(folder / "changed.toml", large + changed)
    make_layout(folder / "base", interpreter())


def _inflate_all(wheels: list[Path]) -> tuple[float, int, int]:
    """Inflate every member with libdeflate, in this process; give seconds, plain, packed bytes."""
    name = ctypes.util.find_library("deflate")
    if name is None:
        return 0.0, 0, 0
    library = ctypes.CDLL(name)
    library.libdeflate_alloc_decompressor.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.libdeflate_alloc_decompressor())
    seconds, plain, packed = 0.0, 0, 0
    for wheel in wheels:
        data = wheel.read_bytes()
        with zipfile.ZipFile(wheel) as archive:
            members = archive.infolist()
        for member in members:
            if member.compress_type != zipfile.ZIP_DEFLATED:
                continue  # stored: of folders, of libraries that are packed already
            at = member.header_offset
            begin = (
                at + 30 + sum(int.from_bytes(data[at + i : at + i + 2], "little") for i in (26, 28))
            )
            source = data[begin : begin + member.compress_size]
            out = ctypes.create_string_buffer(max(member.file_size, 1))
            start = time.perf_counter()
            status = library.libdeflate_deflate_decompress(
                handle, source, ctypes.c_size_t(len(source)), out,
                ctypes.c_size_t(member.file_size), None,
            )  # fmt: skip
            seconds += time.perf_counter() - start
            if status != 0:
                sys.exit(f"{member.filename} of {wheel.name} cannot be inflated")
            plain += member.file_size
        packed += len(data)
    library.libdeflate_free_decompressor(handle)
    return seconds, plain, packed


def _limit(wheels: list[Path]) -> float:
    """Print what inflating and hashing alone would take here; return the seconds."""
    inflate, plain, packed = _inflate_all(wheels)
    block = random.Random(0).randbytes(64 << 20)
    start = time.perf_counter()
    hashlib.sha256(block).digest()
    rate = len(block) / (time.perf_counter() - start)
    if not plain:
        print("  no libdeflate: no limit")
        return 0.0
    # Each file against RECORD and the tar for its diff_id; the wheel and the blob.
    work = inflate + (2 * plain + 2 * packed) / rate
    cores = os.cpu_count() or 1
    print(
        f"  limit: inflate {plain / inflate / 1e9:.2f} GB/s, SHA-256 {rate / 1e9:.2f} GB/s a core;"
        f" all of it on {cores} cores {work / cores:.2f} s, the hash of the tars in one thread"
        f" {plain / rate:.2f} s"
    )
    return work / cores


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def bench_build(
    work: Path, envpack: str, uv: str, measure: Measure, size: int, real: Path | None = None
) -> None:
    """Build an image of a lock: the first time, again, and with one small package changed."""
    folder = work / "build"
    make_inputs(folder, size, real)
    wheels = sorted((folder / "wheels").iterdir())
    plain = sum(info.file_size for wheel in wheels for info in zipfile.ZipFile(wheel).infolist())
    packed = sum(wheel.stat().st_size for wheel in wheels)
    print(f"\nbuild of {len(wheels)} wheels, {plain / 1e9:.2f} GB, {packed / 1e9:.2f} GB packed")
    out = folder / "out"

    def build(lock: str, *options: str) -> list[str]:
        base, output = f"oci:{folder / 'base'}", f"oci:{out}"
        return [envpack, "build", str(folder / lock), "--base", base, "-o", output, *options]

    def show(title: str, runs: list[tuple[float, int]], size: int | None = None) -> float:
        seconds, peak = min(runs)
        shown = "" if size is None else f"  {size / 1e6:9.1f} MB, {size / plain:.3f} of plain"
        print(f"  {seconds * 1000:9.1f} ms  peak {peak / 2**20:7.1f} MiB  {title:34}{shown}")
        return seconds

    blobs = out / "blobs/sha256"
    first = []
    for _ in range(_FIRST_ROUNDS):
        shutil.rmtree(out, ignore_errors=True)
        shutil.rmtree(os.environ["ENVPACK_CACHE_DIR"], ignore_errors=True)
        os.sync()  # no run waits for what another one wrote
        first.append(measure(build("pylock.toml")))
    first_time = show(f"envpack, first, best of {_FIRST_ROUNDS}", first, _size_of(out))
    show("envpack, nothing changed", [measure(build("pylock.toml")) for _ in range(9)])
    before = {blob.name for blob in blobs.iterdir()}
    changed = measure(build("changed.toml"))
    new = [blob for blob in blobs.iterdir() if blob.name not in before]
    show("envpack, one small package changed", [changed], sum(b.stat().st_size for b in new))
    print(f"    of {len(new)} new blobs two are the config and the manifest")
    show("envpack, --no-cache", [measure(build("pylock.toml", "--no-cache"))])
    print(f"    the first build has {_limit(wheels) / first_time:.2f} of the limit")
    _peers(folder, uv, measure, show, first_time)
    shutil.rmtree(folder)


def _peers(
    folder: Path,
    uv: str,
    measure: Measure,
    show: Callable[[str, list[tuple[float, int]], int], float],
    first: float,
) -> None:
    """What others need from the same wheels to one compressed layer, unpacked on the way."""
    tree, layer = folder / "tree", folder / "layer"
    install = (
        f"rm -rf {tree}; {uv} pip install --quiet --offline --no-index --no-deps --no-config "
        f"--python {sys.executable} --target {tree} "
        f"--find-links {folder / 'wheels'} {folder / 'wheels'}/*.whl"
    )
    storage = folder / "buildah"
    buildah = f"buildah --root {storage}/root --runroot {storage}/run --storage-driver vfs"
    pack = {
        "pigz": f"tar -C {tree} -cf - . | pigz -6 > {layer}",
        "zstd": f"tar -C {tree} -cf - . | zstd -3 -T2 -q > {layer}",
        "umoci": f"rm -rf {layer}; cp -r {folder / 'base'} {layer} && "
        f"umoci insert --image {layer}:latest {tree} /opt/venv",
        "buildah": f"rm -rf {layer}; c=$({buildah} from scratch) && "
        f"{buildah} add -q $c {tree} /opt/venv && "
        f"{buildah} commit -q --disable-compression=false $c oci:{layer}:latest",
    }
    for tool, command in pack.items():
        if not shutil.which(tool) or not shutil.which(uv):
            print(f"  not on this machine: {tool} or uv")
            continue
        cache = folder / f"uv-{tool}"  # as new as envpack's
        os.environ["UV_CACHE_DIR"] = str(cache)
        runs = []
        for _ in range(_FIRST_ROUNDS):
            for place in (cache, tree, storage):  # of gigabytes
                shutil.rmtree(place, ignore_errors=True)
            os.sync()
            runs.append(measure(["sh", "-c", f"{install} && {command}"]))
        size = layer.stat().st_size if layer.is_file() else _size_of(layer)
        seconds = show(f"uv pip install, {tool}", runs, size)
        print(f"    {seconds / first:.1f} x the first build")
        for place in (cache, tree, storage):
            shutil.rmtree(place, ignore_errors=True)
