"""Resolving on top of a base, rule by rule: what the base provides stays, and all follows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.layouts import NGC_TORCH, SITE, Member, installed, interpreter, make_layout, member
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@dataclass
class World:
    """A folder of wheels, and a base."""

    folder: Path
    base: str = ""

    @property
    def files(self) -> Path:
        return self.folder / "files"

    def wheel(self, name: str, version: str, *requires: str, tag: str = "py3-none-any") -> None:
        make_wheel(self.files, name, version, requires=requires, tag=tag)

    def has(self, *members: list[Member]) -> None:
        """Make the base: a Python 3.11 with glibc 2.36, and these."""
        everything = [one for part in (interpreter(), *members) for one in part]
        self.base = make_layout(self.folder / "base", everything)

    @property
    def where(self) -> dict[str, Any]:
        """Give the options of a resolve here."""
        return {"base": self.base, "find_links": [self.files], "no_index": True}


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "files").mkdir()
    return World(tmp_path)


def added(lock: envpack.Lock) -> dict[str, str]:
    return {package.name: str(package.version) for package in lock.packages}


def test_no_index_is_asked_for_a_frozen_name(world: World) -> None:  # R1
    world.wheel("new", "1.0", "numpy>=1.20")
    world.wheel("numpy", "2.1.0")
    world.has(installed("numpy", "1.24.4"))
    with simple_index(world.files) as index:
        lock = envpack.resolve("new", "numpy", base=world.base, index_url=index.url)
        asked = [request.split()[1] for request in index.requests]
    assert added(lock) == {"new": "1.0"}
    assert [path for path in asked if "numpy" in path] == []
    assert "/simple/new/" in asked


def test_what_the_base_has_wins_over_anything_newer(world: World) -> None:  # R2
    world.wheel("timm", "1.0.9")
    world.wheel("new", "1.0", "timm")
    world.has(installed("timm", "0.9.12"))
    for wanted in (("timm",), ("timm>=0.9", "new"), ("new",)):
        assert "timm" not in added(envpack.resolve(*wanted, **world.where)), wanted


def test_another_release_of_who_asks_comes_before_a_conflict(  # R3
    world: World,
) -> None:
    world.wheel("lightning", "2.4", "torch>=2.1")
    world.wheel("xformers", "0.0.27", "torch==2.2.2")
    world.wheel("xformers", "0.0.26", "torch<2.4")
    world.wheel("torchvision", "0.18.0", "torch==2.3.0")
    world.wheel("torch", "2.2.2")
    world.wheel("torch", "2.3.0")
    world.has(installed("torch", NGC_TORCH))
    assert added(envpack.resolve("lightning", **world.where)) == {"lightning": "2.4"}
    with pytest.warns(envpack.EnvpackWarning, match="xformers is held back at 0.0.26"):
        assert added(envpack.resolve("xformers", **world.where)) == {"xformers": "0.0.26"}
    with pytest.raises(envpack.ResolutionImpossible) as caught:
        envpack.resolve("torchvision==0.18.0", **world.where)
    assert f"has torch {NGC_TORCH}" in str(caught.value)
    assert "torchvision==0.18.0" in str(caught.value)
    # Not by itself, but when that is said:
    assert (
        "replace the torch of the base by 2.3.0\n       envpack resolve … --unfreeze torch"
        in str(caught.value)
    )


def test_a_base_package_needs_no_index_and_is_provided(world: World) -> None:  # R4
    world.wheel("new", "1.0", "apex")
    world.has(installed("apex", "0.1"))
    lock = envpack.resolve("new", "apex", **world.where)
    assert added(lock) == {"new": "1.0"}
    assert lock.provided is not None
    assert lock.provided["apex"] == "0.1"
    [new] = (p for p in lock.to_dict()["packages"] if p["name"] == "new")
    assert new["uses_provided"] == ["apex"]


def test_an_extra_of_a_base_package_brings_what_its_metadata_says(  # R5
    world: World,
) -> None:
    world.wheel("dask", "9.0")
    world.wheel("bokeh", "3.0")
    world.wheel("bokeh", "4.0")
    world.has(installed("dask", "2.0", "bokeh<4; extra == 'plots'", extras=("plots",)))
    assert added(envpack.resolve("dask[plots]", **world.where)) == {"bokeh": "3.0"}
    assert added(envpack.resolve("dask", **world.where)) == {}


def test_what_base_packages_want_of_each_other_is_a_fact(world: World) -> None:  # R6
    world.wheel("new", "1.0", "torch")
    world.has(
        installed("torch", "2.8.0", "nvidia_nccl_cu12==2.29.7"),
        installed("nvidia_nccl_cu12", "2.30.7"),
    )
    with pytest.warns(envpack.EnvpackWarning, match="the base is not consistent in itself: torch"):
        assert added(envpack.resolve("new", **world.where)) == {"new": "1.0"}


def test_what_the_base_lacks_is_added_where_it_is_reached(world: World) -> None:  # R7
    world.wheel("typer", "1.0")
    world.wheel("triton", "3.0")
    world.wheel("new", "1.0", "spacy")
    world.wheel("other", "1.0")
    world.has(installed("spacy", "3.7", "typer"), installed("torch", "2.8.0", "triton"))
    assert added(envpack.resolve("other", **world.where)) == {"other": "1.0"}
    assert added(envpack.resolve("new", **world.where)) == {"new": "1.0", "typer": "1.0"}
    with pytest.warns(envpack.EnvpackWarning, match="typer`, which the base does not have"):
        assert added(envpack.resolve("new", base_deps="report", **world.where)) == {"new": "1.0"}
    with pytest.warns(envpack.EnvpackWarning, match="triton`, which the base does not have"):
        assert added(envpack.resolve("torch", **world.where)) == {}


def test_what_a_base_package_wants_limits_what_comes(world: World) -> None:  # R8
    for version in ("1.26.4", "2.1.0"):
        world.wheel("numpy", version)
    world.wheel("newpkg", "1.0", "numpy>=1.26")
    world.wheel("protobuf", "4.25")
    world.wheel("protobuf", "5.0")
    world.has(
        installed("numpy", "1.24.4"),
        installed("basepkg", "1.0", "numpy<2"),
        installed("onnx", "1.16", "protobuf<5"),
    )
    with pytest.raises(envpack.ResolutionImpossible, match=r"numpy"):
        envpack.resolve("newpkg", **world.where)
    with (
        pytest.warns(envpack.EnvpackWarning, match=r"numpy is held back at 1\.26\.4"),
        pytest.warns(envpack.EnvpackWarning, match=r"numpy 1\.26\.4 takes the place"),
    ):
        lock = envpack.resolve("newpkg", unfreeze=["numpy"], **world.where)
    assert added(lock) == {"newpkg": "1.0", "numpy": "1.26.4"}
    with pytest.warns(envpack.EnvpackWarning, match="protobuf is held back at 4.25"):
        assert added(envpack.resolve("protobuf", **world.where)) == {"protobuf": "4.25"}
    with pytest.raises(envpack.ResolutionImpossible, match=r"onnx"):
        envpack.resolve("protobuf>=5", **world.where)


def test_a_pre_release_that_is_installed_is_accepted(world: World) -> None:  # R9
    world.wheel("torch", "2.4.0")
    world.wheel("plain", "1.0", "torch")
    world.has(installed("torch", NGC_TORCH))
    for wanted in ("plain", "torch>=1.7", "torch<2.4", "torch==2.3.*", "torch>=2.3.0a0"):
        assert "torch" not in added(envpack.resolve(wanted, **world.where)), wanted
    for wanted in ("torch>=2.3", "torch~=2.3.0", "torch==2.3.0"):
        with pytest.raises(envpack.ResolutionImpossible, match="is a pre-release and sorts before"):
            envpack.resolve(wanted, **world.where)
    with pytest.raises(envpack.ResolutionImpossible):  # nor is it older than 2.3 (PEP 440)
        envpack.resolve("torch<2.3", **world.where)


def test_an_unfrozen_package_prefers_the_base_s_version(world: World) -> None:  # R10
    world.wheel("numpy", "1.26.4")
    world.wheel("scipy", "1.13", "numpy>=1.20")
    world.wheel("scipy", "1.14", "numpy>=1.25")
    world.has(
        installed("numpy", "1.24.4"),
        installed("torch", NGC_TORCH, "numpy"),
        installed("apex", "0.1", "torch", "numpy<1.26"),
    )
    assert added(envpack.resolve("numpy", unfreeze=["numpy"], **world.where)) == {}
    with pytest.raises(envpack.ResolutionImpossible, match="apex"):
        envpack.resolve("scipy==1.14", unfreeze=["numpy"], **world.where)


def test_the_smallest_set_of_pins_that_has_to_go(world: World) -> None:  # R11
    world.wheel("one", "2.0")
    world.wheel("two", "2.0")
    world.wheel("three", "2.0")
    world.wheel("new", "1.0", "one>=2", "two>=2", "three")
    world.wheel("torch", "2.4.0")
    world.wheel("vision", "1.0", "torch>=2.4")
    world.has(
        installed("one", "1.0"), installed("two", "1.0"), installed("three", "1.0"),
        installed("torch", NGC_TORCH),
    )  # fmt: skip
    with pytest.raises(envpack.ResolutionImpossible) as caught:
        envpack.resolve("new", **world.where)
    assert "--unfreeze one --unfreeze two" in str(caught.value)
    assert "three" not in str(caught.value)
    # Nothing short of saying so moves a torch.
    with pytest.raises(envpack.ResolutionImpossible) as caught:
        envpack.resolve("vision", relax=["vision:numpy"], **world.where)
    assert "--unfreeze torch" in str(caught.value)


def test_what_a_pin_costs_is_said(world: World) -> None:  # R12
    world.wheel("heretic", "1.4.0", "numpy>=2")
    world.wheel("heretic", "1.2.0", "numpy")
    world.has(installed("numpy", "1.24.4"))
    with pytest.warns(envpack.EnvpackWarning, match=r"heretic is held back at 1\.2\.0 instead"):
        assert added(envpack.resolve("heretic", **world.where)) == {"heretic": "1.2.0"}
    with pytest.raises(envpack.ResolutionImpossible, match="numpy"):
        envpack.resolve("heretic", fail_on_downgrade=True, **world.where)


def test_the_image_is_the_target_and_not_this_machine(world: World) -> None:  # R14
    # The base has Python 3.11 and glibc 2.36.
    world.wheel("native", "1.0", tag="cp311-cp311-manylinux_2_36_x86_64")
    world.wheel("native", "2.0", tag="cp311-cp311-manylinux_2_37_x86_64")
    world.wheel("native", "3.0", tag="cp312-cp312-manylinux_2_17_x86_64")
    make_wheel(world.files, "native", "4.0", requires_python=">=3.12")
    world.wheel("old", "1.0")
    markers = ("native; python_version == '3.11'", "old; python_version != '3.11'")
    world.wheel("marked", "1.0", *markers)
    world.has()
    assert added(envpack.resolve("marked", **world.where)) == {"marked": "1.0", "native": "1.0"}


def test_the_base_is_the_same_after_the_build(world: World) -> None:  # R16
    tmp_path = world.folder
    world.wheel("new", "1.0", "numpy")
    world.has(installed("numpy", "1.24.4"))
    (tmp_path / "pylock.toml").write_text(envpack.resolve("new", **world.where).to_toml())
    image = f"oci:{tmp_path / 'image'}"
    envpack.build(tmp_path / "pylock.toml", image)
    before = {p.name: str(p.version) for p in envpack.freeze(f"oci:{tmp_path / 'base'}").packages}
    after = {p.name: str(p.version) for p in envpack.freeze(image).packages}
    assert after == {**before, "new": "1.0"}
    # The lock is for that base: on one where numpy differs it is refused.
    other = make_layout(tmp_path / "other", [*interpreter(), *installed("numpy", "1.26.0")])
    with pytest.raises(envpack.InvalidArgument, match="numpy"):
        envpack.build(tmp_path / "pylock.toml", f"oci:{tmp_path / 'second'}", base=other)
    assert not (tmp_path / "second").exists()


def test_extensions_compiled_for_another_torch_are_pointed_out(  # R19
    world: World,
) -> None:
    world.wheel("flash_attn", "2.7", "torch", tag="cp311-cp311-linux_x86_64")
    world.has(installed("torch", NGC_TORCH))
    with pytest.warns(envpack.EnvpackWarning, match="abi-unverified"):
        assert added(envpack.resolve("flash-attn", **world.where)) == {"flash-attn": "2.7"}


def test_a_module_folder_of_debian_is_no_package(world: World) -> None:
    world.wheel("stray", "1.0")
    world.has([member(f"{SITE}/stray/__init__.py", b"")])
    assert added(envpack.resolve("stray", **world.where)) == {"stray": "1.0"}
