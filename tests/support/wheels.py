"""Small wheels, written as PEP 427 says, for tests that must not depend on an index."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path


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
    record = [
        f"{_quoted(path)},{_record_hash(data)},{len(data)}\n" for path, data in content.items()
    ]
    record.append(f"{dist_info}/RECORD,,\n")
    content[f"{dist_info}/RECORD"] = "".join(record).encode()

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in content.items():
            info = zipfile.ZipInfo(member, (2024, 1, 1, 0, 0, 0))
            info.external_attr = (0o100755 if ".data/scripts/" in member else 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return path
