"""Real wheels, installed by pip and by us: the trees differ in nothing that is not allowed to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import envpack
from support.installed_trees import ALLOWED, commands_of, differences, pip_install, snapshot
from support.installed_trees import make_venv as make_environment

#: Asked for; what they need comes along. Each is here for something.
WANTED = [
    "ipykernel",  # .data/data/share/jupyter
    "ipywidgets",  # two packages of data files
    "jupyterlab-pygments",  # data files only
    "greenlet",  # .data/headers, native
    "zope.interface",  # a namespace, native
    "sphinx",  # a namespace of six distributions
    "google-api-core",  # a namespace of three
    "numpy",  # libraries of its own, scripts
    "lxml",
    "cryptography",
    "pydantic",
    "ruff",  # a program in .data/scripts
    "ninja",
    "black",
    "pyyaml",
    "rich",
    "setuptools",
    "docutils",  # scripts
    "msgpack",
    "cffi",
]


@pytest.mark.index
@pytest.mark.slow
def test_forty_real_wheels_make_the_tree_that_pip_makes(tmp_path: Path) -> None:
    probe = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", tmp_path / "p",
         "rich"],
        check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    if probe.returncode != 0:
        pytest.skip(f"SKIP: pip cannot reach its index here: {probe.stderr.strip()[-200:]}")
    lock = envpack.resolve(*WANTED, no_build=True)
    assert len(lock.packages) >= 40
    pylock = tmp_path / "pylock.toml"
    pylock.write_text(lock.to_toml())
    prefix = tmp_path / "env"

    make_environment(prefix)
    pip_install(prefix, "--only-binary=:all:", *[f"{p.name}=={p.version}" for p in lock.packages])
    commands = commands_of(prefix)
    theirs = snapshot(prefix, commands)
    shutil.rmtree(prefix)

    make_environment(prefix)
    report = envpack.install(pylock, prefix=prefix)
    assert len(report.installed) == len(lock.packages)
    ours = snapshot(prefix, commands)
    print(f"{len(lock.packages)} wheels, {len(ours)} files, allowed to differ: {ALLOWED}")

    # What the set was chosen for is there.
    site = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    assert any(name.startswith("share/jupyter/") for name in ours)
    assert any(name.startswith("include/site/") for name in ours)
    assert f"{site}/google/api_core/__init__.py" in ours
    assert not os.path.lexists(prefix / site / "google/__init__.py")
    assert sum(name.endswith(".so") for name in ours) > 20
    assert len(commands) > 10

    assert differences(ours, theirs) == []
    subprocess.run(
        [prefix / "bin/python", "-c", "import numpy, lxml.etree, zope.interface, google.api_core"],
        check=True,
    )
