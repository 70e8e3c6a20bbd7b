"""Small wheels, written as PEP 427 says, for tests that must not depend on an index."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import zipfile
from pathlib import Path, PurePosixPath


def _record_hash(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def _quoted(field: str) -> str:
    return f'"{field}"' if "," in field else field


def make_wheel(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    requires_python: str | None = None,
    headers: tuple[str, ...] = (),
    files: dict[str, bytes] | None = None,
    entry_points: str | None = None,
    tag: str = "py3-none-any",
) -> Path:
    """Write ``name-version-tag.whl`` with one module (or ``files``) to ``folder``."""
    stem = name.replace("-", "_")
    dist_info = f"{stem}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    metadata += [f"Requires-Dist: {requirement}\n" for requirement in requires]
    if requires_python is not None:
        metadata.append(f"Requires-Python: {requires_python}\n")
    metadata += [f"{header}\n" for header in headers]
    pure = str(tag.endswith("-any")).lower()
    content = dict(files or {f"{stem}/__init__.py": f'__version__ = "{version}"\n'.encode()})
    content[f"{dist_info}/METADATA"] = "".join(metadata).encode()
    content[f"{dist_info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: {pure}\nTag: {tag}\n".encode()
    )
    if entry_points is not None:
        content[f"{dist_info}/entry_points.txt"] = entry_points.encode()
    return _pack(folder / f"{stem}-{version}-{tag}.whl", dist_info, content)


def wheel_of_installed(folder: Path, name: str) -> Path:
    """Make the wheel again of a package that is installed beside pytest."""
    distribution = importlib.metadata.distribution(name)
    dist_info = next(
        file.parent.name for file in distribution.files or [] if file.name == "METADATA"
    )
    content = {
        str(file): file.read_binary()
        for file in distribution.files or []
        if ".." not in file.parts and "__pycache__" not in file.parts and not _of_installer(file)
    }
    rows = content[f"{dist_info}/WHEEL"].decode().splitlines()
    tags = [row.removeprefix("Tag: ").split("-") for row in rows if row.startswith("Tag: ")]
    tag = "-".join(".".join(dict.fromkeys(parts)) for parts in zip(*tags))
    stem = dist_info.removesuffix(".dist-info")
    return _pack(folder / f"{stem}-{tag}.whl", dist_info, content)


def _of_installer(file: PurePosixPath) -> bool:
    return file.parent.name.endswith(".dist-info") and file.name in {
        "RECORD", "INSTALLER", "REQUESTED", "direct_url.json"
    }  # fmt: skip


def _pack(path: Path, dist_info: str, content: dict[str, bytes]) -> Path:
    record = [
        f"{_quoted(name)},{_record_hash(data)},{len(data)}\n" for name, data in content.items()
    ]
    record.append(f"{dist_info}/RECORD,,\n")
    content[f"{dist_info}/RECORD"] = "".join(record).encode()

    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in content.items():
            info = zipfile.ZipInfo(member, (2024, 1, 1, 0, 0, 0))
            info.external_attr = (0o100755 if ".data/scripts/" in member else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path
