"""Builds of some dozens of wheels that are killed at random: nothing has to be cleaned up."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import envpack
from support.command import COMMAND
from support.engines import skopeo_inspect
from support.layouts import interpreter, make_layout
from support.simple_index import simple_index
from support.wheels import make_wheel

SEED = 20261122
SMALL, LARGE = 40, 3
#: As many plain bytes as give a wheel a layer of its own.
LARGE_SIZE = 20 << 20
#: Every so many kills the command is repeated to its end.
REPEATED = 5

Descriptor = dict[str, object]


def _make_wheels(folder: Path, source: random.Random) -> list[str]:
    """Write wheels of noise and of text, two versions of some; give what to ask for."""
    for number in range(SMALL):
        for version in ("1.0", "2.0") if number % 4 == 0 else ("1.0",):
            files = {
                f"small_{number}/m{i}.py": f"# {version}\n".encode() * 500 + source.randbytes(9000)
                for i in range(12)
            }
            make_wheel(folder, f"small-{number}", version, files=files)
    for number in range(LARGE):
        block = source.randbytes(LARGE_SIZE // 4)
        files = {f"large_{number}/lib.so": block + bytes(LARGE_SIZE - len(block))}
        make_wheel(folder, f"large-{number}", "1.0", files=files)
    return [*(f"small-{i}" for i in range(SMALL)), *(f"large-{i}" for i in range(LARGE))]


def _read_blob(layout: Path, descriptor: Descriptor) -> bytes:
    digest = str(descriptor["digest"]).removeprefix("sha256:")
    data = (layout / "blobs/sha256" / digest).read_bytes()
    assert len(data) == descriptor["size"], digest
    assert hashlib.sha256(data).hexdigest() == digest
    return data


@functools.cache
def _diff_id(blob: bytes, media_type: str) -> str:
    plain = gzip.decompress(blob) if media_type.endswith("gzip") else blob
    return f"sha256:{hashlib.sha256(plain).hexdigest()}"


def read_layout(layout: Path) -> str:
    """Give the digest of the image, every blob that it names verified, by no code of envpack."""
    assert json.loads((layout / "oci-layout").read_text())["imageLayoutVersion"] == "1.0.0"
    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(_read_blob(layout, entry))
    config = json.loads(_read_blob(layout, manifest["config"]))
    diff_ids = config["rootfs"]["diff_ids"]
    assert len(diff_ids) == len(manifest["layers"])
    for descriptor, diff_id in zip(manifest["layers"], diff_ids):
        assert diff_id == _diff_id(_read_blob(layout, descriptor), descriptor["mediaType"])
    return str(entry["digest"])


@dataclass
class Project:
    """Two locks over one base, and the image that is built of them in turn."""

    folder: Path
    locks: tuple[Path, Path]
    digests: tuple[str, str] = ("", "")

    def command(self, lock: Path, layout: str) -> list[str | Path]:
        return [COMMAND, "build", "--format", "json", lock, "-o", f"oci:{self.folder / layout}"]

    def run(self, which: int, layout: str) -> str:
        """Build to the end; give the digest."""
        run = subprocess.run(
            self.command(self.locks[which], layout), capture_output=True, text=True, check=False,
            timeout=120, env={**os.environ, "ENVPACK_CACHE_DIR": str(self.folder / "cache")},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return str(json.loads(run.stdout)["digest"])

    def kill(self, which: int, delay: float) -> bool:
        """Build, and kill whatever it started after so long; False when it was done before."""
        with subprocess.Popen(
            self.command(self.locks[which], "image"), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "ENVPACK_CACHE_DIR": str(self.folder / "cache")},
        ) as process:  # fmt: skip
            try:
                status = process.wait(timeout=delay)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                status = process.wait()
        assert status in {0, -signal.SIGKILL}
        return status != 0

    def forget(self, name: str) -> None:
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def start(self, which: int, source: random.Random) -> str:
        """Prepare a build: of an empty folder or another image, with or without a cache."""
        ways = ["nothing", "another image", "a cache", "another image and a cache", "what was left"]
        way = source.choice(ways)
        if way != "what was left":
            self.forget("image")
        if "cache" not in way and way != "what was left":
            self.forget("cache")
        if "image" in way:
            shutil.copytree(self.folder / f"expected{1 - which}", self.folder / "image")
        return way

    def files(self, layout: str) -> set[str]:
        top = self.folder / layout
        return {str(p.relative_to(top)) for p in top.rglob("*")}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("wheels")
    return folder, _make_wheels(folder, random.Random(SEED))


@pytest.fixture
def project(wheels: tuple[Path, list[str]], tmp_path: Path, no_index: None) -> Iterator[Project]:
    del no_index
    folder, names = wheels
    base = make_layout(tmp_path / "base", interpreter())
    older = [f"{name}==1.0" for name in names]
    with simple_index(folder) as index:
        locks = []
        for number, wanted in enumerate((older, names)):
            path = tmp_path / f"pylock.{number}.toml"
            path.write_text(envpack.resolve(*wanted, base=base, index_url=index.url).to_toml())
            locks.append(path)
        yield Project(tmp_path, (locks[0], locks[1]))


def _kill_often(project: Project, kills: int) -> None:
    source = random.Random(SEED)
    took = _build_undisturbed(project)
    print(f"seed {SEED}; builds from nothing take {took[0]:.2f} s and {took[1]:.2f} s")
    counts: Counter[str] = Counter()
    done = 0
    while done < kills:
        which = source.randrange(2)
        way = project.start(which, source)
        index = project.folder / "image/index.json"
        before = index.exists()
        if not project.kill(which, source.uniform(0.0, took[which])):
            counts["done before"] += 1
            continue
        done += 1
        counts[f"from {way}"] += 1
        assert index.exists() or not before
        if index.exists():
            found = read_layout(project.folder / "image")
            assert found in project.digests, done
            counts["new image" if found == project.digests[which] else "old image"] += 1
            if done % 10 == 0:
                seen = skopeo_inspect(f"oci:{project.folder / 'image'}")
                assert json.loads(seen)["Digest"] == found
        if done % REPEATED == 0 or done == kills:
            _repeat(project, which, source.choice(["image", "other"]))
    print(f"{done} kills: {dict(sorted(counts.items()))}")


def _build_undisturbed(project: Project) -> list[float]:
    """Build both images from nothing; give the seconds that each took."""
    digests, took = [], []
    for which in (0, 1):
        project.forget("cache")
        begin = time.perf_counter()
        digests.append(project.run(which, f"expected{which}"))
        took.append(time.perf_counter() - begin)
        assert read_layout(project.folder / f"expected{which}") == digests[which]
    assert digests[0] != digests[1]
    project.digests = (digests[0], digests[1])
    return took


def _repeat(project: Project, which: int, layout: str) -> None:
    """Repeat a build that was killed, with its cache: into its layout, or a new one."""
    assert project.run(which, layout) == project.digests[which], layout
    assert read_layout(project.folder / layout) == project.digests[which]
    # Blobs of the two images and the index: what was cut short left nothing.
    leftover = project.files(layout) - project.files("expected0") - project.files("expected1")
    assert not leftover
    project.forget("other")


def test_30_kills(project: Project) -> None:  # X1
    _kill_often(project, 30)


@pytest.mark.slow
def test_200_kills(project: Project) -> None:  # X1
    _kill_often(project, 200)
