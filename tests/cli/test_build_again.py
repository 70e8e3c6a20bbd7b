"""``envpack build`` for the second time: what is taken from before, and that it is the same."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.command import envpack
from support.layouts import distribution, interpreter, make_layout, member
from support.locks import write_lock
from support.wheels import make_wheel

Report = dict[str, Any]
LARGE = 17 << 20  # a layer of its own from 16 MiB


class Project:
    """Wheels of which a test changes one or the other, and their lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A package to be found, a link on the way to the environment, and a constraints file.
        self.base = make_layout(
            folder / "base",
            [
                *interpreter(),
                member("etc/pip.conf", b"[global]\nconstraint = /etc/pins.txt\n"),
                member("etc/pins.txt", b"good==1.0\nother<3\n"),
            ],
            [*distribution("more", "2.0"), member("data/here", b"", mode=0o644)],
        )
        self.wheels = {
            "big_one": self.wheel("big_one", "1.0"),
            "big_two": self.wheel("big_two", "1.0"),
            **{f"small_{i}": self.wheel(f"small_{i}", "1.0") for i in range(4)},
        }

    def wheel(self, name: str, version: str) -> Path:
        """Write a wheel with a command; one that is called big gets a layer of its own."""
        stem = name.replace("-", "_")
        files = {f"{stem}/__init__.py": f"# {version}\n".encode() * 40, f"{stem}/empty.py": b""}
        if name.startswith("big"):
            block = random.Random(f"{name} {version}").randbytes(1 << 20)
            files[f"{stem}/lib.so"] = (block + bytes(LARGE - len(block)))[:LARGE]
        points = f"[console_scripts]\n{stem} = {stem}:main\n"
        return make_wheel(self.folder / "wheels", name, version, files=files, entry_points=points)

    def change(self, name: str, version: str) -> None:
        self.wheels[name] = self.wheel(name, version)

    def build(self, *options: str, out: str = "out", env: dict[str, str] | None = None) -> Report:
        """Build into a layout that stays; return the report."""
        lock = write_lock(self.folder / "pylock.toml", self.wheels.values())
        return self.build_lock(lock, *options, out=out, env=env)

    def build_lock(
        self, lock: Path, *options: str, out: str = "out", env: dict[str, str] | None = None
    ) -> Report:
        output = f"oci:{self.folder / out}"
        arguments = ["--base", self.base, "-o", output, "--format", "json", *options]
        report = json.loads(envpack("build", lock, *arguments, env=env).stdout)
        return {key: report[key] for key in ("digest", "layers", "notes")}

    def cold(self, *options: str, env: dict[str, str] | None = None) -> Report:
        """Build with a cache and a layout of its own."""
        for name in ("cold", "cold-cache"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        cache = {"ENVPACK_CACHE_DIR": str(self.folder / "cold-cache")}
        return self.build(*options, out="cold", env={**cache, **(env or {})})

    def blobs(self) -> set[str]:
        return {blob.name for blob in (self.folder / "out/blobs/sha256").iterdir()}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def digests(report: Report) -> dict[str, str]:
    return {layer["title"]: layer["digest"] for layer in report["layers"]}


def records(cache: Path) -> Iterator[Path]:
    for kind in ("base-files-v1", "wheel-plans-v1", "layers-v1", "builds-v1"):
        found = [path for path in (cache / kind).rglob("*") if path.is_file()]
        assert found, f"nothing in {kind}"
        yield from found


def test_nothing_is_opened_when_nothing_changed(project: Project) -> None:
    first = project.build()
    lock = project.folder / "pylock.toml"
    # Neither the wheels nor the layers of the base are needed, but for writing what is missing.
    shutil.rmtree(project.folder / "wheels")
    for blob in (project.folder / "base/blobs/sha256").iterdir():
        if b"ustar" in blob.read_bytes()[:512]:
            blob.unlink()
    assert project.build_lock(lock) == first


@pytest.mark.parametrize("name", ["big_one", "big_two", "small_0", "small_2", "small_3"])
def test_a_changed_wheel_changes_its_layer(project: Project, name: str) -> None:
    first = project.build()
    before = project.blobs()
    project.change(name, "1.1")
    # The other layers are not made again: their wheels are not there.
    large = [one for one in project.wheels if one.startswith("big") and one != name]
    lock = write_lock(project.folder / "pylock.toml", project.wheels.values())
    for other in large:
        project.wheels[other].rename(project.folder / other)
    again = project.build_lock(lock)
    for other in large:
        (project.folder / other).rename(project.wheels[other])
    assert again == project.cold()
    same = set(digests(first).values()) & set(digests(again).values())
    assert len(same) == len(first["layers"]) - 1 == 2
    # Beside the layer: config and manifest.
    assert len(project.blobs() - before) == 1 + 2


@pytest.mark.parametrize(
    "options",
    [
        ("--compression", "zstd"),
        ("--compression", "none"),
        ("--layout", "system"),
        ("--layout", "app-root"),
        ("--prefix", "/opt/other"),
        ("--no-constraints",),
    ],
)
def test_an_option_makes_what_a_cold_build_makes(
    project: Project, options: tuple[str, ...]
) -> None:
    first = project.build()
    changed = project.build(*options)
    assert changed == project.cold(*options)
    assert digests(changed) != digests(first)
    assert project.build() == first


def test_the_time_of_files_counts(project: Project) -> None:
    first = project.build()
    later = {"SOURCE_DATE_EPOCH": "1700000000"}
    changed = project.build(env=later)
    assert changed == project.cold(env=later)
    assert not set(digests(changed).values()) & set(digests(first).values())


def test_the_base_counts(project: Project) -> None:
    first = project.build()
    project.base = make_layout(
        project.folder / "base2",
        [*interpreter(), *distribution("another", "3.0"), member("etc/os-release", b"")],
    )
    again = project.build()
    assert again == project.cold()
    # Their files are the same on both; the constraints file names the packages of the base.
    assert [digests(report)["big-one 1.0"] for report in (first, again)] == [
        digests(first)["big-one 1.0"]
    ] * 2
    assert digests(again) != digests(first)
    project.base = make_layout(
        project.folder / "base3", [*interpreter(), member("opt/venv/bin/small_0", b"other")]
    )
    lock = project.folder / "pylock.toml"
    out = f"oci:{project.folder / 'out'}"
    message = envpack("build", lock, "--base", project.base, "-o", out, status=2).stderr
    assert "opt/venv/bin/small_0" in message


def test_a_wheel_that_was_compressed_anew_is_another(project: Project) -> None:
    """Large files are moved as they were compressed, so plain bytes do not decide the blob."""
    first = project.build()
    stored = project.wheels["big_one"]
    with zipfile.ZipFile(stored) as old:
        members = [(info, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for info, data in members:
            new.writestr(info, data, zipfile.ZIP_DEFLATED, 1)
    again = project.build()
    assert again == project.cold()
    one, two = ([layer["diff_id"] for layer in report["layers"]] for report in (first, again))
    assert one == two
    assert digests(first) != digests(again)


def test_random_changes(project: Project) -> None:
    source = random.Random(1)
    small = [name for name in project.wheels if name.startswith("small")]
    for turn in range(6):
        kind = source.randrange(4)
        if kind == 0:
            project.wheels.pop(source.choice([name for name in small if name in project.wheels]))
        elif kind == 1:
            name = f"small_new_{turn}"
            project.wheels[name] = project.wheel(name, "1.0")
        elif kind == 2:
            project.change(source.choice(["big_one", "big_two"]), f"2.{turn}")
        else:
            project.change(source.choice(small), f"2.{turn}")
        options = source.choice([(), ("--compression", "zstd"), ("--no-constraints",)])
        assert project.build(*options) == project.cold(*options)


def test_large_layers_stay_when_small_packages_come_and_go(project: Project) -> None:
    first = digests(project.build())
    project.wheels["a_new_one"] = project.wheel("a_new_one", "1.0")
    more = digests(project.build())
    del project.wheels["small_1"]
    less = digests(project.build())
    for title in ("big-one 1.0", "big-two 1.0"):
        assert first[title] == more[title] == less[title]
    assert len(first) == len(more) == len(less) == 3


@pytest.mark.parametrize("damage", ["missing", "truncated", "empty"])
def test_a_blob_that_is_not_whole_is_made_again(project: Project, damage: str) -> None:
    first = project.build()
    for layer in first["layers"]:
        blob = project.folder / "out/blobs/sha256" / layer["digest"].removeprefix("sha256:")
        whole = blob.read_bytes()
        if damage == "missing":
            blob.unlink()
        else:
            blob.write_bytes(whole[: len(whole) - 1] if damage == "truncated" else b"")
        assert project.build() == first
        assert blob.read_bytes() == whole


@pytest.mark.parametrize("damage", ["flipped", "truncated", "zeroed", "swapped", "writable"])
def test_a_damaged_record_counts_as_none(project: Project, damage: str) -> None:
    first = project.build()
    cache = project.folder / "envpack-cache"
    found = sorted(records(cache))
    swapped = [path.read_bytes() for path in found]
    for i, path in enumerate(found):
        data = bytearray(path.read_bytes())
        if damage == "flipped":
            data[len(data) * 2 // 3] ^= 1
        elif damage == "truncated":
            del data[len(data) // 2 :]
        elif damage == "zeroed":
            data = bytearray(len(data))
        elif damage == "swapped":
            data = bytearray(swapped[i - 1])
        path.write_bytes(data)
        if damage == "writable":
            path.chmod(0o666)
    assert project.build() == first
    project.change("small_1", "1.1")
    assert project.build() == project.cold()


def test_no_cache_makes_everything_anew(project: Project) -> None:
    first = project.build()
    before = {path: path.stat().st_ino for path in records(project.folder / "envpack-cache")}
    assert project.build("--no-cache") == first
    after = {path: path.stat().st_ino for path in records(project.folder / "envpack-cache")}
    assert before.keys() == after.keys()
    assert all(after[path] != before[path] for path in before)
    (project.wheels["small_0"]).unlink()
    lock = project.folder / "pylock.toml"
    arguments = ["--base", project.base, "-o", f"oci:{project.folder / 'out'}"]
    message = envpack("build", lock, *arguments, "--no-cache", status=3).stderr
    assert "small_0" in message
    assert project.build_lock(lock) == first


def test_without_a_cache_nothing_is_kept(project: Project) -> None:
    without = {"ENVPACK_NO_CACHE": "1"}
    first = project.build(env=without)
    assert project.build(env=without) == first == project.build()


def test_other_outputs_are_whole(project: Project) -> None:
    """An archive is written anew each time, so every layer has to be made."""
    first = project.build()
    lock = project.folder / "pylock.toml"
    archive = project.folder / "image.tar"
    for output in (f"oci-archive:{archive}", f"dir:{project.folder / 'image'}"):
        arguments = ["--base", project.base, "-o", output, "--format", "json"]
        report = json.loads(envpack("build", lock, *arguments).stdout)
        assert digests(report) == digests(first)
    assert envpack("verify", f"oci-archive:{archive}").returncode == 0
