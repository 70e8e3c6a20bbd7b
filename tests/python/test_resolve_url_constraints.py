"""Constraints that name a place: `name @ url`, beside what pip and uv make of the same files."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.projects import make_repository
from support.sdists import make_project, make_sdist
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of an index in `files`, others in `here` and `there`."""
    folder = tmp_path_factory.mktemp("world")
    make_wheel(folder / "files", "one", "2.0")
    make_wheel(folder / "files", "two", "1.0")
    make_wheel(folder / "files", "app", "1.0", requires=("one",))
    make_wheel(folder / "files", "picky", "1.0", requires=("one>=2",))
    make_wheel(folder / "files", "pre", "0.9")
    make_wheel(folder / "files", "foreign", "0.9")
    make_wheel(folder / "here", "one", "1.0", requires=("two",))
    make_wheel(folder / "there", "one", "1.0")
    make_wheel(folder / "here", "pre", "1.0a1")
    make_wheel(folder / "here", "foreign", "1.0", tag="cp27-cp27m-win_amd64")
    return folder


@dataclass(frozen=True)
class Row:
    """Texts with `{here}`, `{there}` (URLs) and `{sha256}`, of the wheel of `one` that is here."""

    name: str
    constraints: tuple[str, ...]
    request: tuple[str, ...]
    #: What is installed; none for a conflict.
    expected: dict[str, str] | None
    #: Whether pip and uv give the same verdict; where not, the documentation says so.
    pip: bool = True
    uv: bool = True


HERE = "one @ {here}/one-1.0-py3-none-any.whl"
THERE = "one @ {there}/one-1.0-py3-none-any.whl"
FROM_HERE = {"one": "1.0", "two": "1.0"}
ROWS = (
    Row("a dependency", (HERE,), ("app",), {"app": "1.0", **FROM_HERE}),
    Row("a request", (HERE,), ("one",), FROM_HERE),
    Row("against versions", (HERE,), ("one>=2",), None),
    Row("against a dependency's versions", (HERE,), ("picky",), None),
    Row("not needed", ("gone @ {here}/gone-1.0-py3-none-any.whl",), ("two",), {"two": "1.0"}),
    Row("the same place", (HERE,), (HERE,), FROM_HERE),
    Row("another place", (HERE,), (THERE,), None),
    Row("the same place with a hash", (HERE + "#sha256={sha256}",), (HERE,), FROM_HERE, pip=False),
    Row("a hash", (HERE + "#sha256={sha256}",), ("app",), {"app": "1.0", **FROM_HERE}),
    Row("two places", (HERE, THERE), ("app",), None),
    Row("two places, not needed", (HERE, THERE), ("two",), {"two": "1.0"}),
    Row("and versions that fit", (HERE, "one>=1"), ("one",), FROM_HERE),
    Row("and versions that do not fit", (HERE, "one>=2"), ("one",), None),
    Row("for another Python", (HERE + " ; python_version < '3'",), ("one",), {"one": "2.0"}),
    Row("a place for each Python",
        (HERE + " ; python_version < '3'", THERE + " ; python_version >= '3'"), ("one",),
        {"one": "1.0"}),
    Row("a pre-release", ("pre @ {here}/pre-1.0a1-py3-none-any.whl",), ("pre",), {"pre": "1.0a1"}),
    Row("a wheel for others", ("foreign @ {here}/foreign-1.0-cp27-cp27m-win_amd64.whl",),
        ("foreign",), None),
    Row("without a name", ("{here}/one-1.0-py3-none-any.whl",), ("one",), FROM_HERE, uv=False),
)  # fmt: skip


def _filled(texts: tuple[str, ...], world: Path) -> list[str]:
    wheel = world / "here/one-1.0-py3-none-any.whl"
    return [
        text.replace("{here}", (world / "here").as_uri())
        .replace("{there}", (world / "there").as_uri())
        .replace("{sha256}", hashlib.sha256(wheel.read_bytes()).hexdigest())
        for text in texts
    ]


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False
    )


def _by_pip(request: list[str], constraints: Path, world: Path) -> dict[str, str] | None:
    result = _run("pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-index",
                  "--find-links", world / "files", "-c", constraints, "--report", "-",
                  *request)  # fmt: skip
    if result.returncode != 0:
        return None
    found = (one["metadata"] for one in json.loads(result.stdout)["install"])
    return {one["name"]: one["version"] for one in found}


def _names_by_uv(request: list[str], constraints: Path, world: Path) -> set[str] | None:
    file = constraints.with_name("requirements.in")
    file.write_text("\n".join(request))
    venv = constraints.with_name("venv")
    if not venv.exists():
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    result = _run("uv", "pip", "install", "--dry-run", "--no-index", "--python", venv,
                  "--find-links", world / "files", "-c", constraints, "-r", file)  # fmt: skip
    if result.returncode != 0:
        return None
    return set(re.findall(r"^ \+ ([a-z]+)", result.stderr, re.MULTILINE))


def versions(lock: envpack.Lock) -> dict[str, str]:
    return {p.name: str(p.version) for p in lock.packages}


def _by_envpack(request: list[str], constraints: Path, world: Path) -> dict[str, str] | None:
    try:
        lock = envpack.resolve(*request, constraint_files=[constraints],
                               find_links=[world / "files"], no_index=True)  # fmt: skip
    except envpack.ResolutionImpossible:
        return None
    return versions(lock)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_places_in_constraints_are_read_as_by_others(row: Row, world: Path, tmp_path: Path) -> None:
    constraints = tmp_path / "c.txt"
    constraints.write_text("\n".join(_filled(row.constraints, world)) + "\n")
    request = _filled(row.request, world)
    assert _by_envpack(request, constraints, world) == row.expected
    assert (_by_pip(request, constraints, world) == row.expected) == row.pip
    names = None if row.expected is None else set(row.expected)
    assert (_names_by_uv(request, constraints, world) == names) == row.uv


def _options(folder: Path, line: str) -> dict[str, Any]:
    constraints = folder / "c.txt"
    constraints.write_text(line + "\n")
    return {"constraint_files": [constraints], "find_links": [folder / "files"], "no_index": True}


def test_the_lock_names_the_place(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "here", "one", "1.0")
    make_wheel(tmp_path / "files", "app", "1.0", requires=("one",))
    lock = envpack.resolve("app", **_options(tmp_path, f"one @ {wheel.as_uri()}"))
    one = next(p for p in lock.to_dict()["packages"] if p["name"] == "one")
    assert one["source"] == "archive"
    assert f'archive = {{url = "{wheel.as_uri()}"' in lock.to_toml()
    assert envpack.Lock.parse(lock.to_toml()).to_toml() == lock.to_toml()


def test_only_what_takes_part_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "builds"
    log.touch()
    monkeypatch.setenv("BUILD_LOG", str(log))
    sdist = make_sdist(tmp_path / "here", "one", "1.0")
    make_wheel(tmp_path / "files", "two", "1.0")
    make_wheel(tmp_path / "files", "app", "2.0", requires=("two>=2", "one"))
    make_wheel(tmp_path / "files", "app", "1.0", requires=("one",))
    options = _options(tmp_path, f"one @ {sdist.as_uri()}")
    assert versions(envpack.resolve("two", **options)) == {"two": "1.0"}
    assert log.read_text() == ""
    assert versions(envpack.resolve("app", **options)) == {"app": "1.0", "one": "1.0"}
    assert log.read_text().split() == ["one"]


def test_a_repository_and_an_index_page_away(tmp_path: Path) -> None:
    project = make_project(tmp_path / "one", "one", "0.3")
    commit = make_repository(project)
    make_wheel(tmp_path / "files", "app", "1.0", requires=("one",))
    lock = envpack.resolve("app", **_options(tmp_path, f"one @ git+file://{project}@main"))
    assert versions(lock) == {"app": "1.0", "one": "0.3"}
    assert f'commit-id = "{commit}"' in lock.to_toml()

    make_wheel(tmp_path / "served", "one", "0.4")
    with simple_index(tmp_path / "served", user="me:t0ken") as index:
        url = f"http://me:t0ken@{index.host}/files/one-0.4-py3-none-any.whl"
        lock = envpack.resolve("app", **_options(tmp_path, f"one @ {url}"))
        assert versions(lock) == {"app": "1.0", "one": "0.4"}
        assert "t0ken" not in lock.to_toml()
        with pytest.raises(envpack.ResolutionImpossible) as caught:
            envpack.resolve("app", "one>=1", **_options(tmp_path, f"one @ {url}"))
        assert "t0ken" not in str(caught.value) + repr(caught.value.conflict)
        gone = url.replace("0.4", "0.5")
        with pytest.raises(envpack.EnvpackError, match=r"c\.txt:1") as failed:
            envpack.resolve("app", **_options(tmp_path, f"one @ {gone}"))
        assert "t0ken" not in str(failed.value)


def test_a_place_that_is_needed_and_not_there_is_an_error(tmp_path: Path) -> None:
    make_wheel(tmp_path / "files", "one", "2.0")
    line = f"one @ {(tmp_path / 'one-1.0-py3-none-any.whl').as_uri()}"
    with pytest.raises(envpack.EnvpackOSError, match=r"while opening `one @ .*c\.txt:1"):
        envpack.resolve("one", **_options(tmp_path, line))


def test_the_base_stays_whatever_place_a_constraint_names(tmp_path: Path, base: str) -> None:
    name = (tmp_path / "gone/pyyaml-{}-py3-none-any.whl").as_uri()
    (tmp_path / "files").mkdir()
    options = _options(tmp_path, f"pyyaml @ {name.replace('%7B%7D', '6.0')}")
    assert versions(envpack.resolve("pyyaml", base=base, **options)) == {}
    options = _options(tmp_path, f"pyyaml @ {name.replace('%7B%7D', '7.0')}")
    with pytest.raises(envpack.ResolutionImpossible, match=r"pyyaml @ file.*c\.txt:1"):
        envpack.resolve("pyyaml", base=base, **options)
    options = _options(tmp_path, f"pyyaml @ file://{tmp_path}/gone")
    with pytest.warns(envpack.EnvpackWarning, match="is not looked at: the base has pyyaml 6.0"):
        assert versions(envpack.resolve("pyyaml", base=base, **options)) == {}


def test_hash_mode_wants_a_hash_of_the_place(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "here", "one", "1.0")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    app = make_wheel(tmp_path / "files", "app", "1.0", requires=("one",))
    request = tmp_path / "requirements.txt"
    request.write_text(f"app==1.0 --hash=sha256:{hashlib.sha256(app.read_bytes()).hexdigest()}\n")
    with pytest.raises(envpack.InvalidArgument, match="must have a sha256 hash"):
        envpack.resolve(
            requirement_files=[request], **_options(tmp_path, f"one @ {wheel.as_uri()}")
        )
    line = f"one @ {wheel.as_uri()}#sha256={digest}"
    lock = envpack.resolve(requirement_files=[request], **_options(tmp_path, line))
    assert versions(lock) == {"app": "1.0", "one": "1.0"}


def test_giving_the_place_up_is_a_way_out(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "here", "one", "1.0")
    make_wheel(tmp_path / "files", "one", "2.0")
    make_wheel(tmp_path / "files", "app", "1.0", requires=("one>=2",))
    line = f"one @ {wheel.as_uri()}"
    with pytest.raises(envpack.ResolutionImpossible) as caught:
        envpack.resolve("app", **_options(tmp_path, line))
    c = tmp_path / "c.txt"
    assert (
        str(caught.value).rstrip()
        == f"""\
what is asked of one does not fit the constraints

  command line  app
  app 1.0       needs one >=2
  a constraint allows only one 1.0, from {wheel.as_uri()} ({c}:1)

  Ways out, smallest change first:
    1. give up the constraint `{line}` ({c}:1)
       take it out of the constraints"""
    )
