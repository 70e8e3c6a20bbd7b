"""Every form in which a package can be installed: what envpack says, and whether pip obeys it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import envpack
from support.installed_forms import LOCAL, Forms, make_forms
from support.installers import Outcome, Pip, Uv, newest_pip, oldest_pip
from support.wheels import make_wheel

#: Constraint lines of the forms: F1, F2, … as the reference numbers them.
PINS = {
    "own-build": f"own-build==2.3.0a0+{LOCAL}",  # F1
    "cuda-build": "cuda-build==2.6.0+cu124",  # F2
    "conda-made": "conda-made==1.0",  # F3
    "vcs-made": "vcs-made==1.0",  # F4
    "remote-archive": "remote-archive==1.0",  # F5
    "local-archive": "local-archive==1.0",  # F6
    "copied-folder": "copied-folder==1.0",  # F7
    "edit": "edit==1.0",  # F8
    "private-edit": "private-edit==1.0",  # F9 without a remote that others reach
    "checkout-edit": "checkout-edit==1.0",  # F9
    "eggdir": "eggdir==1.2",  # F10
    "eggfile": "eggfile==1.3",  # F11
    "linked": "linked==0.3",  # F12
    "debianized": "debianized==1.0",  # F14
    "shadow": "shadow==1.0",  # F15
    "dup": "dup==1.0",  # F16
    "nometa": "nometa==1.0",  # F17
    "wrongver": "wrongver==1.0",  # F18
    "broken-url": "broken-url==1.0",  # F19
}
#: What pip itself is not sure of: of F16 it takes the one that the folder lists first, F17 it lists
#: and then does not count as installed, of F18 old ones compare the version of METADATA. Their pins
#: keep newer ones out all the same.
UNCERTAIN = {"dup", "nometa", "wrongver"}
#: F13 and F19: installed, and no constraint can say so.
UNPINNED = {"distro-info", "badver", "my", "empty"}


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Forms:
    folder = tmp_path_factory.mktemp("forms")
    return make_forms(folder, newest_pip(folder / "pip"))


@pytest.fixture(scope="session")
def old_pip(tmp_path_factory: pytest.TempPathFactory) -> Pip | str:
    return oldest_pip(tmp_path_factory.mktemp("oldest-pip"))


@pytest.fixture(params=[pytest.param("pip-oldest", marks=pytest.mark.index), "pip-newest", "uv"])
def installer(request: pytest.FixtureRequest, forms: Forms) -> Pip | Uv:
    if request.param == "uv":
        return Uv()
    if request.param == "pip-newest":
        return Pip(forms.folder / "pip", "newest")
    found: Pip | str = request.getfixturevalue("old_pip")
    if isinstance(found, str):
        pytest.skip(f"SKIP: {found}")
    return found


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def _sources(inventory: envpack.Inventory) -> dict[str, tuple[str, object, list[str]]]:
    return {
        row["name"]: (row["form"], row["source"], row["flags"])
        for row in inventory.to_dict()["packages"]
    }


def test_constraints_name_every_form(forms: Forms) -> None:
    inventory = envpack.freeze(forms.damaged)
    text = inventory.constraints()
    assert _lines(text) == sorted(PINS.values(), key=lambda line: line.partition("==")[0])
    comments = {line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("# ")}
    assert comments >= UNPINNED
    assert "~ip" not in text
    assert {row["name"]: row["reason"] for row in inventory.to_dict()["skipped"]} == {
        "distro-info": "legacy-version",
        "badver": "legacy-version",
        "my": "bad-folder-name",
        "empty": "no-metadata",
    }


def test_forms_and_sources(forms: Forms) -> None:
    folder = forms.folder
    digest = hashlib.sha256((folder / "local/local_archive-1.0-py3-none-any.whl").read_bytes())
    remote = hashlib.sha256((folder / "served/remote_archive-1.0-py3-none-any.whl").read_bytes())
    index = {"kind": "unknown-index"}
    found = _sources(envpack.freeze(forms.damaged))
    # Everything here is below /tmp or wherever pytest works: never asserted.
    for _, _, flags in found.values():
        if "build-path-dropped" in flags:
            flags.remove("build-path-dropped")
    local_url = found["local-archive"][1]
    assert isinstance(local_url, dict)
    local_url.pop("url")
    assert found == {
        "own-build": ("wheel", index, ["local-only", "prerelease"]),
        "cuda-build": ("wheel", {"kind": "cuda-index", "suffix": "cu124"}, ["local"]),
        "conda-made": ("conda", {"kind": "conda", "build": "py311h"}, []),
        "vcs-made": (
            "vcs",
            {"kind": "vcs", "url": f"{forms.url}/vcs.git", "commit": forms.commits["vcs-made"],
             "subdirectory": "py"},
            [],
        ),
        "remote-archive": (
            "archive",
            {"kind": "archive", "url": f"{forms.url}/remote_archive-1.0-py3-none-any.whl",
             "sha256": remote.hexdigest()},
            [],
        ),
        "local-archive": ("archive", {"kind": "archive", "sha256": digest.hexdigest()}, []),
        "copied-folder": ("local-dir", {"kind": "dir", "path": str(folder / "copied")}, []),
        "edit": ("editable", {"kind": "dir", "path": str(folder / "edit")}, []),
        "private-edit": ("editable", {"kind": "dir", "path": str(folder / "private")}, []),
        "checkout-edit": (
            "editable-vcs",
            {"kind": "vcs", "url": "https://example.org/o/checkout.git",
             "commit": forms.commits["checkout-edit"], "subdirectory": "py", "dirty": "unknown"},
            [],
        ),
        "eggdir": ("egg-info-dir", index, []),
        "eggfile": ("egg-info-file", index, ["unremovable"]),
        "linked": ("egg-link", {"kind": "dir", "path": str(folder / "linked")}, []),
        "debianized": ("debian", index, ["unremovable"]),
        "shadow": ("wheel", index, ["shadows"]),
        "dup": ("wheel", index, ["ambiguous"]),
        "nometa": ("wheel", index, ["no-metadata"]),
        "wrongver": ("wheel", index, ["version-mismatch"]),
        "broken-url": ("wheel", index, ["bad-direct-url"]),
    }  # fmt: skip


def test_requirements_can_be_installed_elsewhere(forms: Forms) -> None:
    folder, commits = forms.folder, forms.commits
    lines = envpack.freeze(forms.damaged).requirements().splitlines()
    subdirectory = "#subdirectory=py"
    remote = "https://example.org/o/checkout.git"
    assert {
        f"vcs-made @ git+{forms.url}/vcs.git@{commits['vcs-made']}{subdirectory}",
        f"checkout-edit @ git+{remote}@{commits['checkout-edit']}{subdirectory}",
        f"# edit 1.0: editable install of {folder / 'edit'}",
        f"# private-edit 1.0: editable install of {folder / 'private'}",
        f"# linked 0.3: editable install of {folder / 'linked'}",
        "conda-made==1.0",
        f"copied-folder==1.0   # built from {folder / 'copied'}; may be on no index",
    } <= set(lines)
    assert f"   # was file://{folder}" in next(x for x in lines if x.startswith("local-archive"))
    assert "secret" not in "\n".join(lines)


def test_pip_lists_the_same(forms: Forms) -> None:
    pip = Pip(forms.folder / "pip", "newest")
    listed, frozen = pip.run(forms.damaged, [["list", "--format=json"], ["freeze", "--all"]])
    rows = json.loads(listed.output[listed.output.index("[") :].splitlines()[0])
    names = {row["name"].lower().replace("_", "-") for row in rows} - {"pip"}
    # The version of `dup` follows the order of the folder, so only its name is compared; an
    # egg-info that is empty and a folder name with one hyphen too many are no package for us.
    assert names == {*PINS, *UNPINNED} - {"my"} | {"my-pkg"}
    commit = forms.commits["checkout-edit"]
    assert f"@{commit}#egg=checkout_edit&subdirectory=py" in frozen.output


def _newer(folder: Path) -> Path:
    """A folder with a newer release of everything that is pinned, and packages that want it."""
    offered = folder / "newer"
    for name in PINS:
        make_wheel(offered, name.replace("-", "_"), "99.0")
        make_wheel(offered, f"wants_newer_{name}", "1.0", requires=(f"{name}>=99",))
    make_wheel(offered, "fits", "1.0", requires=tuple(PINS.keys() - UNCERTAIN))
    return offered


def _state(forms: Forms) -> dict[str, bytes]:
    """Everything in the environment that a reinstallation would change."""
    return {
        str(path.relative_to(forms.venv)): path.read_bytes()
        for path in forms.site.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "fits" not in str(path)
    }


def test_constraints_are_honoured(forms: Forms, installer: Pip | Uv, tmp_path: Path) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(envpack.freeze(forms.damaged).constraints())
    offer = ["--no-index", "--find-links", str(_newer(tmp_path))]
    bound = [*offer, "-c", str(constraints)]
    eager = ["--upgrade", "--upgrade-strategy=eager"]
    before = _state(forms)
    outcomes = installer.run(
        forms.venv,
        [
            # Without the constraints the newer ones would come in.
            ["install", "--dry-run", *eager, *offer, "fits"],
            *(["install", "--dry-run", *bound, f"wants-newer-{name}"] for name in PINS),
            ["install", *eager, *bound, "fits"],
        ],
    )
    free, *refused, fitting = outcomes
    assert free.status == 0, free.output
    assert "99.0" in free.output
    for name, outcome in zip(PINS, refused):
        assert outcome.status != 0, f"{name} was replaced: {outcome.output}"
        assert _is_conflict(outcome, name), outcome.output
    assert fitting.status == 0, fitting.output
    assert _state(forms) == before
    assert str(envpack.freeze(forms.venv)["fits"].version) == "1.0"
    for path in (forms.site / "fits", forms.site / "fits-1.0.dist-info"):
        shutil.rmtree(path)


def _is_conflict(outcome: Outcome, name: str) -> bool:
    words = outcome.output.replace("\n", " ").lower()
    return name in words and ("conflict" in words or "unsatisfiable" in words)
