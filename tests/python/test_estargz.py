"""eStargz layers: held to their specification, and plain layers for everybody else."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.command import COMMAND
from support.command import envpack as command
from support.engines import skopeo_inspect
from support.estargz import LANDMARK, TOC_DIGEST, TOC_NAME, check
from support.layouts import interpreter, make_layout
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return make_layout(tmp_path_factory.mktemp("base") / "base", interpreter())


@pytest.fixture(scope="module")
def lock(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lock")
    noise = random.Random(1)
    make_wheel(
        folder, "large", "1.0", requires=("small",),
        files={
            "large/lib.so": noise.randbytes(17_000_000),  # DEFLATE data of the wheel, one chunk
            "large/__init__.py": b"",
            "large/data.txt": b"a line of text\n" * 9000,
        },
    )  # fmt: skip
    make_wheel(
        folder, "small", "1.0",
        files={f"small/m{i}.py": f"number = {i}\n".encode() * i for i in range(40)},
        entry_points="[console_scripts]\nsmall = small.m1:main\n",
    )  # fmt: skip
    path = folder / "pylock.toml"
    path.write_text(
        envpack.resolve("large", base=base, find_links=[folder], no_index=True).to_toml()
    )
    return path


def added_layers(image: Path, report: envpack.BuildReport) -> list[tuple[bytes, dict[str, str]]]:
    """Give the blob and the annotations of each layer that was added."""
    manifest = json.loads(skopeo_inspect(f"oci:{image}:latest", "--raw"))
    ours = manifest["layers"][-len(report.layers) :]
    return [
        ((image / "blobs" / layer["digest"].replace(":", "/")).read_bytes(), layer["annotations"])
        for layer in ours
    ]


def test_every_file_is_where_the_table_of_contents_says(lock: Path, tmp_path: Path) -> None:
    report = envpack.build(lock, f"oci:{tmp_path / 'image'}", estargz=True)
    seen = [check(*layer) for layer in added_layers(tmp_path / "image", report)]
    assert len(seen) == 2
    assert seen[0].files == 6 + 2  # of the wheel as installed, its pin, and the landmark
    assert seen[0].chunks == seen[0].files


def test_large_files_that_we_compress_are_in_chunks(base: str, tmp_path: Path) -> None:
    noise = random.Random(2)
    (tmp_path / "data").mkdir()
    for name, size in {"exact": 2 << 20, "more": (2 << 20) + 1, "small": 17, "empty": 0}.items():
        (tmp_path / "data" / name).write_bytes(noise.randbytes(size))
    (tmp_path / "data/link").symlink_to("small")
    image = tmp_path / "image"
    added = [(tmp_path / "data", "/data")]
    report = envpack.build(None, f"oci:{image}", base=base, add=added, estargz=True)
    [layer] = added_layers(image, report)
    seen = check(*layer)
    assert (seen.files, seen.chunks) == (4, 2 + 3 + 1 + 1)


def test_a_long_table_of_contents_is_one_gzip_member(base: str, tmp_path: Path) -> None:
    for i in range(3000):
        path = tmp_path / "data" / f"{i % 7}" / f"{i:05}-{'x' * 60}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % i)
    image = tmp_path / "image"
    added = [(tmp_path / "data", "/data")]
    report = envpack.build(None, f"oci:{image}", base=base, add=added, estargz=True)
    [layer] = added_layers(image, report)
    assert check(*layer).files == 3001
    assert check(*layer).toc_size > 1 << 20


def test_the_blobs_do_not_depend_on_threads_or_caches(lock: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    first = envpack.build(lock, f"oci:{image}", estargz=True)
    again = envpack.build(lock, f"oci:{image}", estargz=True)  # from the records
    fresh = envpack.build(lock, f"oci:{image}", estargz=True, no_cache=True)
    one = subprocess.run(
        ["taskset", "-c", "0", COMMAND, "build", lock, "-o", f"oci:{tmp_path / 'one'}",
         "--estargz", "--no-cache", "--format=json"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    digests = {first.digest, again.digest, fresh.digest, json.loads(one.stdout)["digest"]}
    assert len(digests) == 1
    assert [layer[1].keys() for layer in added_layers(image, again)] == [
        layer[1].keys() for layer in added_layers(image, first)
    ]
    # An image without it is another one, and neither takes the other's layers for its own.
    plain = envpack.build(lock, f"oci:{image}")
    assert {x.diff_id for x in plain.layers}.isdisjoint(x.diff_id for x in first.layers)
    assert envpack.build(lock, f"oci:{image}", estargz=True).digest == first.digest


def test_verify_builds_it_again(lock: Path, tmp_path: Path) -> None:
    image = f"oci:{tmp_path / 'image'}"
    envpack.build(lock, image, estargz=True)
    report = envpack.verify(image, lock).to_dict()
    assert report["problems"] == []
    assert report["same_digest"] is True


def test_inspect_and_diff_know_the_table_of_contents(lock: Path, tmp_path: Path) -> None:
    with_toc, without = f"oci:{tmp_path / 'with'}", f"oci:{tmp_path / 'without'}"
    report = envpack.build(lock, with_toc, estargz=True)
    envpack.build(lock, without)
    layers: Any = envpack.inspect(with_toc).to_dict()["layers"]
    annotations = [layer[1] for layer in added_layers(tmp_path / "with", report)]
    assert [layer["estargz_toc"] for layer in layers] == [
        *[None] * (len(layers) - 2),
        *[each[TOC_DIGEST] for each in annotations],
    ]
    different: Any = envpack.diff(with_toc, without).to_dict()
    assert different["files"] == []
    assert different["packages"] == []


def test_a_false_table_of_contents_is_found(lock: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    envpack.build(lock, f"oci:{image}", estargz=True)
    index = json.loads((image / "index.json").read_text())
    path = image / "blobs" / index["manifests"][0]["digest"].replace(":", "/")
    manifest = json.loads(path.read_text())
    manifest["layers"][-1]["annotations"][TOC_DIGEST] = "sha256:" + "0" * 64
    data = json.dumps(manifest).encode()
    changed = subprocess.run(["sha256sum"], input=data, capture_output=True, check=True).stdout
    digest = changed.decode().split()[0]
    (image / "blobs/sha256" / digest).write_bytes(data)
    index["manifests"][0].update(digest=f"sha256:{digest}", size=len(data))
    (image / "index.json").write_text(json.dumps(index))
    result = command("verify", f"oci:{image}", status=1)
    assert "verify.estargz-toc" in result.stdout
    # Then they are files as all others.
    different: Any = envpack.diff(f"oci:{image}", f"oci:{image}").to_dict()
    assert different["files"] == []


@pytest.mark.parametrize("name", [TOC_NAME, LANDMARK, ".prefetch.landmark"])
def test_a_file_with_a_name_of_estargz_is_refused(base: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    result = command(
        "build", "--base", base, "--add", f"{tmp_path / 'file'}:/{name}", "--estargz",
        "-o", f"oci:{tmp_path / 'image'}", cwd=tmp_path, status=2,
    )  # fmt: skip
    assert "rule: layer.estargz-name" in result.stderr
    assert not (tmp_path / "image").exists()
    # Elsewhere, and without --estargz, it is a name as any other.
    add = [(tmp_path / "file", f"/data/{name}")]
    envpack.build(None, f"oci:{tmp_path / 'image'}", base=base, add=add, estargz=True)


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_it_is_gzip(lock: Path, tmp_path: Path, compression: str) -> None:
    output = f"oci:{tmp_path / 'image'}"
    result = command(
        "build", lock, "-o", output, "--estargz", "--compression", compression, status=2
    )
    assert "rule: build.estargz-compression" in result.stderr
    assert not (tmp_path / "image").exists()


def test_a_virtual_environment_too(base: str, tmp_path: Path) -> None:
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the base has Python 3.11")
    make_wheel(tmp_path / "wheels", "lib", "1.0")
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", venv, "install", "--quiet", "--no-index",
         "-f", tmp_path / "wheels", "lib"],
        check=True,
    )  # fmt: skip
    image = tmp_path / "image"
    report = envpack.build(venv, f"oci:{image}", base=base, estargz=True)
    assert sum(check(*layer).files for layer in added_layers(image, report)) > 5
