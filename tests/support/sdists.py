"""Projects in source form whose build needs nothing from any index: the backend lies in them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

#: A PEP 517 backend in one file. Each build adds a line to the file that BUILD_LOG names.
_BACKEND = """
import base64, hashlib, os, zipfile

NAME, VERSION, REQUIRES, FAILS = {name!r}, {version!r}, {requires!r}, {fails!r}

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    if FAILS:
        raise SystemExit("cannot find the header frobnicate.h")
    if os.environ.get("BUILD_LOG"):
        with open(os.environ["BUILD_LOG"], "a") as log:
            log.write(NAME + "\\n")
    stem = NAME.replace("-", "_")
    dist_info = stem + "-" + VERSION + ".dist-info/"
    metadata = "Metadata-Version: 2.1\\nName: " + NAME + "\\nVersion: " + VERSION + "\\n"
    metadata += "".join("Requires-Dist: " + one + "\\n" for one in REQUIRES)
    content = {{
        stem + "/__init__.py": "",
        dist_info + "METADATA": metadata,
        dist_info + "WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\n"
                             "Root-Is-Purelib: true\\nTag: py3-none-any\\n",
    }}
    record = ""
    for path, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += path + ",sha256=" + digest.decode() + "," + str(len(text)) + "\\n"
    content[dist_info + "RECORD"] = record + dist_info + "RECORD,,\\n"
    filename = stem + "-" + VERSION + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as wheel:
        for path, text in content.items():
            wheel.writestr(path, text)
    return filename

build_editable = build_wheel
"""

_PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def make_project(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    fails: bool = False,
) -> Path:
    """Write a project folder; ``fails`` makes its build end with a message."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(_PYPROJECT)
    (folder / "backend.py").write_text(
        _BACKEND.format(name=name, version=version, requires=requires, fails=fails)
    )
    return folder


def make_sdist(
    folder: Path,
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    says_so: bool = False,
    fails: bool = False,
) -> Path:
    """Write ``name-version.tar.gz``; with ``says_so`` its PKG-INFO is final (PEP 643)."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    project = make_project(folder / f".{stem}", name, version, requires=requires, fails=fails)
    info = f"Metadata-Version: {'2.2' if says_so else '2.1'}\nName: {name}\nVersion: {version}\n"
    if says_so:
        info += "".join(f"Requires-Dist: {one}\n" for one in requires)
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        members = {one.name: one.read_bytes() for one in project.iterdir()}
        for member, data in {"PKG-INFO": info.encode(), **members}.items():
            entry = tarfile.TarInfo(f"{stem}/{member}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path
