"""Image layouts made of plain tars, for tests that decide every member of every layer."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import subprocess
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Layer:
    """The members of one layer, in their order."""

    members: list[tuple[tarfile.TarInfo, bytes]] = field(default_factory=list)

    def _add(self, path: str, kind: bytes, data: bytes = b"", mode: int = 0o644) -> tarfile.TarInfo:
        info = tarfile.TarInfo(path)
        info.type, info.size, info.mode, info.mtime = kind, len(data), mode, 1_700_000_000
        self.members.append((info, data))
        return info

    def file(self, path: str, data: bytes = b"", mode: int = 0o644) -> Layer:
        """Add a regular file."""
        self._add(path, tarfile.REGTYPE, data, mode)
        return self

    def folder(self, path: str) -> Layer:
        """Add a folder."""
        self._add(path, tarfile.DIRTYPE, mode=0o755)
        return self

    def link(self, path: str, target: str) -> Layer:
        """Add a symbolic link."""
        self._add(path, tarfile.SYMTYPE, mode=0o777).linkname = target
        return self

    def hard_link(self, path: str, target: str) -> Layer:
        """Add another name of a file of this layer."""
        self._add(path, tarfile.LNKTYPE).linkname = target
        return self

    def whiteout(self, path: str) -> Layer:
        """Delete a path of lower layers."""
        folder, _, name = path.rpartition("/")
        return self.file(f"{folder}/.wh.{name}" if folder else f".wh.{name}")

    def opaque(self, folder: str) -> Layer:
        """Hide everything that lower layers have in a folder."""
        return self.file(f"{folder}/.wh..wh..opq")

    def tar(self) -> bytes:
        """Give the plain bytes."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for info, data in self.members:
                archive.addfile(info, io.BytesIO(data))
        return buffer.getvalue()


def gzipped(plain: bytes) -> bytes:
    """Compress with one gzip member."""
    return gzip.compress(plain, 6, mtime=0)


def multi_member(plain: bytes) -> bytes:
    """Compress with a gzip member for every 3,000 bytes."""
    return b"".join(gzipped(plain[i : i + 3000]) for i in range(0, len(plain), 3000))


def zstandard(plain: bytes) -> bytes:
    """Compress with the zstd command."""
    done = subprocess.run(["zstd", "-q", "-c"], input=plain, capture_output=True, check=True)
    return done.stdout


#: What turns a layer's tar into a blob, and the suffix of its media type.
ENCODINGS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "plain": (bytes, ""),
    "gzip": (gzipped, "+gzip"),
    "multi-member gzip": (multi_member, "+gzip"),
    "zstd": (zstandard, "+zstd"),
}


def program() -> bytes:
    """Give the head of an x86_64 program, as far as it is looked at."""
    head = bytearray(64 + 56)
    head[0:7] = b"\x7fELF\x02\x01\x01"
    head[16], head[18], head[32], head[54], head[56] = 2, 62, 64, 56, 1
    return bytes(head) + b"3.11.2\0"


def write_layout(
    folder: Path,
    layers: Iterable[Layer],
    encoding: str = "gzip",
    tag: str = "latest",
    variables: tuple[str, ...] = (),
    comments: tuple[str, ...] = (),
    architecture: str = "amd64",
    created_by: str = "test",
) -> Path:
    """Write an OCI image layout with one image.

    ``variables`` stand beside its PATH; ``comments`` are those of the history, lowest layer first.
    """
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(media_type: str, data: bytes) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    compress, suffix = ENCODINGS[encoding]
    tars = [layer.tar() for layer in layers]
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/bin:/bin", *variables]},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars],
        },
        "history": [
            {"created_by": created_by, **({"comment": comment} if comment else {})}
            for _, comment in itertools.zip_longest(tars, comments, fillvalue="")
        ],
    }
    kind = "application/vnd.oci.image"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": put(f"{kind}.config.v1+json", json.dumps(config).encode()),
        "layers": [put(f"{kind}.layer.v1.tar{suffix}", compress(tar)) for tar in tars],
    }
    entry = put(f"{kind}.manifest.v1+json", json.dumps(manifest).encode())
    entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return folder
