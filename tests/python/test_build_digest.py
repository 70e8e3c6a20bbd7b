"""One input, one digest: whoever builds it, wherever, and from whatever the wheels come."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

import envpack
from support.command import COMMAND
from support.layouts import interpreter, make_layout
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

#: Of the layers of the wheels below, uncompressed, so that they do not hang on the release of a
#: compressor. They change with the layout of layers, which is a change that users see.
GOLDEN = (
    "sha256:4b1090b26b5e834a462ba7288756bb639b59321342f99fa3f40f724131bcee51",
    "sha256:9953c91d48900ab4f3dfb9e720a1b6f572ad8b567bd1f96776428253978b233f",
)


@pytest.fixture
def base(tmp_path: Path) -> str:
    return make_layout(tmp_path / "base", interpreter())


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    command = "[console_scripts]\ntool = tool:main\n"
    make_wheel(folder, "tool", "1.0", requires=("lib",), entry_points=command)
    make_wheel(folder, "lib", "2.0", files={"lib/data.bin": bytes(range(256)) * 80_000})
    return folder


def resolved(folder: Path, base: str, **where: object) -> Path:
    path = folder / "pylock.toml"
    folder.mkdir(exist_ok=True)
    path.write_text(envpack.resolve("tool", base=base, **where).to_toml())  # type: ignore[arg-type]
    return path


def digest_by_command(lock: Path, image: Path, *wrapper: str, **env: str) -> str:
    run = subprocess.run(
        [*wrapper, COMMAND, "build", "--format", "json", lock, "-o", f"oci:{image}"],
        capture_output=True, text=True, check=True, env={**os.environ, **env},
    )  # fmt: skip
    return str(json.loads(run.stdout)["digest"])


def test_the_layers_are_those_of_every_release(base: str, wheels: Path, tmp_path: Path) -> None:
    lock = resolved(tmp_path / "lock", base, find_links=[wheels], no_index=True)
    report = envpack.build(lock, f"oci:{tmp_path / 'image'}", compression="none")
    assert tuple(layer.digest for layer in report.layers) == GOLDEN


def test_one_digest(base: str, wheels: Path, tmp_path: Path) -> None:
    lock = resolved(tmp_path / "from folder", base, find_links=[wheels], no_index=True)
    digests = {
        "Python": str(envpack.build(lock, f"oci:{tmp_path / 'python'}").digest),
        "the same cache": str(envpack.build(lock, f"oci:{tmp_path / 'warm'}").digest),
        "into a folder of blobs": str(envpack.build(lock, f"dir:{tmp_path / 'dir'}").digest),
        "command": digest_by_command(lock, tmp_path / "command"),
        "one processor": digest_by_command(lock, tmp_path / "one", "taskset", "-c", "0"),
        "a cold cache": digest_by_command(
            lock, tmp_path / "cold", ENVPACK_CACHE_DIR=str(tmp_path / "other cache")
        ),
    }
    with simple_index(wheels) as index:
        lock = resolved(tmp_path / "from index", base, index_url=index.url)
        digests["index"] = str(envpack.build(lock, f"oci:{tmp_path / 'index'}").digest)
    assert len(set(digests.values())) == 1, digests
