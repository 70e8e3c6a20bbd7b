"""Packages of the base that move after all: unfrozen, hidden, or taken for their release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import envpack
from support.layouts import (
    NGC_TORCH,
    SITE,
    Member,
    installed,
    interpreter,
    make_layout,
    member,
)
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


def by_distutils(name: str, version: str) -> list[Member]:
    """Give what nobody can uninstall."""
    head = f"Metadata-Version: 1.1\nName: {name}\nVersion: {version}\n"
    return [
        member(f"{SITE}/{name}-{version}.egg-info", head.encode()),
        member(f"{SITE}/{name}/__init__.py", f"VERSION = {version!r}\n".encode()),
    ]


@pytest.fixture
def world(tmp_path: Path) -> dict[str, Any]:
    base = make_layout(
        tmp_path / "base",
        [
            *interpreter(),
            *by_distutils("old", "1.0"),
            *installed("beta", "2.0"),
            *installed("torch", NGC_TORCH),
            *installed("apex", "0.1", "torch"),
        ],
    )
    files = tmp_path / "files"
    for version in ("1.0", "2.0"):
        make_wheel(files, "old", version)
    make_wheel(files, "beta", "3.0")
    make_wheel(files, "torch", "2.3.0")
    make_wheel(files, "xformers", "0.0.26", requires=("torch==2.3.0",))
    return {"base": base, "find_links": [files], "no_index": True}


def versions(lock: envpack.Lock) -> dict[str, str]:
    return {p.name: str(p.version) for p in lock.packages}


def build(lock: envpack.Lock, folder: Path, *, base: str | None = None) -> str:
    path = folder / "pylock.toml"
    path.write_text(lock.to_toml())
    image = f"oci:{folder / 'image'}"
    envpack.build(path, image, base=base)
    return image


def test_an_unfrozen_package_is_built_before_the_base_s(
    world: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(envpack.ResolutionImpossible, match="--unfreeze beta"):
        envpack.resolve("beta>=3", **world)
    with pytest.warns(envpack.EnvpackWarning, match=r"beta 3\.0 takes the place of the base's 2"):
        lock = envpack.resolve("beta>=3", unfreeze=["beta"], **world)
    assert versions(lock) == {"beta": "3.0"}
    assert '[tool.envpack.replaced]\nbeta = "2.0"\n' in lock.to_toml()
    assert lock.to_dict()["replaced"] == [{"name": "beta", "version": "2.0"}]
    assert envpack.Lock.parse(lock.to_toml()).to_toml() == lock.to_toml()
    image = build(lock, tmp_path)
    beta = next(p for p in envpack.freeze(image).packages if p.name == "beta")
    assert (str(beta.version), beta.location) == (
        "3.0", "opt/venv/lib/python3.11/site-packages/beta-3.0.dist-info")  # fmt: skip

    other = make_layout(tmp_path / "other", [*interpreter(), *installed("beta", "2.1")])
    with pytest.raises(envpack.InvalidArgument, match=r"the lock would change beta .*2\.1"):
        build(lock, tmp_path, base=other)


@pytest.mark.filterwarnings("ignore:--unfreeze old. the package is Debian's, which cannot")
def test_what_nobody_can_remove_is_hidden_only_when_that_is_said(
    world: dict[str, Any], tmp_path: Path
) -> None:
    for unfreeze in ([], ["old"]):
        with pytest.raises(envpack.ResolutionImpossible) as caught:
            envpack.resolve("old>=2", unfreeze=unfreeze, **world)
        assert "hide the old of the base, which cannot be removed, behind 2.0" in str(caught.value)
        assert "envpack resolve … --shadow old\n" in str(caught.value)
        assert "--unfreeze" not in str(caught.value)
    with pytest.warns(envpack.EnvpackWarning, match=r"old 2\.0 hides the base's 1\.0"):
        lock = envpack.resolve("old>=2", shadow=["old"], **world)
    assert lock.to_dict()["shadowed"] == ["old"]
    image = build(lock, tmp_path)
    old = next(p for p in envpack.freeze(image).packages if p.name == "old")
    assert str(old.version) == "2.0"
    # Nothing moves without a reason.
    assert versions(envpack.resolve("old", shadow=["old"], **world)) == {}


def test_what_was_built_against_an_unfrozen_torch_is_named(world: dict[str, Any]) -> None:
    with pytest.warns(envpack.EnvpackWarning, match="built against the base's: apex"):
        lock = envpack.resolve("xformers", unfreeze=["torch"], **world)
    assert versions(lock) == {"torch": "2.3.0", "xformers": "0.0.26"}


def test_a_wheel_brings_no_file_of_a_base_package(world: dict[str, Any], tmp_path: Path) -> None:
    files = {"beta/__init__.py": b"VERSION = 'gamma'\n", "gamma.py": b"", "beta/extra.py": b""}
    make_wheel(tmp_path / "files", "gamma", "1.0", files=files)
    lock = envpack.resolve("gamma", **world)
    with pytest.raises(envpack.InvalidArgument) as caught:
        build(lock, tmp_path)
    said = str(caught.value)
    assert "gamma 1.0 brings `beta/__init__.py`, which beta 2.0 of the base has" in said
    assert "--shadow beta" in said
    assert not (tmp_path / "image").exists()
    build(envpack.resolve("gamma", shadow=["beta"], **world), tmp_path)


def test_the_same_file_twice_does_no_harm(world: dict[str, Any], tmp_path: Path) -> None:
    files = {"beta/__init__.py": b"VERSION = '2.0'\n", "beta/plugin.py": b""}
    make_wheel(tmp_path / "files", "delta", "1.0", files=files)
    build(envpack.resolve("delta", **world), tmp_path)


def test_a_pre_release_counts_as_the_release_when_that_is_said(world: dict[str, Any]) -> None:
    with pytest.raises(envpack.ResolutionImpossible):
        envpack.resolve("xformers", **world)
    with pytest.warns(envpack.EnvpackWarning, match=r"counts as 2\.3\.0: install with --no-deps"):
        lock = envpack.resolve("xformers", treat_as_release=["torch"], **world)
    assert versions(lock) == {"xformers": "0.0.26"}
    assert lock.provided == {"torch": NGC_TORCH}
    assert lock.to_dict()["relaxed"] == [
        {"name": "torch", "pin": NGC_TORCH, "because": "xformers 0.0.26 requires torch==2.3.0"}
    ]
    for name, said in (("beta", "is no pre-release"), ("absent", "has no such package")):
        with pytest.warns(envpack.EnvpackWarning, match=said):
            envpack.resolve("beta", treat_as_release=[name], **world)
    with (
        pytest.warns(envpack.EnvpackWarning, match="counts as"),
        pytest.raises(envpack.ResolutionImpossible, match=NGC_TORCH.replace("+", r"\+")),
    ):
        envpack.resolve("torch>=2.4", treat_as_release=["torch"], **world)
