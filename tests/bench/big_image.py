"""A large image layout of files of this machine: what layers hold, and as compressible."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from io import BytesIO
from itertools import cycle
from pathlib import Path

from bench.inputs import python_members

_KIND = "application/vnd.oci.image"


def _files_of_this_machine(limit: int) -> list[tuple[str, bytes]]:
    """Give files of Python and shared libraries, up to ``limit`` bytes."""
    folders = [sysconfig.get_paths()["stdlib"], "/usr/lib", "/usr/share", "/usr/bin"]
    found: list[tuple[str, bytes]] = []
    total = 0
    for folder in folders:
        share = 0
        for path in sorted(Path(folder).rglob("*")):
            if share > limit // len(folders):
                break
            if path.is_symlink() or not path.is_file() or path.stat().st_size > 32 << 20:
                continue
            try:
                data = path.read_bytes()
            except OSError:
                continue
            found.append((str(path).lstrip("/"), data))
            share += len(data)
        total += share
    if not total:
        sys.exit("nothing to fill an image with")
    return found


def _layer_sizes(total: int, count: int) -> list[int]:
    """Share ``total`` as images do: a few layers hold most, and the largest is among the last."""
    weights = [1 + 40 * (i % 10 == 8) + 60 * (i == count - 3) for i in range(count)]
    return [total * weight // sum(weights) for weight in weights]


def _write_tar(path: Path, number: int, size: int, files: Iterator[tuple[str, bytes]]) -> str:
    """Write the tar of one layer; return its digest."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        if number == 0:
            for info, data in python_members():
                tar.addfile(info, BytesIO(data))
        members: list[tuple[str, bytes]] = [
            (
                f"usr/lib/python3/dist-packages/package_{number}-1.{number}.dist-info/METADATA",
                f"Metadata-Version: 2.1\nName: package-{number}\nVersion: 1.{number}\n".encode(),
            )
        ]
        written = 0
        laps: dict[str, int] = {}  # so that a layer holds a file again under another folder only
        while True:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, BytesIO(data))
                written += len(data) + 512
            if written >= size:
                break
            name, data = next(files)
            laps[name] = laps.get(name, 0) + 1
            members = [(f"opt/layer{number}/{laps[name]}/{name}", data)]
    with path.open("rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def _compress(path: Path) -> Path:
    """Compress with gzip -6 to one member, as engines do."""
    packed = path.with_suffix(".gz")
    with packed.open("wb") as out:
        if shutil.which("pigz"):
            subprocess.run(["pigz", "-6", "-n", "-c", path], stdout=out, check=True)
        else:
            with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=0) as stream:
                stream.write(path.read_bytes())
    path.unlink()
    return packed


def make_big_image(layout: Path, size: int, count: int = 40) -> list[Path]:
    """Make a layout of ``size`` plain bytes in ``count`` gzip layers; return their blobs."""
    blobs = layout / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(kind: str, data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": f"{_KIND}.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    files = cycle(_files_of_this_machine(min(size, 400 << 20)))
    diff_ids, layers, paths = [], [], []
    for number, share in enumerate(_layer_sizes(size, count)):
        tar = layout / f"{number}.tar"
        diff_ids.append(f"sha256:{_write_tar(tar, number, share, files)}")
        packed = _compress(tar)
        descriptor = put("layer.v1.tar+gzip", packed.read_bytes())
        packed.unlink()
        layers.append(descriptor)
        paths.append(blobs / str(descriptor["digest"])[7:])
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["PATH=/usr/bin"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_KIND}.manifest.v1+json",
        "config": put("config.v1+json", json.dumps(config).encode()),
        "layers": layers,
    }
    entry = put("manifest.v1+json", json.dumps(manifest).encode())
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    return paths
