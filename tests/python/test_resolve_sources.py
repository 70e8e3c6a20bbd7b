"""Source distributions, project folders, repositories and direct URLs."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import envpack
from support.projects import git, make_repository
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


@pytest.mark.parametrize("way", ["module", "command"])
def test_the_python_of_envpack_builds_where_no_other_has_pip(
    tmp_path: Path, builds: Path, base: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    make_sdist(tmp_path, "tool", "1.1")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("python3", "python", *(f"python3.{minor}" for minor in range(9, 16))):
        (programs / name).write_text("#!/bin/sh\nexit 1\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    if way == "module":
        lock = envpack.resolve("tool", base=base, find_links=[tmp_path], no_index=True)
        assert versions(lock) == {"tool": "1.1"}
    else:
        command = Path(sys.executable).parent / "envpack"
        arguments = ["resolve", "tool", "--base", base, "--find-links", str(tmp_path), "--no-index"]
        subprocess.run([command, *arguments], check=True, capture_output=True, cwd=tmp_path)
    assert builds.read_text().split() == ["tool"]


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


def test_a_repository_is_locked_to_a_commit(tmp_path: Path, builds: Path) -> None:
    repository = make_project(tmp_path / "repository/py", "mine", "0.1").parent
    first = make_repository(repository)
    git(repository, "tag", "v1")
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
    with pytest.raises(envpack.ResolutionImpossible, match="a constraint names it too"):
        envpack.resolve("app", **options)
    lock = envpack.resolve("app", f"one @ {wheel.as_uri()}", **options)
    assert versions(lock) == {"app": "1.0", "one": "1.0"}


def test_a_place_counts_where_its_marker_holds(tmp_path: Path, builds: Path) -> None:
    wheel = make_wheel(tmp_path / "here", "one", "1.0")
    broken = make_sdist(tmp_path / "broken", "one", "9.0", fails=True)
    make_wheel(tmp_path / "files", "one", "2.0")
    options: dict[str, Any] = {"find_links": [tmp_path / "files"], "no_index": True}
    here = f"one @ {wheel.as_uri()} ; python_version >= '3'"
    elsewhere = f"one @ {broken.as_uri()} ; python_version < '3'"
    assert versions(envpack.resolve(here, elsewhere, **options)) == {"one": "1.0"}
    assert versions(envpack.resolve(elsewhere, "one", **options)) == {"one": "2.0"}
    absent = f"absent @ {(tmp_path / 'absent-1.0-py3-none-any.whl').as_uri()} ; os_name == 'nt'"
    assert versions(envpack.resolve(absent, "one", **options)) == {"one": "2.0"}
    assert builds.read_text() == ""


def test_an_editable_is_read_as_after_a_requirements_files_e(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project(tmp_path / "mine", "mine", "0.1")
    monkeypatch.chdir(tmp_path)
    lock = envpack.resolve(editables=["mine"], no_index=True)
    assert 'directory = {path = "mine", editable = true}' in lock.to_toml()


def test_hash_mode_opens_nothing_without_a_hash(tmp_path: Path, builds: Path) -> None:
    project = make_project(tmp_path / "mine", "mine", "0.1")
    make_repository(project)
    sdist = make_sdist(tmp_path / "files", "tool", "1.0")
    digest = hashlib.sha256(sdist.read_bytes()).hexdigest()
    options: dict[str, Any] = {"find_links": [tmp_path / "files"], "no_index": True}
    for text in (f"mine @ git+file://{project}", str(project), str(sdist)):
        with pytest.raises(envpack.InvalidArgument, match=r"has no hash|must have a sha256 hash"):
            envpack.resolve(text, require_hashes=True, lock_folder=tmp_path, **options)
    with pytest.raises(envpack.IntegrityError):
        envpack.resolve(f"tool @ {sdist.as_uri()}#sha256={'0' * 64}", **options)
    assert builds.read_text() == ""
    lock = envpack.resolve(f"tool @ {sdist.as_uri()}#sha256={digest}", require_hashes=True,
                           **options)  # fmt: skip
    assert versions(lock) == {"tool": "1.0"}


def test_hash_mode_builds_only_what_was_hashed(tmp_path: Path, builds: Path) -> None:
    make_sdist(tmp_path / "files", "dep", "1.0")
    tool = make_sdist(tmp_path / "files", "tool", "1.0", requires=("dep",))
    digest = hashlib.sha256(tool.read_bytes()).hexdigest()
    request = tmp_path / "requirements.txt"
    request.write_text(f"tool==1.0 --hash=sha256:{digest}\n")
    with pytest.raises(envpack.InvalidArgument, match=r"dep-1\.0\.tar\.gz would have to be built"):
        envpack.resolve(requirement_files=[request], find_links=[tmp_path / "files"], no_index=True)
    assert builds.read_text().split() == ["tool"]


def test_hashes_of_a_place(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "one", "1.0")
    digests = {name: hashlib.new(name, wheel.read_bytes()).hexdigest()
               for name in ("sha256", "sha512", "md5")}  # fmt: skip
    request = tmp_path / "requirements.txt"
    right, wrong = f"--hash=sha256:{digests['sha256']}", f"--hash=sha256:{'0' * 64}"
    for hashes, accepted in (
        (right, True), (f"{wrong} {right}", True), (f"{right} {wrong}", True),
        (f"{right} --hash=sha512:{digests['sha512']}", True), (wrong, False),
    ):  # fmt: skip
        request.write_text(f"one @ {wheel.as_uri()} {hashes}\n")
        if accepted:
            lock = envpack.resolve(requirement_files=[request], no_index=True)
            assert versions(lock) == {"one": "1.0"}
        else:
            with pytest.raises(envpack.IntegrityError):
                envpack.resolve(requirement_files=[request], no_index=True)
    for name in ("sha512", "md5"):
        with pytest.raises(envpack.Unsupported, match="envpack checks sha256"):
            envpack.resolve(f"one @ {wheel.as_uri()}#{name}={digests[name]}", no_index=True)


def test_a_locked_commit_is_not_fetched_again(
    tmp_path: Path, builds: Path, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "mine", "mine", "0.1")
    commit = make_repository(project)
    # A git that reaches the repository as if by ssh, and says what it was asked.
    shim = tmp_path / "bin" / "ssh"
    shim.parent.mkdir()
    shim.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/ssh.log\neval "git-upload-pack {project}"\n'
    )
    shim.chmod(0o755)
    monkeypatch.setenv("GIT_SSH", str(shim))
    url = "git+ssh://git@forge.example/a/mine"
    lock = envpack.resolve(f"mine @ {url}@main", base=base, no_index=True)
    asked = (tmp_path / "ssh.log").read_text()
    assert "git@forge.example" in asked
    assert 'url = "ssh://git@forge.example/a/mine"' in lock.to_toml()

    path = tmp_path / "pylock.toml"
    path.write_text(lock.to_toml())
    envpack.build(path, f"oci:{tmp_path / 'image'}")
    again = envpack.resolve(f"mine @ {url}@{commit}", base=base, no_index=True, offline=True)
    assert versions(again) == {"mine": "0.1"}
    assert (tmp_path / "ssh.log").read_text() == asked
    assert len(builds.read_text().split()) == 1, "a build from the lock finds what was built"
    with pytest.raises(envpack.NetworkError, match="offline"):
        envpack.resolve(f"mine @ {url}@main", base=base, no_index=True, offline=True)
    assert (tmp_path / "ssh.log").read_text() == asked


def test_git_does_not_print_a_token() -> None:
    with pytest.raises(envpack.NetworkError) as caught:
        envpack.resolve("mine @ git+http://x:t0ken@127.0.0.1:9/mine", no_index=True)
    assert "t0ken" not in str(caught.value)


def test_others_install_the_requirements_form_of_places(tmp_path: Path) -> None:
    repository = make_project(tmp_path / "a repository/py", "mine", "0.1").parent
    make_repository(repository)
    make_project(tmp_path / "work/folder", "folder", "0.2")
    make_project(tmp_path / "work/edited", "edited", "0.3")
    wheel = make_wheel(tmp_path / "here", "one", "1.0", requires=("two",))
    make_wheel(tmp_path / "files", "two", "1.0")
    options: dict[str, Any] = {"find_links": [tmp_path / "files"], "no_index": True}
    lock = envpack.resolve(
        f"mine @ git+file://{quote(str(repository))}#subdirectory=py", str(wheel),
        str(tmp_path / "work/folder"), editables=[tmp_path / "work/edited"],
        lock_folder=tmp_path / "work", **options,
    )  # fmt: skip
    text = lock.to_requirements(folder=tmp_path / "work")
    assert "--hash" not in text.replace("# Without --hash", "")
    assert "# Without --hash: " in text
    assert "one @ file://" in text
    assert "#sha256=" in text
    # Where hashes are possible they are there.
    assert "--hash=sha256:" in envpack.resolve(str(wheel), **options).to_requirements()

    requirements = tmp_path / "elsewhere" / "requirements.txt"
    requirements.parent.mkdir()
    requirements.write_text(text)
    for installer in ("pip", "uv"):
        venv = tmp_path / f"venv-{installer}"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        python = ["--python", venv / "bin/python"]
        command = ["pip", *python, "install"] if installer == "pip" else ["uv", "pip", "install"]
        subprocess.run(
            [sys.executable, "-m", *command, *(python if installer == "uv" else ()), "--quiet",
             "--no-deps", "--no-index", "--find-links", tmp_path / "files", "-r", requirements],
            check=True, capture_output=True,
        )  # fmt: skip
        installed = {p.name: str(p.version) for p in envpack.freeze(venv).packages}
        wanted = {"mine": "0.1", "folder": "0.2", "edited": "0.3", "one": "1.0", "two": "1.0"}
        assert wanted.items() <= installed.items(), installer


def test_the_json_form_says_where_places_are(tmp_path: Path) -> None:
    repository = make_project(tmp_path / "repository/py", "mine", "0.1").parent
    make_repository(repository)
    make_project(tmp_path / "edited", "edited", "0.3")
    lock = envpack.resolve(
        f"mine @ git+file://{repository}@main#subdirectory=py", editables=[tmp_path / "edited"],
        no_index=True, lock_folder=tmp_path, exclude_newer="2030-01-01",
    )  # fmt: skip
    mine = entry(lock, "mine")
    assert mine["vcs"] == {
        "type": "git", "url": f"file://{repository}", "path": None,
        "requested_revision": "main", "commit_id": git(repository, "rev-parse", "HEAD"),
    }  # fmt: skip
    assert (mine["subdirectory"], mine["directory"], mine["files"]) == ("py", None, [])
    edited = entry(lock, "edited")
    assert edited["directory"] == {"path": "edited", "editable": True}
    assert edited["vcs"] is None
    assert edited["subdirectory"] is None
    assert lock.to_dict()["exclude_newer"] == "2030-01-01T23:59:59Z"


def test_a_locked_wheel_for_others_is_not_installed(tmp_path: Path, base: str) -> None:
    wheel = make_wheel(tmp_path, "one", "1.0")
    text = envpack.resolve(str(wheel), base=base, no_index=True).to_toml()
    other = make_wheel(tmp_path, "one", "1.0", tag="cp27-cp27m-win32")
    for old, new in (
        (wheel.name, other.name),
        (hashlib.sha256(wheel.read_bytes()).hexdigest(),
         hashlib.sha256(other.read_bytes()).hexdigest()),
        (f"size = {wheel.stat().st_size}", f"size = {other.stat().st_size}"),
    ):  # fmt: skip
        text = text.replace(old, new)
    path = tmp_path / "pylock.toml"
    path.write_text(text)
    with pytest.raises(envpack.BuildFailed, match="not for the target"):
        envpack.build(path, f"oci:{tmp_path / 'image'}")


def test_a_build_has_no_password_in_its_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "project", "mine", "1.0")
    seen = tmp_path / "seen"
    spy = f"""
import os
process = os.getppid()
with open({str(seen)!r}, "a") as log:
    while process > 1:
        words = open(f"/proc/{{process}}/cmdline").read().split(chr(0))
        log.write(" ".join(words) + chr(10))
        process = int(open(f"/proc/{{process}}/stat").read().rpartition(")")[2].split()[1])
    log.write("index " + os.environ["PIP_INDEX_URL"] + chr(10))
    log.write("others " + os.environ["PIP_EXTRA_INDEX_URL"] + chr(10))
"""
    backend = project / "backend.py"
    backend.write_text(spy + backend.read_text())
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:1/first")
    with pytest.warns(envpack.errors.EnvpackWarning, match="from all indexes together"):
        envpack.resolve(
            str(project),
            index_url="http://me:secret@127.0.0.1:1/simple",
            extra_index_urls=["http://127.0.0.1:1/second"],
            lock_folder=tmp_path,
        )
    lines = seen.read_text().splitlines()
    arguments = [line for line in lines if not line.startswith(("index ", "others "))]
    assert any(" pip wheel " in line for line in arguments)
    assert not any("secret" in line for line in arguments)
    assert "index http://me:secret@127.0.0.1:1/simple" in lines
    assert "others http://127.0.0.1:1/first http://127.0.0.1:1/second" in lines
