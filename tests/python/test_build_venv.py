"""An image from a virtual environment: what of it is left out, and what stays whole."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import envpack
from support.command import envpack as command
from support.engines import Engine
from support.installed_trees import pip_install
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


def version_in(base: str, name: str) -> str:
    return next(p.raw_version for p in envpack.freeze(base).packages if p.name == name)


@pytest.fixture
def venv(base: str, tmp_path: Path) -> Path:
    """Make an environment of the base's Python with what the base has and what it lacks."""
    python = envpack.freeze(base).python.version.rsplit(".", 1)[0]
    if python != f"{sys.version_info[0]}.{sys.version_info[1]}":
        pytest.skip(f"the base has Python {python}, this one differs")
    wheels = tmp_path / "wheels"
    yaml = version_in(base, "pyyaml")
    make_wheel(wheels, "PyYAML", yaml, files={"yaml_of_venv.py": b"", "only/y.py": b""})
    make_wheel(
        wheels, "tool", "1.0", requires=("PyYAML",),
        files={
            "tool.py": b"import yaml\ndef main():\n    print('tool', yaml.__version__)\n",
            "tool_data/tests/test_tool.py": b"", "tool_data/testing/kept.py": b"",
        },
        entry_points="[console_scripts]\ntool = tool:main\n",
    )  # fmt: skip
    made = tmp_path / "an env"
    subprocess.run([sys.executable, "-m", "venv", made], check=True)
    pip_install(made, "--no-index", "-f", wheels, "tool", "PyYAML")
    return made


def files_of(report: envpack.BuildReport, layout: Path) -> set[str]:
    names = set()
    for layer in report.layers:
        blob = layout / "blobs/sha256" / layer.digest.removeprefix("sha256:")
        with tarfile.open(blob, "r:gz") as tar:
            names |= {member.name for member in tar.getmembers()}
    return names


def test_packages_of_the_base_are_left_out(
    venv: Path, base: str, tmp_path: Path, engine: Engine
) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    report = envpack.build(venv, image, base=base)
    assert report.notes == [
        "1 package is in the base already, in the same version: pyyaml (--no-dedupe keeps it)"
    ]
    assert not [name for name in files_of(report, tmp_path / "image") if "yaml" in name.lower()]
    # The base's own is seen instead, by the program and by pip.
    version = version_in(base, "pyyaml")
    assert engine.run(image, "tool") == f"tool {version}\n"
    checked = engine.run(image, "/opt/venv/bin/python", "-m", "pip", "check")
    assert "No broken requirements" in checked
    # pip is the environment's own, though the base may have the same.
    assert "/opt/venv/" in engine.run(image, "/opt/venv/bin/pip", "--version")


def test_what_no_package_lists_is_the_last_layer(venv: Path, base: str, tmp_path: Path) -> None:
    own = venv / "lib/python3.11/site-packages/own_code.py"
    own.write_text("first = 1\n")
    layout = tmp_path / "image"
    first = envpack.build(venv, f"oci:{layout}", base=base).layers
    assert [layer.title for layer in first][-1] == "files of no package"
    own.write_text("second = 2\n")
    second = envpack.build(venv, f"oci:{layout}", base=base).layers
    assert [layer.digest for layer in first][:-1] == [layer.digest for layer in second][:-1]
    blob = layout / "blobs/sha256" / second[-1].digest.removeprefix("sha256:")
    with tarfile.open(blob, "r:gz") as tar:
        names = {member.name.removeprefix("opt/venv/") for member in tar.getmembers()}
    assert {"pyvenv.cfg", "bin/python", "lib/python3.11/site-packages/own_code.py"} <= names
    assert not [name for name in names if ".dist-info" in name]


def test_they_can_be_kept(venv: Path, base: str, tmp_path: Path, engine: Engine) -> None:
    image = f"oci:{tmp_path / 'image'}:latest"
    report = envpack.build(venv, image, base=base, dedupe=False)
    assert report.notes == []
    python = "/opt/venv/bin/python"
    seen = engine.run(image, python, "-c", "import yaml_of_venv; print(yaml_of_venv.__file__)")
    assert seen.startswith("/opt/venv/")
    # The environment is as it was: it does not see the base's packages.
    lines = (venv / "pyvenv.cfg").read_text().splitlines()
    assert "include-system-site-packages = false" in lines
    assert "include-system-site-packages = false" in engine.run(
        image, "cat", "/opt/venv/pyvenv.cfg"
    )


def test_another_version_is_not_of_the_base(
    venv: Path, base: str, tmp_path: Path, engine: Engine
) -> None:
    other = tmp_path / "other"
    make_wheel(other, "PyYAML", "99.0", files={"yaml/__init__.py": b"__version__ = 'ours'\n"})
    pip_install(venv, "--no-index", "-f", other, "-U", "PyYAML")
    image = f"oci:{tmp_path / 'image'}:latest"
    assert envpack.build(venv, image, base=base).notes == []
    assert engine.run(image, "tool") == "tool ours\n"


def test_tests_are_left_out_when_asked(venv: Path, base: str, tmp_path: Path) -> None:
    layout = tmp_path / "image"
    whole = files_of(envpack.build(venv, f"oci:{layout}:a", base=base), layout)
    less = files_of(envpack.build(venv, f"oci:{layout}:b", base=base, tests=False), layout)
    assert any(name.endswith("tool_data/tests/test_tool.py") for name in whole)
    assert not [name for name in less if "/tests/" in name]
    assert any(name.endswith("tool_data/testing/kept.py") for name in less)
    # RECORD lists what is there.
    assert envpack.verify(f"oci:{layout}:b").ok


@pytest.mark.parametrize("option", ["--no-dedupe", "--no-tests"])
def test_a_lock_takes_no_option_of_environments(option: str, base: str, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    make_wheel(wheels, "lib", "1.0")
    lock = tmp_path / "pylock.toml"
    lock.write_text(envpack.resolve("lib", base=base, find_links=[wheels], no_index=True).to_toml())
    refused = command("build", lock, "-o", f"oci:{tmp_path / 'image'}", option, status=2)
    assert option in refused.stderr
    assert "rule: build.venv-option" in refused.stderr
