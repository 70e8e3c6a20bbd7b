"""One tree, however it is layered, compressed and packed, has one inventory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from support.command import envpack
from support.images import ENCODINGS, Layer, gzipped, program, write_layout, zstandard

SITE = "usr/lib/python3/dist-packages"
LOCAL = "usr/local/lib/python3.11/dist-packages"

Files = dict[str, bytes]


def dist(folder: str, name: str, version: str, *, installer: str = "pip") -> Files:
    """Give the files of one installed distribution."""
    path = f"{folder}/{name}-{version}.dist-info"
    module = f"{folder}/{name.lower()}.py"
    return {
        f"{path}/INSTALLER": f"{installer}\n".encode(),
        f"{path}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Dist: six>=1\n\n"
        ).encode(),
        f"{path}/RECORD": f"{Path(module).name},,\n".encode(),
        module: f"__version__ = '{version}'\n".encode(),
    }


PYTHON: Files = {"usr/bin/python3.11": program(), "usr/lib/python3.11/os.py": b""}
LINKS = {
    "usr/bin/python3": "python3.11",
    "lib": "usr/lib",
    # A site directory that is a link, and below it the real one.
    LOCAL: "../../share/site",
}
REAL_LOCAL = "usr/local/share/site"
FINAL: Files = {
    **PYTHON,
    **dist(SITE, "PyYAML", "6.0.1", installer="debian"),
    **dist(SITE, "six", "1.16.0"),
    **dist(REAL_LOCAL, "numpy", "1.26.4"),
    **dist(REAL_LOCAL, "Jinja2", "3.1.4"),
    **dist(REAL_LOCAL, "linked", "2.0"),
}


def add(layer: Layer, files: Files) -> Layer:
    """Add files, the programs executable."""
    for path, data in files.items():
        layer.file(path, data, 0o755 if "/bin/" in path else 0o644)
    return layer


def one_layer() -> list[Layer]:
    layer = add(Layer(), FINAL)
    for path, target in LINKS.items():
        layer.link(path, target)
    return [layer]


def twenty_layers() -> list[Layer]:
    """Reach the same tree by ways that images take."""
    layers = [
        Layer().folder("usr").folder("usr/bin").link("lib", "usr/lib"),
        add(Layer(), PYTHON).link("usr/bin/python3", "python3.11"),
        # Installed, then removed file by file.
        add(Layer(), dist(SITE, "removed", "1.0")),
        add(Layer(), dist(SITE, "PyYAML", "6.0.1", installer="debian")),
        Layer().whiteout(f"{SITE}/removed-1.0.dist-info").whiteout(f"{SITE}/removed.py"),
        # Installed, then upgraded.
        add(Layer(), dist(SITE, "six", "1.15.0")),
        add(Layer().whiteout(f"{SITE}/six-1.15.0.dist-info"), dist(SITE, "six", "1.16.0")),
        # A folder that becomes a link: what was in it is gone.
        add(Layer(), dist(LOCAL, "below", "9.9")),
        Layer().folder(REAL_LOCAL),
        Layer().link(LOCAL, "../../share/site"),
        # Written through the link, as tar members of a later layer may be.
        add(Layer(), dist(LOCAL, "numpy", "1.26.3")),
        add(
            Layer().whiteout(f"{REAL_LOCAL}/numpy-1.26.3.dist-info"),
            dist(REAL_LOCAL, "numpy", "1.26.4"),
        ),
        # Hidden at once with everything else in the folder.
        add(Layer(), dist("opt/old", "hidden", "1.0")),
        add(Layer(), {f"{REAL_LOCAL}/Jinja2-3.1.4.dist-info/METADATA": b"Name: wrong\n"}),
        add(
            Layer().opaque(f"{REAL_LOCAL}/Jinja2-3.1.4.dist-info"),
            dist(REAL_LOCAL, "Jinja2", "3.1.4"),
        ),
        Layer().whiteout("opt/old"),
        # Hard links: the second name is the file that counts.
        hard_linked(),
        # Replaced by a file, then by the folder again.
        Layer().file(f"{SITE}/six-1.16.0.dist-info", b"no folder"),
        add(Layer().whiteout(f"{SITE}/six-1.16.0.dist-info"), dist(SITE, "six", "1.16.0")),
        Layer().folder("tmp"),
    ]
    assert len(layers) == 20
    return layers


def hard_linked() -> Layer:
    layer = Layer()
    for path, data in dist(REAL_LOCAL, "linked", "2.0").items():
        store = f"var/store/{path.replace('/', '_')}"
        layer.file(store, data).hard_link(path, store)
    return layer


STACKS = {"one layer": one_layer, "twenty layers": twenty_layers}


def inventory(source: str | Path) -> dict[str, Any]:
    """Freeze; leave out what the way of packing decides."""
    document: dict[str, Any] = json.loads(envpack("freeze", str(source), "--format", "json").stdout)
    document.pop("source")
    document.pop("digest", None)
    for group in ("packages", "skipped"):
        for package in document[group]:
            package.pop("layer", None)
    return document


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The inventory of the tree as a folder."""
    root = tmp_path_factory.mktemp("tree")
    for path, data in FINAL.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        file.chmod(0o755)
    for path, target in LINKS.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    document = inventory(f"dir:{root}")
    names = [package["name"] for package in document["packages"]]
    assert names == ["jinja2", "linked", "numpy", "pyyaml", "six"]
    return document


def skopeo(*arguments: str) -> None:
    if not shutil.which("skopeo"):
        pytest.skip("skopeo is not installed")
    subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", *arguments], check=True)


def packed(layout: Path, archive: Path) -> Path:
    with tarfile.open(archive, "w") as tar:
        for path in sorted(layout.iterdir()):
            tar.add(path, path.name)
    return archive


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("stack", STACKS)
def test_a_layout_and_its_archives(
    stack: str, encoding: str, expected: dict[str, Any], tmp_path: Path
) -> None:
    layout = write_layout(tmp_path / "layout", STACKS[stack](), encoding)
    assert inventory(f"oci:{layout}") == expected
    archive = packed(layout, tmp_path / "own.tar")
    assert inventory(f"oci-archive:{archive}:latest") == expected
    for name, compress in {"own.tar.gz": gzipped, "own.tar.zst": zstandard}.items():
        (tmp_path / name).write_bytes(compress(archive.read_bytes()))
        assert inventory(f"oci-archive:{tmp_path / name}") == expected


@pytest.mark.parametrize("stack", STACKS)
def test_archives_of_skopeo(stack: str, expected: dict[str, Any], tmp_path: Path) -> None:
    layout = write_layout(tmp_path / "layout", STACKS[stack](), "gzip")
    oci = tmp_path / "oci.tar"
    skopeo(f"oci:{layout}:latest", f"oci-archive:{oci}:registry.example/x/y:v1")
    assert inventory(f"oci-archive:{oci}") == expected
    assert inventory(f"oci-archive:{oci}:registry.example/x/y:v1") == expected
    docker = tmp_path / "docker.tar"
    skopeo(f"oci:{layout}:latest", f"docker-archive:{docker}:debian:12")
    for name in ("", ":debian:12", ":docker.io/library/debian:12", ":@0"):
        assert inventory(f"docker-archive:{docker}{name}") == expected
    (tmp_path / "docker.tar.gz").write_bytes(gzipped(docker.read_bytes()))
    assert inventory(f"docker-archive:{tmp_path / 'docker.tar.gz'}") == expected


def test_docker_save_as_it_is_now(expected: dict[str, Any], tmp_path: Path) -> None:
    """Make both a layout and an archive of docker save, with compressed layers, as engines do."""
    layout = write_layout(tmp_path / "layout", twenty_layers())
    index = json.loads((layout / "index.json").read_text())
    blobs = layout / "blobs" / "sha256"
    manifest = json.loads((blobs / index["manifests"][0]["digest"][7:]).read_text())

    def path(descriptor: dict[str, str]) -> str:
        return "blobs/sha256/" + descriptor["digest"][7:]

    entry = {
        "Config": path(manifest["config"]),
        "RepoTags": ["debian:12"],
        "Layers": [path(layer) for layer in manifest["layers"]],
    }
    (layout / "manifest.json").write_text(json.dumps([entry]))
    archive = packed(layout, tmp_path / "save.tar")
    assert inventory(f"docker-archive:{archive}:debian:12") == expected
    assert inventory(f"oci-archive:{archive}:latest") == expected


def test_the_same_image_has_the_same_digest(tmp_path: Path) -> None:
    layout = write_layout(tmp_path / "layout", one_layer())
    archive = packed(layout, tmp_path / "own.tar")
    digests = {
        json.loads(envpack("freeze", source, "--format", "json").stdout)["digest"]
        for source in (f"oci:{layout}", f"oci-archive:{archive}")
    }
    assert len(digests) == 1


def test_several_images_need_a_name(tmp_path: Path) -> None:
    layout = write_layout(tmp_path / "layout", one_layer(), tag="one")
    other = write_layout(tmp_path / "other", one_layer()[:0], tag="two")
    index = json.loads((layout / "index.json").read_text())
    index["manifests"] += json.loads((other / "index.json").read_text())["manifests"]
    (layout / "index.json").write_text(json.dumps(index))
    shutil.copytree(other / "blobs", layout / "blobs", dirs_exist_ok=True)
    archive = packed(layout, tmp_path / "own.tar")
    failed = envpack("freeze", f"oci-archive:{archive}", status=2).stderr
    assert "holds 2 images" in failed
    assert "one, two" in failed
    failed = envpack("freeze", f"oci-archive:{archive}:three", status=3).stderr
    assert "available: one, two" in failed
    assert envpack("freeze", f"oci-archive:{archive}:one").stdout


def test_what_is_no_such_archive_says_what_it_is(tmp_path: Path) -> None:
    layout = write_layout(tmp_path / "layout", one_layer())
    archive = packed(layout, tmp_path / "own.tar")
    failed = envpack("freeze", f"docker-archive:{archive}", status=3).stderr
    assert f"hint: name it oci-archive:{archive}" in failed
    assert "No such file" in envpack("freeze", "oci-archive:/no/such", status=3).stderr
    (tmp_path / "text").write_text("no tar" * 1000)
    assert "tar.checksum" in envpack("freeze", f"oci-archive:{tmp_path / 'text'}", status=2).stderr


def cache_entries(cache: Path) -> list[Path]:
    return sorted(path for path in (cache / "inventories-v1").glob("*/*") if path.is_file())


@pytest.fixture
def cached(tmp_path: Path) -> tuple[Path, str]:
    """Give a layout that was frozen once, and its inventory."""
    layout = write_layout(tmp_path / "layout", twenty_layers())
    return layout, envpack("freeze", f"oci:{layout}", "--format", "json").stdout


def break_layers(layout: Path) -> None:
    """Make every layer unreadable; manifest and config stay."""
    for blob in (layout / "blobs" / "sha256").iterdir():
        if not blob.read_bytes().startswith(b"{"):
            blob.write_bytes(b"broken")


def test_the_second_freeze_reads_no_layer(cached: tuple[Path, str], tmp_path: Path) -> None:
    layout, first = cached
    archive = packed(layout, tmp_path / "own.tar")
    break_layers(layout)
    assert envpack("freeze", f"oci:{layout}", "--format", "json").stdout == first
    # Another place of the same image, under its own name.
    again = json.loads(envpack("freeze", f"oci-archive:{archive}", "--format", "json").stdout)
    assert again == {**json.loads(first), "source": f"oci-archive:{archive}"}
    assert len(cache_entries(tmp_path / "envpack-cache")) == 1
    # Other options are another question.
    envpack("freeze", f"oci:{layout}", "--constraints", status=3)
    envpack("freeze", f"oci:{layout}", "--python", "/usr/bin/python3", status=3)
    envpack("freeze", f"oci:{layout}", env={"ENVPACK_NO_CACHE": "1"}, status=3)


def test_the_cuda_of_a_base_is_kept_beside_its_inventory(tmp_path: Path) -> None:
    loader = b"/opt/ld-2.31.so"
    python = bytearray(program()[:120])
    python[64], python[72], python[96] = 3, 120, len(loader) + 1
    toolkit: Files = {
        "usr/local/cuda/version.json": b'{"cuda": {"version": "12.8.1"}}',
        # Which wheels fit is told by the loader that the program names.
        "usr/bin/python3.11": bytes(python) + loader + b"\0" + b"3.11.2\0",
        loader.decode().lstrip("/"): b"",
    }
    layout = write_layout(tmp_path / "layout", [*one_layer(), add(Layer(), toolkit)])
    empty = tmp_path / "empty"
    empty.mkdir()
    asked = ("resolve", "six", "--base", f"oci:{layout}", "--gpu", "H100", "--no-index",
             "--find-links", str(empty), "--format", "json")  # fmt: skip
    first = envpack(*asked)
    assert "the image's CUDA 12.8" in first.stderr
    whole = envpack("index-url", "--base", f"oci:{layout}").stdout
    break_layers(layout)
    again = envpack(*asked)
    assert (again.stdout, again.stderr) == (first.stdout, first.stderr)
    assert envpack("index-url", "--base", f"oci:{layout}").stdout == whole
    # The same inventory serves freeze.
    assert envpack("freeze", f"oci:{layout}", "--format", "json").stdout


def test_a_bad_cache_entry_is_no_entry(cached: tuple[Path, str], tmp_path: Path) -> None:
    layout, first = cached
    (entry,) = cache_entries(tmp_path / "envpack-cache")
    good = entry.read_bytes()
    other = tmp_path / "other"

    def frozen() -> str:
        return envpack("freeze", f"oci:{layout}", "--format", "json").stdout

    for bad in (b"", good[:-1], good + b" ", good.replace(b"numpy", b"mumpy"), b"x" * 1000):
        entry.write_bytes(bad)
        assert frozen() == first
        assert entry.read_bytes() == good
    entry.chmod(0o666)
    break_layers(layout)
    envpack("freeze", f"oci:{layout}", status=3)
    entry.unlink()
    other.write_bytes(good)
    entry.symlink_to(other)
    envpack("freeze", f"oci:{layout}", status=3)
    entry.unlink()
    entry.mkdir()
    envpack("freeze", f"oci:{layout}", status=3)
    if os.geteuid() == 0:
        entry.rmdir()
        entry.write_bytes(good)
        entry.chmod(0o644)
        assert frozen() == first
        os.chown(entry, 12345, 12345)
        envpack("freeze", f"oci:{layout}", status=3)


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    layout = write_layout(tmp_path / "layout", one_layer())
    cache = tmp_path / "file"
    cache.write_text("no folder")
    for _ in range(2):
        assert envpack("freeze", f"oci:{layout}", env={"ENVPACK_CACHE_DIR": str(cache)}).stdout
    env = {"ENVPACK_CACHE_DIR": str(tmp_path / "unused"), "ENVPACK_NO_CACHE": "1"}
    envpack("freeze", f"oci:{layout}", env=env)
    assert not (tmp_path / "unused").exists()
