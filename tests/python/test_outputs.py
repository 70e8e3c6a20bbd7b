"""Where `build` writes to: archives, loaded by programs that are not ours."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

import envpack
from support.command import envpack as command
from support.engines import Engine, skopeo_inspect
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture(scope="module")
def lock(base: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lock")
    make_wheel(
        folder, "tool", "1.0",
        files={"tool.py": b"def main():\n    print('tool runs')\n"},
        entry_points="[console_scripts]\ntool = tool:main\n",
    )  # fmt: skip
    path = folder / "pylock.toml"
    path.write_text(
        envpack.resolve("tool", base=base, find_links=[folder], no_index=True).to_toml()
    )
    return path


@pytest.mark.parametrize("form", ["oci-archive", "docker-archive"])
def test_an_archive_is_the_image_of_the_layout(lock: Path, tmp_path: Path, form: str) -> None:
    layout = envpack.build(lock, f"oci:{tmp_path / 'image'}")
    file = tmp_path / "new" / "image.tar"
    report = envpack.build(lock, f"{form}:{file}:app:1")
    assert report.digest == layout.digest
    assert [layer.diff_id for layer in report.layers] == [layer.diff_id for layer in layout.layers]
    frozen = {p.name for p in envpack.freeze(f"{form}:{file}:app:1").packages}
    assert frozen == {p.name for p in envpack.freeze(f"oci:{tmp_path / 'image'}").packages}
    # Both forms are layouts; skopeo agrees on the digest.
    name = "app:1" if form == "oci-archive" else "docker.io/library/app:1"
    assert json.loads(skopeo_inspect(f"oci-archive:{file}:{name}"))["Digest"] == report.digest


def test_a_docker_archive_is_what_skopeo_expects(lock: Path, tmp_path: Path) -> None:
    file = tmp_path / "image.tar"
    envpack.build(lock, f"docker-archive:{file}:registry.example/team/app:1", env={"A": "b"})
    seen = json.loads(skopeo_inspect(f"docker-archive:{file}"))
    assert "A=b" in seen["Env"]
    with tarfile.open(file) as tar:
        names = tar.getnames()
        entry = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]
    assert entry[0]["RepoTags"] == ["registry.example/team/app:1"]
    assert names[:3] == ["oci-layout", "index.json", "manifest.json"]
    assert names[3:] == sorted(names[3:])


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("docker-archive:{}:app", "docker.io/library/app:latest"),
        ("oci-archive:{}:registry.example/team/app:1", "registry.example/team/app:1"),
    ],
)
def test_podman_loads_and_runs_it(
    lock: Path, tmp_path: Path, engine: Engine, output: str, name: str
) -> None:
    if engine.name != "podman":
        pytest.skip("podman cannot run containers here")
    file = tmp_path / "image.tar"
    envpack.build(lock, output.format(file))
    assert name in engine.podman("load", "--quiet", "--input", str(file))
    assert engine.run(name, "tool") == "tool runs\n"


def test_skopeo_reads_the_image_folder(lock: Path, tmp_path: Path) -> None:
    folder, layout = tmp_path / "out/image", f"oci:{tmp_path / 'layout'}:latest"
    report = envpack.build(lock, f"dir:{folder}")
    assert report.digest == envpack.build(lock, layout).digest
    assert skopeo_inspect(f"dir:{folder}") == skopeo_inspect(layout)
    assert skopeo_inspect(f"dir:{folder}", "--config") == skopeo_inspect(layout, "--config")
    # The files are those that skopeo itself writes, so every blob was read and found right.
    subprocess.run(["skopeo", "copy", "--quiet", layout, f"dir:{tmp_path / 'theirs'}"], check=True)
    ours, theirs = (
        {p.name: p.read_bytes() for p in place.iterdir()} for place in (folder, tmp_path / "theirs")
    )
    assert ours == theirs
    subprocess.run(
        ["skopeo", "copy", "--quiet", f"dir:{folder}", f"oci:{tmp_path / 'back'}:latest"],
        check=True,
    )
    # In the place of another image, of which nothing is left.
    (folder / ("0" * 64)).write_text("an old blob")
    envpack.build(lock, f"dir:{folder}")
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == theirs
    assert [p.name for p in folder.parent.iterdir()] == ["image"]


def test_a_folder_with_other_content_is_no_place_for_an_image(lock: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    result = command("build", lock, "-o", f"dir:{tmp_path}", status=2)
    assert "rule: oci.not-an-image-folder" in result.stderr
    assert (tmp_path / "mine").read_text() == "x"


@pytest.mark.parametrize("form", ["oci-archive", "docker-archive"])
def test_twice_gives_the_same_bytes(lock: Path, tmp_path: Path, form: str) -> None:
    files = [tmp_path / "a.tar", tmp_path / "b.tar"]
    for file, zone in zip(files, ("Asia/Tokyo", "UTC")):
        command("build", lock, "-o", f"{form}:{file}:app:1", env={"TZ": zone})
    assert files[0].read_bytes() == files[1].read_bytes()
    os.utime(files[0], (0, 0))
    command("build", lock, "-o", f"{form}:{files[0]}:app:1")  # in the place of the old one
    assert files[0].read_bytes() == files[1].read_bytes()
    assert sorted(tmp_path.glob("**/.*")) == []


def test_the_base_may_be_the_archive_that_is_replaced(
    lock: Path, base: str, tmp_path: Path
) -> None:
    file = tmp_path / "base.tar"
    subprocess.run(["skopeo", "copy", "--quiet", base, f"oci-archive:{file}:base"], check=True)
    expected = envpack.build(lock, f"oci:{tmp_path / 'image'}", base=f"oci-archive:{file}")
    assert envpack.build(lock, f"oci-archive:{file}", base=f"oci-archive:{file}").digest == (
        expected.digest
    )
    assert "tool" in envpack.freeze(f"oci-archive:{file}")


@pytest.mark.parametrize(
    ("output", "status", "expected"),
    [
        ("docker://registry.example/app", 3, "cannot write to `docker://registry.example/app`"),
        ("freeze:x", 3, "cannot write to `freeze:x`"),
        ("oci-archive:{folder}", 2, "is a folder"),
        ("oci:{folder}/x:a__b", 2, "rule: oci.tag"),
        ("oci-archive:{folder}/x.tar:-a", 2, "rule: oci.tag"),
        ("docker-archive:{folder}/x.tar:a__b:1", 2, "rule: oci.tag"),
        ("docker-archive:{folder}/x.tar:app/UPPER", 2, "rule: oci.reference"),
        ("docker-archive:{folder}/x.tar:app@sha256:" + "0" * 64, 2, "rule: oci.reference"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_work(
    lock: Path, tmp_path: Path, output: str, status: int, expected: str
) -> None:
    text = output.format(folder=tmp_path)
    result = command("build", lock, "-o", text, "--base", "oci:/no/base", status=status)
    assert expected in result.stderr
    assert list(tmp_path.glob("x.tar")) == []
