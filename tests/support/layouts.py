"""Image layouts with layers of exactly the tar members that a test names."""

from __future__ import annotations

import hashlib
import json
import tarfile
from io import BytesIO
from pathlib import Path

_OCI = "application/vnd.oci.image"
#: Where Debian's Python looks.
SITE = "usr/lib/python3/dist-packages"
#: The torch of NGC's PyTorch 24.04: a pre-release with a local part.
NGC_TORCH = "2.3.0a0+6ddf5cf85e.nv24.4"

Member = tuple[tarfile.TarInfo, bytes]


def member(
    name: str,
    data: bytes = b"",
    *,
    kind: bytes = tarfile.REGTYPE,
    link: str = "",
    mode: int = 0o644,
) -> Member:
    """Return one tar member; nothing about its name is checked or mended."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode, info.size = kind, link, mode, len(data)
    return info, data


def python() -> list[Member]:
    """Return the members that make a base with a Python 3.11 and one package called ``good``."""
    return [
        member("usr/bin/python3.11", Path("/bin/true").read_bytes(), mode=0o755),
        member("usr/bin/python3", kind=tarfile.SYMTYPE, link="python3.11"),
        member("usr/lib/python3.11/os.py"),
        *distribution("good", "1.0"),
    ]


def distribution(name: str, version: str) -> list[Member]:
    """Return a dist-info folder in SITE."""
    folder = f"{SITE}/{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\n".encode()
    return [
        member(f"{folder}/METADATA", metadata),
        member(f"{folder}/INSTALLER", b"pip\n"),
        member(f"{folder}/RECORD"),
    ]


def interpreter() -> list[Member]:
    """Return a Python 3.11 whose C library has a version, 2.36, and ``good``."""
    loader = member("lib64/ld-linux-x86-64.so.2", kind=tarfile.SYMTYPE, link="ld-2.36.so")
    return [*python(), member("lib64/ld-2.36.so"), loader]


def installed(
    name: str, version: str, *requires: str, extras: tuple[str, ...] = ()
) -> list[Member]:
    """Return a distribution with a module and a RECORD."""
    info = f"{name}-{version}.dist-info"
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    head += "".join(f"Requires-Dist: {one}\n" for one in requires)
    head += "".join(f"Provides-Extra: {one}\n" for one in extras)
    record = f"{name}/__init__.py,,\n{info}/METADATA,,\n{info}/RECORD,,\n"
    return [
        member(f"{SITE}/{info}/INSTALLER", b"pip\n"),
        member(f"{SITE}/{info}/METADATA", head.encode()),
        member(f"{SITE}/{info}/RECORD", record.encode()),
        member(f"{SITE}/{name}/__init__.py", f"VERSION = {version!r}\n".encode()),
    ]


def make_layout(folder: Path, *layers: list[Member]) -> str:
    """Write an image of plain tar layers; return it as a source text."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    descriptors = []
    for layer in layers:
        text = BytesIO()
        with tarfile.open(fileobj=text, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for info, data in layer:
                tar.addfile(info, BytesIO(data))
        descriptors.append(put(text.getvalue(), f"{_OCI}.layer.v1.tar"))
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [d["digest"] for d in descriptors]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": put(json.dumps(config).encode(), f"{_OCI}.config.v1+json"),
        "layers": descriptors,
    }
    entry = put(json.dumps(manifest).encode(), f"{_OCI}.manifest.v1+json")
    entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    index = {"schemaVersion": 2, "manifests": [entry]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return f"oci:{folder}:latest"
