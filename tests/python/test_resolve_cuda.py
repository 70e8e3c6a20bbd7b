"""resolve() with the CUDA of a target: torch and its family come from one index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.simple_index import simple_index
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a mirror of PyTorch's indexes: torch 2.10 and 2.11 in each."""
    folder = tmp_path_factory.mktemp("whl")
    for suffix in ("cu126", "cu128", "cu130", "cpu"):
        for torch, vision in (("2.10.0", "0.25.0"), ("2.11.0", "0.26.0")):
            local = f"+{suffix}"
            make_wheel(folder / suffix / "torch", "torch", torch + local, requires=("filelock",))
            make_wheel(
                folder / suffix / "torchvision",
                "torchvision",
                vision + local,
                requires=(f"torch=={torch}",),
            )
    return folder


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what the default index would have: the family too, without CUDA in the version."""
    folder = tmp_path_factory.mktemp("wheels")
    make_wheel(folder, "filelock", "3.0")
    make_wheel(folder, "torch", "2.11.0", requires=("filelock",))
    make_wheel(folder, "torchvision", "0.26.0", requires=("torch==2.11.0",))
    make_wheel(folder, "torchvision", "0.19.0")
    return folder


def resolve(
    mirror: Path, wheels: Path, *requirements: str, base: Path | None = None, cuda: str = "",
    gpus: tuple[str, ...] = (), driver: str = "",
) -> envpack.Lock:  # fmt: skip
    """Resolve against the mirror; what it does not pin comes from the wheels."""
    return envpack.resolve(
        *requirements, base=base, cuda=cuda, gpus=gpus, driver=driver,
        torch_index=mirror.as_uri(), find_links=[wheels], no_index=True,
    )  # fmt: skip


def versions(lock: envpack.Lock) -> dict[str, str]:
    return {p.name: str(p.version) for p in lock.packages}


def test_a_disagreement_with_the_index_is_told(
    wheels: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    def told() -> list[str]:
        texts = [str(one.message) for one in recwarn]
        recwarn.clear()
        return [text for text in texts if "the tables" in text]

    for version in ("2.10.0+cpu", "99.0+cpu"):
        make_wheel(tmp_path / "cpu/torch", "torch", version, requires=("filelock",))
    lock = resolve(tmp_path, wheels, "torch<98", cuda="cpu")
    assert versions(lock)["torch"] == "2.10.0+cpu"
    (missing,) = told()
    assert "has no torch 2." in missing
    assert "the newest that fits there is 2.10.0" in missing
    assert versions(resolve(tmp_path, wheels, "filelock", cuda="cpu")) == {"filelock": "3.0"}
    assert told() == []
    assert versions(resolve(tmp_path, wheels, "torch", cuda="cpu"))["torch"] == "99.0+cpu"
    assert any("which is newer than the tables" in text for text in told())
    with pytest.raises(envpack.ResolutionImpossible):
        resolve(tmp_path, wheels, "torch==2.11.0", cuda="cpu")
    assert "has no torch 2.11.0" in told()[0]


def test_the_family_comes_from_one_index_and_the_rest_does_not(mirror: Path, wheels: Path) -> None:
    with pytest.warns(envpack.EnvpackWarning) as warned:
        lock = resolve(mirror, wheels, "torchvision", "torch<2.12", cuda="12.9")
    told = [str(one.message) for one in warned]
    assert any("come from" in one and "cu128" in one for one in told)
    assert versions(lock) == {
        "torch": "2.11.0+cu128", "torchvision": "0.26.0+cu128", "filelock": "3.0"
    }  # fmt: skip
    document = envpack.Lock.parse(lock.to_toml()).to_dict()
    assert document["cuda"]["suffix"] == "cu128"
    assert document["cuda"]["index"] == f"{mirror.as_uri()}/cu128"
    assert any(one.startswith("cu130: CUDA 13.0 is another") for one in document["cuda"]["dropped"])


@pytest.mark.filterwarnings("ignore::envpack.EnvpackWarning")
def test_gpus_hold_torch_at_a_release_that_has_code_for_them(mirror: Path, wheels: Path) -> None:
    # cu128 lost Volta with torch 2.11; Blackwell is in no older index.
    lock = resolve(mirror, wheels, "torch>=2.9,<2.12", cuda="12.8", gpus=("V100", "B200"))
    assert versions(lock)["torch"] == "2.10.0+cu128"
    lock = resolve(mirror, wheels, "torch>=2.9,<2.12", gpus=("V100",), driver="550")
    assert versions(lock)["torch"] == "2.11.0+cu126"


@pytest.mark.filterwarnings("ignore::envpack.EnvpackWarning")
def test_without_cuda(mirror: Path, wheels: Path) -> None:
    assert versions(resolve(mirror, wheels, "torch", cuda="cpu"))["torch"] == "2.11.0+cpu"


def test_no_index_that_fits_is_a_conflict(mirror: Path, wheels: Path) -> None:
    with pytest.raises(envpack.ResolutionImpossible) as raised:
        resolve(mirror, wheels, "torch==2.11.0", cuda="11.8")
    conflict = raised.value.conflict
    assert "no PyTorch index fits torch ==2.11.0" in conflict["headline"]
    assert {"kind": "index", "package": "torch", "who": "cu118",
            "text": "has only torch 2.0.0 to 2.7.1"} in conflict["causes"]  # fmt: skip
    assert any("--allow-other-major" in way["description"] for way in conflict["ways_out"])


@pytest.mark.filterwarnings("ignore::envpack.EnvpackWarning")
def test_a_torch_that_only_a_dependency_needs_must_fit_too(
    mirror: Path, wheels: Path, tmp_path: Path
) -> None:
    make_wheel(tmp_path, "accelerate", "1.0", requires=("torch",))
    make_wheel(tmp_path, "plain", "1.0")
    options: dict[str, Any] = {
        "cuda": "11.8", "gpus": ["B200"], "torch_index": mirror.as_uri(),
        "find_links": [wheels, tmp_path], "no_index": True,
    }  # fmt: skip
    with pytest.raises(envpack.ResolutionImpossible) as raised:
        envpack.resolve("accelerate", **options)
    assert "no PyTorch index fits" in raised.value.conflict["headline"]
    assert raised.value.conflict["ways_out"]
    # Without torch in the answer it is only told.
    with pytest.warns(envpack.EnvpackWarning) as warned:
        lock = envpack.resolve("plain", **options)
    assert versions(lock) == {"plain": "1.0"}
    assert any("no PyTorch index fits" in str(one.message) for one in warned)
    # A file that the user names is the user's choice, not that of an index.
    mine = make_wheel(tmp_path / "mine", "torch", "2.11.0+mine", requires=("filelock",))
    with pytest.warns(envpack.EnvpackWarning):
        lock = envpack.resolve("accelerate", str(mine), **options)
    assert versions(lock)["torch"] == "2.11.0+mine"


def test_the_credentials_of_a_mirror_are_sent_and_not_told(
    wheels: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    with simple_index(tmp_path, user="somebody:s3cr3t") as index:
        with pytest.raises(envpack.EnvpackError) as raised:
            envpack.resolve(
                "torch<2.12", cuda="12.9", torch_index=index.url, find_links=[wheels],
                no_index=True,
            )  # fmt: skip
        # Whom it knows, it tells that the page is not there.
        assert "404 /simple/cu128/torch/" in index.requests
    told = str(raised.value) + "".join(str(one.message) for one in recwarn)
    assert f"{index.bare_url}cu128" in told
    assert "s3cr3t" not in told


def test_the_torch_of_a_base_stays(mirror: Path, wheels: Path, tmp_path: Path) -> None:
    mine = make_wheel(tmp_path / "mine", "torch", "2.3.0a0+6ddf5cf85e.nv24.4")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--python", tmp_path / "venv", mine],
        check=True, capture_output=True,
    )  # fmt: skip
    with pytest.warns(envpack.EnvpackWarning) as warned:
        lock = resolve(mirror, wheels, "torchvision==0.19.0", base=tmp_path / "venv", cuda="12.8")
    assert versions(lock) == {"torchvision": "0.19.0"}
    assert lock.to_dict()["cuda"] is None
    told = [str(one.message) for one in warned]
    assert any("the base provides torch 2.3.0a0" in one for one in told)
    assert any("ask for torchvision==0.18.0" in one for one in told)
