"""Inputs of the benchmarks: environments and images of a chosen size, the same each time."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path
from random import Random

# Quartiles of METADATA sizes in a data-science environment: a few large descriptions, many small.
_METADATA_SIZES = (1_200, 2_500, 4_500, 7_000, 12_000, 38_000)
_WORDS = [
    "array",
    "tensor",
    "layer",
    "model",
    "index",
    "parse",
    "fast",
    "simple",
    "python",
    "library",
    "tool",
    "data",
]


def make_venv(folder: Path) -> None:
    """Make a virtual environment with pip."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)


def _site(venv: Path) -> Path:
    return next((venv / "lib").glob("python3.*/site-packages"))


def _payload(random: Random, size: int) -> bytes:
    """Bytes that compress about as well as native libraries: half noise, half repetition."""
    block = random.randbytes(8192) + bytes(random.choices(b"\0\1\2\3 abcdef", k=8192))
    return b"".join(random.randbytes(8192) + block[8192:] for _ in range(size // len(block)))


def make_distributions(venv: Path, count: int, random: Random, payload: int = 0) -> None:
    """Install ``count`` generated distributions, as an installer would leave them."""
    site = _site(venv)
    for number in range(count):
        name = f"{random.choice(_WORDS)}_{random.choice(_WORDS)}_{number:03}"
        version = f"{random.randint(0, 9)}.{random.randint(0, 30)}.{random.randint(0, 9)}"
        requires = "".join(
            f"Requires-Dist: {random.choice(_WORDS)}-{random.randint(0, 99)}>=1.{i}\n"
            for i in range(random.randint(0, 12))
        )
        size = random.choice(_METADATA_SIZES)
        text = " ".join(random.choices(_WORDS, k=size // 6))
        files = {
            f"{name}/__init__.py": b"VERSION = 1\n",
            f"{name}-{version}.dist-info/METADATA": (
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}\n{text}\n"
            ).encode(),
            f"{name}-{version}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
            b"Tag: py3-none-any\n",
            f"{name}-{version}.dist-info/INSTALLER": b"pip\n",
        }
        if payload:
            files[f"{name}/native.so"] = _payload(random, payload)
        record = []
        for path, data in files.items():
            target = site / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{path},sha256={digest},{len(data)}\n")
        record.append(f"{name}-{version}.dist-info/RECORD,,\n")
        (site / f"{name}-{version}.dist-info/RECORD").write_text("".join(record))


def python_members() -> list[tuple[tarfile.TarInfo, bytes]]:
    """Give this machine's Python as tar members, as far as reading needs it."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    members: list[tuple[tarfile.TarInfo, bytes]] = []
    for path, data in {
        f"usr/bin/python{version}": Path(sys.executable).resolve().read_bytes(),
        f"usr/lib/python{version}/os.py": b"",
    }.items():
        info = tarfile.TarInfo(path)
        info.size, info.mode = len(data), 0o755
        members.append((info, data))
    for link in ("python3", "python"):
        info = tarfile.TarInfo(f"usr/bin/{link}")
        info.type, info.linkname = tarfile.SYMTYPE, f"python{version}"
        members.append((info, b""))
    for folder in ("usr/lib/python3/dist-packages", "opt"):
        info = tarfile.TarInfo(folder)
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        members.append((info, b""))
    return members


def make_image(layout: Path) -> Path:
    """Make an image layout of one layer: this machine's Python, as far as reading needs it."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, data in python_members():
            tar.addfile(info, BytesIO(data))
    layer = buffer.getvalue()
    diff_id = hashlib.sha256(gzip.decompress(layer)).hexdigest()
    blobs = layout / "blobs/sha256"
    blobs.mkdir(parents=True)

    def blob(data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    oci = "application/vnd.oci.image"
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/usr/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{oci}.manifest.v1+json",
        "config": blob(json.dumps(config).encode(), f"{oci}.config.v1+json"),
        "layers": [blob(layer, f"{oci}.layer.v1.tar+gzip")],
    }
    entry = blob(json.dumps(manifest).encode(), f"{oci}.manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return layout
