"""Resolving on top of a base, from local wheels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import envpack
from support.wheels import make_wheel

pytestmark = [
    pytest.mark.usefixtures("no_index"),
    # That the base keeps `app` from its newest version is what these are about.
    pytest.mark.filterwarnings("ignore:app is held back"),
]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few projects; the base has PyYAML 6.0."""
    folder = tmp_path_factory.mktemp("wheels")
    make_wheel(folder, "app", "2.0", requires=("pyyaml>=7",))
    make_wheel(folder, "app", "1.0", requires=("pyyaml>=5", "lib[fast]<2"))
    make_wheel(
        folder, "lib", "1.5", requires=("speedups; extra == 'fast'", "other; os_name == 'nt'")
    )
    make_wheel(folder, "lib", "2.0")
    make_wheel(folder, "speedups", "0.1")
    make_wheel(folder, "pyyaml", "7.0")
    make_wheel(folder, "stuck", "1.0", requires=("pyyaml>=7",))
    make_wheel(folder, "windows-only", "1.0", tag="cp311-cp311-win_amd64")
    return folder


def resolve(*requirements: str, wheels: Path, base: str | None) -> envpack.Lock:
    return envpack.resolve(*requirements, base=base, find_links=[wheels], no_index=True)


def test_the_base_wins_and_an_older_release_that_fits_it_is_taken(wheels: Path, base: str) -> None:
    lock = resolve("app", wheels=wheels, base=base)
    assert {p.name: str(p.version) for p in lock.packages} == {
        "app": "1.0",
        "lib": "1.5",
        "speedups": "0.1",
    }
    assert lock.provided == {"pyyaml": "6.0"}
    assert lock.base == base


def test_a_lock_is_the_same_text_each_time_and_reads_back(wheels: Path, base: str) -> None:
    first = resolve("app", wheels=wheels, base=base).to_toml()
    assert resolve("app", wheels=wheels, base=base).to_toml() == first
    assert envpack.Lock.parse(first).to_toml() == first


def test_without_a_base_the_python_in_use_is_the_target(wheels: Path) -> None:
    lock = resolve("app", wheels=wheels, base=None)
    assert {p.name: str(p.version) for p in lock.packages} == {"app": "2.0", "pyyaml": "7.0"}


def test_a_conflict_names_the_base_and_a_way_out(wheels: Path, base: str) -> None:
    with pytest.raises(envpack.ResolutionImpossible) as caught:
        resolve("stuck", wheels=wheels, base=base)
    text = str(caught.value)
    for piece in ("stuck", "pyyaml", "6.0"):
        assert piece in text
    assert {"stuck", "pyyaml"} <= set(caught.value.conflict["packages"])


def test_no_wheel_for_the_platform_is_told_apart_from_no_such_project(
    wheels: Path, base: str
) -> None:
    messages = {}
    for name in ("windows-only", "no-such-project"):
        with pytest.raises(envpack.ResolutionImpossible) as caught:
            resolve(name, wheels=wheels, base=base)
        messages[name] = caught.value.conflict["causes"]
    kinds = {name: {cause["kind"] for cause in causes} for name, causes in messages.items()}
    assert kinds["windows-only"] != kinds["no-such-project"]


def test_pip_installs_from_the_lock(wheels: Path, tmp_path: Path) -> None:
    lock = tmp_path / "pylock.toml"
    lock.write_text(resolve("app", wheels=wheels, base=None).to_toml())
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--target", tmp_path / "target",
         "-r", lock],
        check=True, capture_output=True,
    )  # fmt: skip
    assert (tmp_path / "target/app/__init__.py").exists()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "sync", "--python", tmp_path / "venv", lock],
        check=True, capture_output=True,
    )  # fmt: skip
    assert "app" in envpack.freeze(tmp_path / "venv")
