"""The constraints file of a built image, obeyed by the real pip and uv."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import envpack
from support.engines import skopeo_inspect
from support.installed_trees import make_venv
from support.installers import Uv, newest_pip
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

PLACE = "/etc/envpack/constraints.txt"


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    for version in ("1.0", "2.0"):
        make_wheel(folder, "lib", version)
        make_wheel(folder, "PyYAML", version)
    make_wheel(folder, "wants-new", "1.0", requires=("lib>=2",))
    make_wheel(folder, "content", "1.0", requires=("lib",))
    return folder


@pytest.fixture
def lock(wheels: Path, base: str, tmp_path: Path) -> Path:
    path = tmp_path / "pylock.toml"
    path.write_text(
        envpack.resolve("lib==1.0", base=base, find_links=[wheels], no_index=True).to_toml()
    )
    return path


def files_of(image: str, folder: Path) -> Path:
    subprocess.run(
        ["umoci", "unpack", "--rootless", "--image", image.removeprefix("oci:"), folder],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "rootfs"


def environment_of(image: str) -> dict[str, str]:
    config = json.loads(skopeo_inspect(image, "--config"))["config"]
    return dict(line.split("=", 1) for line in config["Env"])


def obeyed(
    constraints: Path, wheels: Path, refused: tuple[str, ...], allowed: str, folder: Path
) -> dict[str, str]:
    """Let pip and uv try what is to be refused and what is allowed; give what is there then."""
    venv = make_venv(folder / "venv")
    install = [
        "install", "--no-index", "--find-links", str(wheels), "--constraint", str(constraints)
    ]  # fmt: skip
    for installer in (newest_pip(folder / "pip"), Uv()):
        *bad, good = installer.run(venv, [[*install, wanted] for wanted in (*refused, allowed)])
        assert all(run.status != 0 for run in bad), installer.name
        assert good.status == 0, (installer.name, good.output)
    return {p.name: str(p.version) for p in envpack.freeze(venv).packages}


def test_pip_and_uv_in_the_image_cannot_replace_what_it_has(
    lock: Path, wheels: Path, base: str, tmp_path: Path
) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    envpack.build(lock, image)
    environment = environment_of(image)
    assert environment["PIP_CONSTRAINT"] == environment["UV_CONSTRAINT"] == PLACE
    text = (files_of(image, tmp_path / "bundle") / PLACE[1:]).read_text()
    pins = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert "lib==1.0" in pins
    base_pin = next(f"pyyaml=={p.version}" for p in envpack.freeze(base).packages
                    if p.name == "pyyaml")  # fmt: skip
    assert base_pin in pins
    assert not any(pin.startswith(("pip==", "setuptools==", "wheel==")) for pin in pins)
    # Nothing of this machine or of how the base was named is in it.
    assert str(tmp_path) not in text
    assert "oci:" not in text

    constraints = tmp_path / "constraints.txt"
    constraints.write_text(text)
    installed = obeyed(constraints, wheels, ("wants-new", "lib==2.0"), "content", tmp_path)
    assert installed["lib"] == "1.0"


@pytest.mark.parametrize("variable", ["PIP_CONSTRAINT", "UV_CONSTRAINT"])
def test_the_variables_of_the_image_are_obeyed(
    lock: Path, wheels: Path, tmp_path: Path, variable: str
) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    envpack.build(lock, image)
    root = files_of(image, tmp_path / "bundle")
    venv = make_venv(tmp_path / "venv")
    # The value, with the root of the image in front: what a process in a container sees.
    value = str(root) + environment_of(image)[variable]
    command = (
        [sys.executable, "-m", "pip", "--python", str(venv / "bin/python"), "install"]
        if variable == "PIP_CONSTRAINT"
        else [sys.executable, "-m", "uv", "pip", "install", "--python", str(venv), "--offline"]
    )
    ends = {
        wanted: subprocess.run(
            [*command, "--no-index", "--find-links", str(wheels), wanted],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), variable: value},
            check=False, capture_output=True, text=True, timeout=120,
        ).returncode
        for wanted in ("wants-new", "content")
    }  # fmt: skip
    assert ends["wants-new"] != 0
    assert ends["content"] == 0


def test_a_layer_of_its_own_has_its_pin(wheels: Path, base: str, tmp_path: Path) -> None:
    name = "big.One"  # 16 MiB and more: beside the layer of the small packages
    for version in ("1.0", "2.0"):
        make_wheel(wheels, name, version, files={"big/lib.so": bytes(17 << 20)})
    resolution = envpack.resolve(
        "lib==1.0", f"{name}==1.0", base=base, find_links=[wheels], no_index=True
    )
    lock = tmp_path / "pylock.toml"
    lock.write_text(resolution.to_toml())
    image = f"oci:{tmp_path / 'image'}:latest"
    envpack.build(lock, image)
    root = files_of(image, tmp_path / "bundle")
    lines = (root / PLACE[1:]).read_text().splitlines()
    assert {"lib==1.0", "-c constraints.d/big-one.txt"} <= set(lines)
    assert not any(line.startswith("big") for line in lines)

    # What it says is what envpack reads there, and what pip and uv obey.
    frozen = envpack.freeze(image).to_dict()
    assert frozen["problems"] == []
    for said in frozen["constraint_files"]:
        assert {"big-one", "lib"} <= set(said["same"])
        assert said["different"] == []
    refused = (f"{name}==2.0", "lib==2.0")
    installed = obeyed(root / PLACE[1:], wheels, refused, name, tmp_path)
    assert installed["big-one"] == "1.0"
    assert envpack.verify(image, lock).to_dict()["same_digest"] is True


def test_they_can_be_left_out(lock: Path, tmp_path: Path) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    envpack.build(lock, image, constraints=False)
    assert not {"PIP_CONSTRAINT", "UV_CONSTRAINT"} & environment_of(image).keys()
    assert not (files_of(image, tmp_path / "bundle") / PLACE[1:]).exists()


def test_an_image_of_ours_is_a_base_too(lock: Path, wheels: Path, tmp_path: Path) -> None:
    first = f"oci:{tmp_path / 'first'}:latest"
    envpack.build(lock, first)
    above = tmp_path / "above.toml"
    above.write_text(
        envpack.resolve("content", base=first, find_links=[wheels], no_index=True).to_toml()
    )
    second = f"oci:{tmp_path / 'second'}:latest"
    report = envpack.build(above, second, base=first)
    assert report.notes == []
    lines = (files_of(second, tmp_path / "files") / PLACE[1:]).read_text().splitlines()
    assert {"lib==1.0", "content==1.0"} <= set(lines)
    assert envpack.verify(second, above).ok
    assert {"lib", "content"} <= {p.name for p in envpack.freeze(second).packages}


def test_a_variable_that_is_asked_for_wins(lock: Path, tmp_path: Path) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    envpack.build(lock, image, env={"PIP_CONSTRAINT": "/mine.txt"})
    assert environment_of(image)["PIP_CONSTRAINT"] == "/mine.txt"
    assert environment_of(image)["UV_CONSTRAINT"] == PLACE


def test_an_image_is_verified_with_and_without_them(lock: Path, tmp_path: Path) -> None:
    for constraints in (True, False):
        image = f"oci:{tmp_path / 'image'}:{str(constraints).lower()}"
        envpack.build(lock, image, constraints=constraints)
        report = envpack.verify(image, lock)
        assert report.ok, str(report)
        assert report.to_dict()["same_digest"] is True
