"""Source distributions, project folders, repositories and direct URLs."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.sdists import make_project, make_sdist
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with a line for every build."""
    log = tmp_path / "builds"
    log.touch()
    monkeypatch.setenv("BUILD_LOG", str(log))
    return log


def versions(lock: envpack.Lock) -> dict[str, str]:
    return {p.name: str(p.version) for p in lock.packages}


def entry(lock: envpack.Lock, name: str) -> dict[str, object]:
    return next(p for p in lock.to_dict()["packages"] if p["name"] == name)


def test_a_source_distribution_counts_where_there_is_no_wheel(tmp_path: Path, builds: Path) -> None:
    make_wheel(tmp_path, "tool", "1.0")
    make_sdist(tmp_path, "tool", "1.0")
    make_sdist(tmp_path, "tool", "1.1", requires=("dep>=2",))
    make_wheel(tmp_path, "dep", "2.0")
    lock = envpack.resolve("tool", find_links=[tmp_path], no_index=True)
    assert versions(lock) == {"tool": "1.1", "dep": "2.0"}
    assert entry(lock, "tool")["source"] == "sdist"
    assert builds.read_text().split() == ["tool"]

    again = envpack.resolve("tool", find_links=[tmp_path], no_index=True)
    assert again.to_toml() == lock.to_toml()
    assert builds.read_text().split() == ["tool"], "built once"

    wheels_only = envpack.resolve("tool", find_links=[tmp_path], no_index=True, no_build=True)
    assert versions(wheels_only) == {"tool": "1.0"}


def test_metadata_that_is_final_needs_no_build(tmp_path: Path, builds: Path) -> None:
    make_sdist(tmp_path, "tool", "1.1", requires=("dep>=2",), says_so=True)
    make_wheel(tmp_path, "dep", "2.0")
    lock = envpack.resolve("tool", find_links=[tmp_path], no_index=True)
    assert versions(lock) == {"tool": "1.1", "dep": "2.0"}
    assert builds.read_text() == ""


def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    make_sdist(tmp_path, "tool", "1.1", fails=True)
    with pytest.raises(envpack.BuildFailed, match=r"frobnicate\.h") as caught:
        envpack.resolve("tool", find_links=[tmp_path], no_index=True)
    assert "tool-1.1.tar.gz" in str(caught.value)


def test_others_install_a_lock_with_sources(tmp_path: Path, builds: Path, base: str) -> None:
    make_sdist(tmp_path / "files", "tool", "1.1", requires=("dep",))
    make_wheel(tmp_path / "files", "dep", "2.0")
    make_project(tmp_path / "mine", "mine", "0.1", requires=("tool",))
    lock = envpack.resolve(
        str(tmp_path / "mine"), base=base, find_links=[tmp_path / "files"], no_index=True,
        lock_folder=tmp_path,
    )  # fmt: skip
    assert versions(lock) == {"tool": "1.1", "dep": "2.0", "mine": "0.1"}
    path = tmp_path / "pylock.toml"
    path.write_text(lock.to_toml())
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "sync", "--python", tmp_path / "venv", path],
        check=True, capture_output=True,
    )  # fmt: skip
    installed = envpack.freeze(tmp_path / "venv")
    assert {"tool", "dep", "mine"} <= {p.name for p in installed.packages}

    # What an image gets is the wheel that was built before; the folder is built anew.
    count = builds.read_text().split().count("tool")
    envpack.build(path, f"oci:{tmp_path / 'image'}", base=base)
    assert builds.read_text().split().count("tool") == count
    image = envpack.freeze(f"oci:{tmp_path / 'image'}")
    assert {"tool", "dep", "mine"} <= {p.name for p in image.packages}
    with pytest.raises(envpack.BuildFailed, match="--no-build"):
        envpack.build(path, f"oci:{tmp_path / 'other'}", base=base, no_build=True)


def test_a_project_folder_is_named_relative_to_the_lock(tmp_path: Path) -> None:
    make_project(tmp_path / "work/mine", "mine", "0.1")
    plain = envpack.resolve(
        str(tmp_path / "work/mine"), no_index=True, lock_folder=tmp_path / "work"
    )
    assert 'directory = {path = "mine"}' in plain.to_toml()
    editable = envpack.resolve(
        editables=[tmp_path / "work/mine"], no_index=True, lock_folder=tmp_path
    )
    assert 'directory = {path = "work/mine", editable = true}' in editable.to_toml()
    with pytest.raises(envpack.Unsupported, match="cannot name the folder"):
        envpack.resolve(
            str(tmp_path / "work/mine"), no_index=True, lock_folder=tmp_path / "elsewhere"
        )


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=x", "-c", "user.email=x@x", *arguments]
    result = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return result.stdout.strip()


def test_a_repository_is_locked_to_a_commit(tmp_path: Path, builds: Path) -> None:
    repository = make_project(tmp_path / "repository/py", "mine", "0.1").parent
    git(repository, "init", "--quiet", "--initial-branch=main")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "one")
    git(repository, "tag", "v1")
    first = git(repository, "rev-parse", "HEAD")
    make_project(repository / "py", "mine", "0.2")
    git(repository, "commit", "--quiet", "-am", "two")
    second = git(repository, "rev-parse", "HEAD")

    url = f"git+file://{repository}"
    for revision, version, commit in (
        ("@v1", "0.1", first),
        ("", "0.2", second),
        ("@main", "0.2", second),
        (f"@{first[:10]}", "0.1", first),
    ):
        lock = envpack.resolve(f"mine @ {url}{revision}#subdirectory=py", no_index=True)
        assert versions(lock) == {"mine": version}
        assert f'commit-id = "{commit}"' in lock.to_toml()
    assert len(builds.read_text().split()) == 2, "a commit is built once"
    with pytest.raises(envpack.NetworkError, match="git cannot fetch"):
        envpack.resolve(f"mine @ {url}@no-such-branch#subdirectory=py", no_index=True)
    with pytest.raises(envpack.Unsupported, match="no git repository"):
        envpack.resolve("mine @ hg+https://host.example/mine", no_index=True)


def test_a_wheel_by_its_place_is_the_only_candidate(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "here", "one", "1.0a1", requires=("two",))
    make_wheel(tmp_path / "files", "one", "2.0")
    make_wheel(tmp_path / "files", "two", "1.0")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    options: dict[str, Any] = {"find_links": [tmp_path / "files"], "no_index": True}
    for text in (str(wheel), f"one @ {wheel.as_uri()}#sha256={digest}"):
        lock = envpack.resolve(text, **options)
        assert versions(lock) == {"one": "1.0a1", "two": "1.0"}
        assert entry(lock, "one")["source"] == "archive"
        assert digest in lock.to_toml()
    with pytest.raises(envpack.IntegrityError):
        envpack.resolve(f"one @ {wheel.as_uri()}#sha256={'0' * 64}", **options)
    with pytest.raises(envpack.InvalidArgument, match="gives one, not three"):
        envpack.resolve(f"three @ {wheel.as_uri()}", **options)
    with pytest.raises(envpack.ResolutionImpossible):
        envpack.resolve(str(wheel), "one>=2", **options)


def test_a_place_does_not_replace_a_package_of_the_base(tmp_path: Path, base: str) -> None:
    wheel = make_wheel(tmp_path, "pyyaml", "7.0")
    with pytest.raises(envpack.ResolutionImpossible, match=r"pyyaml 6\.0"):
        envpack.resolve(str(wheel), base=base, no_index=True)


def test_a_reference_of_a_package_counts_when_the_request_names_it_too(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "here", "one", "1.0")
    make_wheel(tmp_path / "files", "app", "1.0", requires=(f"one @ {wheel.as_uri()}",))
    make_wheel(tmp_path / "files", "one", "2.0")
    options: dict[str, Any] = {"find_links": [tmp_path / "files"], "no_index": True}
    with pytest.raises(envpack.ResolutionImpossible, match="only when the request itself names it"):
        envpack.resolve("app", **options)
    lock = envpack.resolve("app", f"one @ {wheel.as_uri()}", **options)
    assert versions(lock) == {"app": "1.0", "one": "1.0"}
