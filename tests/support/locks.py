"""Lock files of wheels that lie beside them, written as PEP 751 says."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def write_lock(lock: Path, wheels: Iterable[Path]) -> Path:
    """Write a pylock.toml that names ``wheels`` by their path below its folder, and by sha256."""
    text = 'lock-version = "1.0"\ncreated-by = "tests"\n'
    for wheel in wheels:
        name, version = wheel.name.split("-")[:2]
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        text += (
            f'\n[[packages]]\nname = "{name.replace("_", "-")}"\nversion = "{version}"\n'
            f'wheels = [{{name = "{wheel.name}", path = "{wheel.relative_to(lock.parent)}", '
            f'size = {wheel.stat().st_size}, hashes = {{sha256 = "{digest}"}}}}]\n'
        )
    lock.write_text(text)
    return lock
