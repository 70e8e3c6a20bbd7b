"""Builds that are cut short: the layout is old or new, and the same command finishes the work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

import envpack
from support.command import COMMAND
from support.layouts import interpreter, make_layout
from support.wheels import make_wheel

pytestmark = [
    pytest.mark.usefixtures("no_index"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

#: System calls that change a file, a folder or what a disk has of them.
_CHANGING = """
openat openat2 write pwrite64 writev fsync fdatasync syncfs renameat2 renameat rename linkat link
unlinkat unlink mkdirat mkdir symlinkat ftruncate fallocate copy_file_range sendfile
"""
CHANGING = _CHANGING.split()
MOST_CALLS = 300


@dataclass
class Build:
    """A lock, two versions of it, and where it is built to."""

    folder: Path
    old: Path
    new: Path
    digests: tuple[str, str]
    files: set[Path]  # of a layout that had the old image and got the new one

    @property
    def image(self) -> str:
        return f"oci:{self.folder / 'image'}"

    def command(self) -> list[str | Path]:
        return [COMMAND, "build", "--format", "json", self.new, "-o", self.image]

    def start_over(self) -> None:
        """Put the old image there, and nothing into the cache."""
        for name in ("image", "cache"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.folder / "image.old", self.folder / "image")

    def run(self, *wrapper: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*wrapper, *self.command()], capture_output=True, text=True, check=False, timeout=120,
            env={**os.environ, "ENVPACK_CACHE_DIR": str(self.folder / "cache")},
        )  # fmt: skip

    def has(self) -> str:
        """Give the digest of the image that is there, every byte of it verified."""
        report = envpack.verify(self.image)
        assert report.ok, report
        return str(report.digest)


def _lock(folder: Path, name: str, base: str, *wanted: str) -> Path:
    path = folder / f"pylock.{name}.toml"
    files = folder / "files"
    path.write_text(
        envpack.resolve(*wanted, base=base, find_links=[files], no_index=True).to_toml()
    )
    return path


@pytest.fixture
def build(tmp_path: Path) -> Build:
    base = make_layout(tmp_path / "base", interpreter())
    for version in ("1.0", "2.0"):
        body = (f"# {version}\n" * 3000).encode()
        make_wheel(tmp_path / "files", "lib", version, files={"lib.py": body})
    make_wheel(tmp_path / "files", "tool", "1.0", requires=("lib",))
    old = _lock(tmp_path, "old", base, "lib==1.0")
    new = _lock(tmp_path, "new", base, "tool")
    one = envpack.build(old, f"oci:{tmp_path / 'image.old'}")
    two = envpack.build(new, f"oci:{tmp_path / 'image.new'}")
    made = Build(tmp_path, old, new, (str(one.digest), str(two.digest)), set())
    made.start_over()
    assert made.run().returncode == 0
    made.files = {p.relative_to(tmp_path / "image") for p in (tmp_path / "image").rglob("*")}
    return made


def _cut(build: Build, fault: str, call: str, point: int) -> tuple[int, str, bool]:
    """Run the build with a fault at that call; give its status, what it said, and if it met it."""
    build.start_over()
    trace = build.folder / "trace"
    run = build.run(
        "strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={call}",
        "-e", f"inject={call}:{fault}:when={point}",
    )  # fmt: skip
    return run.returncode, run.stderr, "INJECTED" in trace.read_text() or run.returncode < 0


def _check_repeated(build: Build, at: object) -> None:
    again = build.run()
    assert again.returncode == 0, (at, again.stderr)
    assert json.loads(again.stdout)["digest"] == build.digests[1], at
    assert build.has() == build.digests[1], at
    # What was cut short left nothing: the old blobs and the new ones, and the index.
    files = {p.relative_to(build.folder / "image") for p in (build.folder / "image").rglob("*")}
    assert files == build.files, at


@pytest.mark.parametrize("call", CHANGING)
def test_killed_at_every_call(build: Build, call: str) -> None:  # X1
    for point in range(1, MOST_CALLS):
        status, _, was_met = _cut(build, "signal=KILL", call, point)
        assert build.has() in build.digests, (call, point)
        if not was_met:
            assert status == 0
            return
        _check_repeated(build, (call, point))
    pytest.fail(f"more than {MOST_CALLS} calls of {call}")


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        ("write", "ENOSPC", "No space left on device"),
        ("pwrite64", "ENOSPC", "No space left on device"),
        ("write", "EIO", "Input/output error"),
        ("fdatasync", "EIO", "Input/output error"),
        ("fsync", "EIO", "Input/output error"),
        ("openat", "EROFS", ""),
        ("openat", "EMFILE", ""),
        ("mkdir", "EROFS", "Read-only file system"),
        ("mkdir", "ENOSPC", "No space left on device"),
        ("rename", "EIO", "Input/output error"),
        ("unlink", "EIO", ""),
    ],
)
def test_an_error_at_every_call(  # X3, X4
    build: Build, call: str, error: str, text: str
) -> None:
    for point in range(1, MOST_CALLS):
        status, said, was_met = _cut(build, f"error={error}", call, point)
        # An error after the image was published, such as of the last fsync, is still one.
        assert build.has() in build.digests[0 if status else 1 :], (call, point)
        if not was_met:
            assert status == 0
            return
        # Without an error only where nothing is lost, as by an entry of the cache.
        # Calls are counted by thread: the write of the message may fail as well.
        assert status == 0 or text in said or (call == "write" and not said), (call, point, said)
        _check_repeated(build, (call, point))
    pytest.fail(f"more than {MOST_CALLS} calls of {call}")


def test_an_interrupted_write_is_repeated(build: Build) -> None:  # X4
    for point in range(1, 8):
        assert _cut(build, "error=EINTR", "write", point)[0] == 0, point


def test_many_builds_at_once_into_one_layout(build: Build) -> None:  # X11
    build.start_over()
    environment = {**os.environ, "ENVPACK_CACHE_DIR": str(build.folder / "cache")}
    running = [
        subprocess.Popen(
            build.command(), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(32)
    ]  # fmt: skip
    ends = [(*process.communicate(timeout=300), process.returncode) for process in running]
    assert [status for _, _, status in ends] == [0] * 32, [said for _, said, _ in ends if said]
    assert {json.loads(out)["digest"] for out, _, _ in ends} == {build.digests[1]}
    _check_repeated(build, "32 at once")


def test_nothing_can_be_written(build: Build) -> None:  # X5
    build.start_over()
    limited = build.run("prlimit", "--fsize=512")
    assert limited.returncode != 0
    assert "File too large" in limited.stderr, limited.stderr
    assert build.has() == build.digests[0]
    _check_repeated(build, "files of at most 512 bytes")
