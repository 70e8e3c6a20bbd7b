"""What installed packages say of where they came from, beside what pip writes (PEP 610)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

import envpack
from support.installed_trees import make_venv, pip_install
from support.layouts import interpreter, make_layout
from support.projects import git, make_repository
from support.sdists import make_project, make_sdist
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture
def places(tmp_path: Path) -> dict[str, str]:
    """Requirements of one package, ``mine``, by what they name."""
    wheel = make_wheel(tmp_path / "files", "mine", "1.0")
    sdist = make_sdist(tmp_path / "sources", "mine", "1.0")
    make_project(tmp_path / "work/a folder", "mine", "1.0")
    repository = make_project(tmp_path / "repository/py", "mine", "1.0").parent
    commit = make_repository(repository)
    git(repository, "tag", "v1")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    checkout = f"mine @ git+file://{repository}"
    return {
        "wheel": f"mine @ {wheel.as_uri()}",
        "wheel with its hash": f"mine @ {wheel.as_uri()}#sha256={digest}",
        "sdist": f"mine @ {sdist.as_uri()}",
        "folder": f"mine @ {(tmp_path / 'work/a folder').as_uri()}",
        "commit": f"{checkout}@{commit}#subdirectory=py",
        "tag": f"{checkout}@v1#subdirectory=py",
        "branch": f"{checkout}#subdirectory=py",
    }


def lock_of(folder: Path, requirement: str, **where: object) -> Path:
    path = folder / "pylock.toml"
    where = {"no_index": True, **where}
    lock = envpack.resolve(requirement, lock_folder=folder, **where)  # type: ignore[arg-type]
    path.write_text(lock.to_toml())
    return path


def description(files: dict[str, bytes]) -> tuple[str | None, bytes, bytes]:
    """Give RECORD's row of direct_url.json (but for its size), that file, and RECORD."""
    (record,) = (data for path, data in files.items() if path.endswith(".dist-info/RECORD"))
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(record.decode()))}
    named = [path for path in rows if path.endswith("direct_url.json")]
    there = [data for path, data in files.items() if path.endswith("direct_url.json")]
    assert len(named) == len(there)
    if not there:
        return None, b"", record
    digest = base64.urlsafe_b64encode(hashlib.sha256(there[0]).digest()).rstrip(b"=").decode()
    assert rows[named[0]] == [f"sha256={digest}", str(len(there[0]))]
    return named[0], there[0], record


def in_prefix(prefix: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in prefix.glob("lib/*/site-packages/mine-1.0.dist-info/*")}


def in_image(layout: Path) -> dict[str, bytes]:
    def blob(descriptor: dict[str, str]) -> Path:
        return layout / "blobs/sha256" / descriptor["digest"].removeprefix("sha256:")

    (entry,) = json.loads((layout / "index.json").read_text())["manifests"]
    files = {}
    for layer in json.loads(blob(entry).read_text())["layers"]:
        with tarfile.open(blob(layer)) as tar:
            for item in tar:
                if item.isfile() and "/mine-1.0.dist-info/" in item.name:
                    data = tar.extractfile(item)
                    assert data is not None
                    files[item.name] = data.read()
    return files


@pytest.mark.parametrize(
    "place", ["wheel", "wheel with its hash", "sdist", "folder", "commit", "tag", "branch"]
)
def test_installs_and_images_say_what_pip_says(
    places: dict[str, str], tmp_path: Path, place: str
) -> None:
    requirement = places[place]
    base = make_layout(tmp_path / "base", interpreter())
    lock = lock_of(tmp_path, requirement, base=base)
    pip_install(make_venv(tmp_path / "pip"), "--no-index", requirement)
    envpack.install(lock, prefix=make_venv(tmp_path / "env"))
    envpack.build(lock, f"oci:{tmp_path / 'image'}")
    path, theirs, _ = description(in_prefix(tmp_path / "pip"))
    assert path == "mine-1.0.dist-info/direct_url.json"
    for files in (in_prefix(tmp_path / "env"), in_image(tmp_path / "image")):
        own_path, ours, _ = description(files)
        assert own_path == path
        assert json.loads(ours) == json.loads(theirs)

    (frozen,) = (p for p in envpack.freeze(f"oci:{tmp_path / 'image'}").packages
                 if p.name == "mine")  # fmt: skip
    assert frozen.form == {
        "folder": "local-dir",
        "commit": "vcs",
        "tag": "vcs",
        "branch": "vcs",
    }.get(place, "archive")


def test_an_editable_that_became_a_wheel_says_so(places: dict[str, str], tmp_path: Path) -> None:
    del places
    lock = envpack.resolve(
        editables=[tmp_path / "work/a folder"], no_index=True, lock_folder=tmp_path
    )
    assert "editable = true" in lock.to_toml()
    (tmp_path / "pylock.toml").write_text(lock.to_toml())
    envpack.install(tmp_path / "pylock.toml", prefix=tmp_path / "env")
    _, ours, _ = description(in_prefix(tmp_path / "env"))
    assert json.loads(ours)["dir_info"] == {}


@pytest.mark.parametrize("user", [None, "me:secret"])
def test_a_url_is_recorded_without_its_password(
    places: dict[str, str], tmp_path: Path, user: str | None
) -> None:
    del places
    base = make_layout(tmp_path / "base", interpreter())
    with simple_index(tmp_path / "files", user=user) as index:
        name = "mine-1.0-py3-none-any.whl"
        url = index.url.replace("/simple/", f"/files/{name}")
        lock = lock_of(tmp_path, f"mine @ {url}", base=base)
        pip_install(make_venv(tmp_path / "pip"), "--no-index", f"mine @ {url}")
        envpack.install(lock, prefix=make_venv(tmp_path / "env"))
        envpack.build(lock, f"oci:{tmp_path / 'image'}")
        bare = index.bare_url.replace("/simple/", f"/files/{name}")
    _, theirs, _ = description(in_prefix(tmp_path / "pip"))
    for files in (in_prefix(tmp_path / "env"), in_image(tmp_path / "image")):
        _, ours, _ = description(files)
        assert json.loads(ours)["url"] == bare
        assert json.loads(ours) == json.loads(theirs)


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_a_package_of_an_index_has_none(places: dict[str, str], tmp_path: Path, kind: str) -> None:
    del places
    base = make_layout(tmp_path / "base", interpreter())
    folder = tmp_path / ("files" if kind == "wheel" else "sources")
    with simple_index(folder) as index:
        wheres: list[dict[str, object]] = [
            {"find_links": [folder]},
            {"index_url": index.url, "no_index": False},
        ]
        for number, where in enumerate(wheres):
            lock = lock_of(tmp_path, "mine", base=base, **where)
            envpack.install(lock, prefix=make_venv(tmp_path / f"env{number}"))
            envpack.build(lock, f"oci:{tmp_path / f'image{number}'}")
            assert description(in_prefix(tmp_path / f"env{number}"))[0] is None
            assert description(in_image(tmp_path / f"image{number}"))[0] is None
