"""What the options of resolve() do, from local wheels."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few projects; the base has PyYAML 6.0."""
    folder = tmp_path_factory.mktemp("wheels")
    make_wheel(folder, "app", "2.0", requires=("pyyaml>=7", "lib"))
    make_wheel(folder, "app", "1.0", requires=("pyyaml>=5", "lib"))
    make_wheel(folder, "lib", "1.0")
    make_wheel(folder, "lib", "2.0")
    make_wheel(folder, "pyyaml", "7.0")
    make_wheel(folder, "stuck", "1.0", requires=("pyyaml>=7",))
    return folder


def versions(lock: envpack.Lock) -> dict[str, str]:
    return {p.name: str(p.version) for p in lock.packages}


def digest(wheel: Path) -> str:
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def test_an_unfrozen_package_may_move(wheels: Path, tmp_path: Path) -> None:
    mine = make_wheel(tmp_path / "mine", "pyyaml", "6.0")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--python", tmp_path / "venv", mine],
        check=True, capture_output=True,
    )  # fmt: skip
    options: dict[str, Any] = {
        "base": tmp_path / "venv", "find_links": [wheels], "no_index": True
    }  # fmt: skip
    with pytest.raises(envpack.ResolutionImpossible):
        envpack.resolve("stuck", **options)
    with pytest.warns(envpack.EnvpackWarning, match=r"pyyaml 7\.0 takes the place of the base's"):
        lock = envpack.resolve("stuck", unfreeze=["PyYAML"], **options)
    assert versions(lock) == {"stuck": "1.0", "pyyaml": "7.0"}


def test_what_the_base_breaks_by_itself_is_said_and_not_enforced(
    wheels: Path, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    site = next((tmp_path / "venv").glob("lib/python3*/site-packages"))
    for name, requires in (("numpy", ()), ("old", ("numpy>=2", "absent"))):
        with zipfile.ZipFile(make_wheel(tmp_path, name, "1.0", requires=requires)) as wheel:
            wheel.extractall(site)
    with pytest.warns(envpack.EnvpackWarning) as warned:
        lock = envpack.resolve("lib", base=tmp_path / "venv", find_links=[wheels], no_index=True)
    (warning,) = warned
    assert str(warning.message) == (
        "the base is not consistent in itself: "
        "old 1.0 requires numpy>=2, but numpy 1.0 is installed"
    )
    assert versions(lock) == {"lib": "2.0"}


def test_a_package_of_debian_never_moves(wheels: Path, base: str) -> None:
    options: dict[str, Any] = {"base": base, "find_links": [wheels], "no_index": True}
    with (
        pytest.warns(envpack.EnvpackWarning, match="is Debian's"),
        pytest.raises(envpack.ResolutionImpossible),
    ):
        envpack.resolve("stuck", unfreeze=["pyyaml"], **options)


@pytest.mark.parametrize("relax", ["stuck", "stuck:pyyaml"])
def test_a_relaxed_demand_is_recorded(wheels: Path, base: str, relax: str) -> None:
    options: dict[str, Any] = {"base": base, "find_links": [wheels], "no_index": True}
    lock = envpack.resolve("stuck", relax=[relax], **options)
    assert versions(lock) == {"stuck": "1.0"}
    assert lock.provided == {"pyyaml": "6.0"}
    assert lock.to_dict()["relaxed"] == [
        {"name": "pyyaml", "pin": "6.0", "because": "stuck 1.0 requires pyyaml>=7"}
    ]
    assert envpack.Lock.parse(lock.to_toml()).to_dict() == lock.to_dict()
    with pytest.raises(envpack.ResolutionImpossible):
        envpack.resolve("stuck", relax=["stuck:lib"], **options)


def test_what_holds_a_package_back_is_said(wheels: Path, base: str, tmp_path: Path) -> None:
    limits = tmp_path / "limits.txt"
    limits.write_text("lib<2\n")
    options: dict[str, Any] = {"base": base, "find_links": [wheels], "no_index": True,
               "constraint_files": [limits]}  # fmt: skip
    with pytest.warns(envpack.EnvpackWarning, match="held back"):
        lock = envpack.resolve("app", **options)
    assert versions(lock) == {"app": "1.0", "lib": "1.0"}
    forced = {one["name"]: one for one in lock.to_dict()["forced"]}
    assert forced["app"]["from"] == "2.0"
    assert "the base has pyyaml 6.0" in forced["app"]["by"]
    assert forced["lib"]["from"] == "2.0"
    assert "limits.txt:1" in forced["lib"]["by"]
    with pytest.raises(envpack.ResolutionImpossible, match="hold packages back"):
        envpack.resolve("app", fail_on_downgrade=True, **options)


def test_hash_mode(wheels: Path, tmp_path: Path) -> None:
    lib, app = wheels / "lib-2.0-py3-none-any.whl", wheels / "app-2.0-py3-none-any.whl"
    options: dict[str, Any] = {"find_links": [wheels], "no_index": True}
    request = tmp_path / "requirements.txt"
    request.write_text(f"lib==2.0 --hash=sha256:{digest(lib)}\n")
    assert versions(envpack.resolve(requirement_files=[request], **options)) == {"lib": "2.0"}

    request.write_text(f"lib==2.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(
        (envpack.ResolutionImpossible, envpack.IntegrityError), match=r"hash|sha256"
    ):
        envpack.resolve(requirement_files=[request], **options)
    request.write_text(f"app==2.0 --hash=sha256:{digest(app)}\n")
    with pytest.raises(envpack.InvalidArgument, match=r"without one: lib==2\.0, pyyaml==7\.0"):
        envpack.resolve(requirement_files=[request], **options)
    with pytest.raises(envpack.InvalidArgument, match="must be pinned"):
        envpack.resolve("lib>=2", require_hashes=True, **options)


def test_hash_mode_of_a_universal_export(wheels: Path, tmp_path: Path) -> None:
    one, two = (digest(wheels / f"lib-{version}-py3-none-any.whl") for version in ("1.0", "2.0"))
    request = tmp_path / "requirements.txt"
    request.write_text(
        f"lib==1.0 ; python_version < '3' --hash=sha256:{one}\n"
        f"lib==2.0 ; python_version >= '3' --hash=sha256:{two}\n"
        "stuck ; os_name == 'nt'\n"
    )
    lock = envpack.resolve(requirement_files=[request], find_links=[wheels], no_index=True)
    assert versions(lock) == {"lib": "2.0"}


def test_only_what_is_named(wheels: Path) -> None:
    lock = envpack.resolve("app", no_deps=True, find_links=[wheels], no_index=True)
    assert versions(lock) == {"app": "2.0"}


def test_several_indexes(tmp_path: Path) -> None:
    for index, version in (("first", "1.0"), ("second", "2.0")):
        make_wheel(tmp_path / index / "lib", "lib", version)
    make_wheel(tmp_path / "second" / "dep", "dep", "1.0")
    first, second = ((tmp_path / name).as_uri() for name in ("first", "second"))

    both: dict[str, Any] = {"index_url": second, "extra_index_urls": [first]}
    assert versions(envpack.resolve("lib", "dep", **both)) == {"lib": "1.0", "dep": "1.0"}
    merged = envpack.resolve("lib", index_strategy="unsafe-best-match", **both)
    assert versions(merged) == {"lib": "2.0"}
    assert merged.packages[0].index == second
    pinned = envpack.resolve("lib", index_pins={"lib": second}, **both)
    assert versions(pinned) == {"lib": "2.0"}
    with pytest.raises(envpack.ResolutionImpossible, match="dep"):
        envpack.resolve("dep", index_pins={"dep": first}, **both)
    with pytest.raises(envpack.ResolutionImpossible) as caught:
        envpack.resolve("lib>=2", **both)
    assert f"has the name: lib 2.0 is on {second}\n" in str(caught.value)
    assert "--index-strategy unsafe-best-match" in str(caught.value)


def test_offline_names_what_is_missing() -> None:
    with pytest.raises(envpack.NetworkError, match="offline"):
        envpack.resolve("lib", index_url="http://127.0.0.1:9/simple", offline=True)


def test_pip_installs_the_requirements_form(wheels: Path, tmp_path: Path) -> None:
    lock = envpack.resolve("app", find_links=[wheels], no_index=True)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(lock.to_requirements())
    commands: list[list[str | Path]] = [
        ["pip", "install", "--quiet", "--target", tmp_path / "target"],
        ["uv", "pip", "install", "--quiet", "--target", tmp_path / "other"],
    ]
    for command in commands:
        subprocess.run(
            [sys.executable, "-m", *command, "--no-deps", "--require-hashes", "--no-index",
             "--find-links", wheels, "-r", requirements],
            check=True, capture_output=True,
        )  # fmt: skip
    assert (tmp_path / "target/app").exists()
    assert (tmp_path / "other/app").exists()


def test_a_misspelt_word_is_an_error(wheels: Path) -> None:
    options: dict[str, Any] = {"find_links": [wheels], "no_index": True}
    with pytest.raises(ValueError, match="`reprot`"):
        envpack.resolve("app", base_deps="reprot", **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no index strategy"):
        envpack.resolve("app", index_strategy="first", **options)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:app is held back")
def test_the_tree_shows_who_needs_what(wheels: Path, base: str) -> None:
    lock = envpack.resolve("app", base=base, find_links=[wheels], no_index=True)
    assert lock.to_tree() == "app v1.0\n├── lib v2.0\n└── pyyaml v6.0 (provided)\n"
    assert envpack.Lock.parse(lock.to_toml()).to_tree() == lock.to_tree()


def test_what_the_base_lacks_is_added_or_reported(tmp_path: Path) -> None:
    make_wheel(tmp_path / "files", "halfway", "1.0", requires=("missing",))
    make_wheel(tmp_path / "files", "missing", "1.0")
    make_wheel(tmp_path / "files", "app", "1.0", requires=("halfway",))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--find-links", tmp_path / "files", "--python", tmp_path / "venv", "halfway"],
        check=True,
    )  # fmt: skip
    options: dict[str, Any] = {
        "base": tmp_path / "venv", "find_links": [tmp_path / "files"], "no_index": True
    }  # fmt: skip
    added = envpack.resolve("app", **options)
    assert versions(added) == {"app": "1.0", "missing": "1.0"}
    with pytest.warns(envpack.EnvpackWarning, match="missing"):
        reported = envpack.resolve("app", base_deps="report", **options)
    assert versions(reported) == {"app": "1.0"}
