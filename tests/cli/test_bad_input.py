"""Bad input: one clear error each, the right exit code, nothing half-written."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import pytest

from support.command import envpack
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

USAGE, OUTSIDE, NEGATIVE = 2, 3, 1


def complaint(*arguments: str | Path, status: int) -> str:
    """Return what the command said; check its form and that standard output stayed empty."""
    result = envpack(*arguments, status=status)
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("error: ") == 1
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize(
    "source", ["/no/such/path", "dir:/no/such/path", "oci:/no/such/path", "python:/no/such/path"]
)
def test_a_path_that_does_not_exist(source: str) -> None:
    assert "/no/such/path" in complaint("freeze", source, status=OUTSIDE)


def test_a_folder_that_is_no_environment(tmp_path: Path) -> None:
    assert str(tmp_path) in complaint("freeze", tmp_path, status=OUTSIDE)


def test_a_folder_that_is_no_image_layout(tmp_path: Path) -> None:
    assert "oci-layout" in complaint("freeze", f"oci:{tmp_path}", status=OUTSIDE)


def test_a_tag_that_the_layout_does_not_have(base_layout: Path) -> None:
    message = complaint("freeze", f"oci:{base_layout}:nope", status=OUTSIDE)
    assert "nope" in message
    assert "latest" in message


@pytest.fixture
def damaged(base_layout: Path, tmp_path: Path) -> Path:
    """A copy of the base whose layer may be changed."""
    return Path(shutil.copytree(base_layout, tmp_path / "damaged"))


def layer_of(layout: Path) -> Path:
    index = json.loads((layout / "index.json").read_text())

    def blob(descriptor: dict[str, str]) -> Path:
        return layout / "blobs" / descriptor["digest"].replace(":", "/")

    manifest = json.loads(blob(index["manifests"][0]).read_text())
    return blob(manifest["layers"][0])


def test_a_missing_blob(damaged: Path) -> None:
    layer = layer_of(damaged)
    layer.unlink()
    assert layer.name in complaint("freeze", f"oci:{damaged}", status=OUTSIDE)


@pytest.mark.parametrize("change", ["flip", "truncate", "append"])
def test_a_corrupt_blob(damaged: Path, change: str) -> None:
    layer = layer_of(damaged)
    data = bytearray(layer.read_bytes())
    if change == "flip":
        data[len(data) // 2] ^= 1
    elif change == "truncate":
        del data[-1000:]
    else:
        data += b"\0"
    layer.write_bytes(bytes(data))
    complaint("freeze", f"oci:{damaged}", status=OUTSIDE)


@pytest.fixture
def lock(base: str, tmp_path: Path) -> Path:
    make_wheel(tmp_path / "wheels", "one", "1.0")
    path = tmp_path / "pylock.toml"
    envpack("resolve", "one", "--base", base, "--no-index", "-f", tmp_path / "wheels", "-o", path)
    return path


def test_a_lock_with_a_changed_hash(lock: Path, tmp_path: Path) -> None:
    text = lock.read_text()
    begin = text.index('sha256 = "') + len('sha256 = "')
    lock.write_text(text[:begin] + "0" * 64 + text[begin + 64 :])
    message = complaint("build", lock, "-o", f"oci:{tmp_path / 'out'}", status=OUTSIDE)
    assert "one-1.0-py3-none-any.whl" in message
    assert not (tmp_path / "out").exists()


def test_a_lock_that_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text("lock-version = 1.0\n[[[")
    complaint("build", tmp_path / "pylock.toml", "-o", f"oci:{tmp_path / 'out'}", status=USAGE)
    assert not (tmp_path / "out").exists()


def test_no_network(base: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]  # free again, so nobody listens there
    url = f"http://user:secret@127.0.0.1:{port}/simple"
    out = tmp_path / "pylock.toml"
    message = complaint("resolve", "numpy", "--base", base, "-i", url, "-o", out, status=OUTSIDE)
    assert f"127.0.0.1:{port}" in message
    assert "secret" not in message
    assert not out.exists()


def test_a_package_that_does_not_exist(base: str, tmp_path: Path) -> None:
    out = tmp_path / "pylock.toml"
    message = complaint(
        "resolve", "no-such-package", "--base", base, "--no-index", "-f", tmp_path, "-o", out,
        status=NEGATIVE,
    )  # fmt: skip
    assert "no-such-package" in message
    assert not out.exists()


def test_a_requirement_line_with_a_typo(base: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# wanted\nnumpy=1.26\n")
    out = tmp_path / "pylock.toml"
    message = complaint(
        "resolve", "-r", tmp_path / "requirements.txt", "--base", base, "-o", out, status=USAGE
    )
    assert "requirements.txt:2" in message
    assert "numpy=1.26" in message
    assert "^" in message
    assert not out.exists()


def test_an_output_that_cannot_be_written(base: str, tmp_path: Path) -> None:
    complaint("freeze", base, "-o", tmp_path / "no" / "such" / "file", status=OUTSIDE)


def test_a_destination_with_something_else_in_it(lock: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/precious").write_text("data")
    complaint("build", lock, "-o", f"oci:{tmp_path / 'out'}", status=USAGE)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["precious"]


@pytest.mark.parametrize(
    "arguments",
    [(), ("freze",), ("freeze", "--format", "xml"), ("resolve",), ("build", "--no-such-option")],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    result = envpack(*arguments, status=USAGE)
    assert result.stderr


def test_transports_that_are_not_read_yet_say_what_to_do() -> None:
    message = complaint("freeze", "docker://nvcr.io/nvidia/pytorch:24.03-py3", status=OUTSIDE)
    assert "hint: " in message
    assert "skopeo copy" in message
