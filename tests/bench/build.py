"""Building an image of large wheels: the first time, again, and after one small change."""

from __future__ import annotations

import hashlib
import random
import zipfile
import zlib
from base64 import urlsafe_b64encode
from pathlib import Path

_LARGE = 6
_SMALL = 60
_TAG = "py3-none-any"


def _text(source: random.Random, size: int) -> bytes:
    """Bytes that compress as Python source does, by about 3.5."""
    words = [b"self", b"return", b"value", b"    ", b"def ", b"import ", b"None", b"(", b")", b":\n"]
    out = bytearray()
    while len(out) < size:
        out += source.choice(words) + (b"%x " % source.getrandbits(12))
    return bytes(out[:size])


def _library(source: random.Random, size: int) -> bytes:
    """Bytes that compress as native libraries do, by about 2: noise, repetition, zeros."""
    table = source.randbytes(1 << 16)
    out = bytearray()
    while len(out) < size:
        at = source.randrange(1 << 15)
        out += source.randbytes(4096) + table[at : at + 3072] + bytes(1024)
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
