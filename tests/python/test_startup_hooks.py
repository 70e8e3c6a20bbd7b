"""What packages bring that every start of Python uses is told by build and install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.command import envpack as command
from support.layouts import interpreter, make_layout
from support.locks import write_lock
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

FILES = {
    "demo_code.pth": b"/somewhere\nimport os; os.environ['STARTED'] = 'yes'\n",
    "demo_path.pth": b"demo/vendored\n",
    ".hidden.pth": b"import os\n",  # site.py skips it
    "demo/inner.pth": b"import os\n",  # in no site directory
    "demo/__init__.py": b"",
    "sitecustomize.py": b"import demo\n",
}
HOOKS = {"demo_code.pth": "pth-code", "demo_path.pth": "pth", "sitecustomize.py": "sitecustomize"}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    wheels = tmp_path / "wheels"
    plain = make_wheel(wheels, "plain", "2.0")
    return write_lock(
        tmp_path / "pylock.toml", [plain, make_wheel(wheels, "demo", "1.0", files=FILES)]
    )


def expected(site: str) -> list[dict[str, str]]:
    return [
        {"package": "demo", "version": "1.0", "kind": kind, "path": f"{site}/{name}"}
        for name, kind in HOOKS.items()
    ]


def test_build_names_them(lock: Path, tmp_path: Path) -> None:
    base = make_layout(tmp_path / "base", interpreter())
    output = f"oci:{tmp_path / 'image'}"
    site = "/opt/venv/lib/python3.11/site-packages"
    for _ in ("the first time", "from the records"):
        report = envpack.build(lock, output, base=base)
        assert report.to_dict()["startup_hooks"] == expected(site)
        assert [h.path for h in report.startup_hooks] == [f"{site}/{name}" for name in HOOKS]
    # One more package: the wheel's plan comes from the records, the image does not.
    more = make_wheel(tmp_path / "wheels", "more", "3.0")
    write_lock(lock, [*sorted((tmp_path / "wheels").iterdir())])
    assert more.exists()
    assert envpack.build(lock, output, base=base).to_dict()["startup_hooks"] == expected(site)
    shown = command("build", lock, "--base", base, "-o", output).stdout
    assert f"{site}/demo_code.pth  whenever Python starts (pth-code), of demo 1.0\n" in shown


def test_install_names_them_and_they_take_effect(lock: Path, tmp_path: Path) -> None:
    prefix = (tmp_path / "env").resolve()
    report = envpack.install(lock, prefix=prefix)
    site = f"{prefix}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    assert report.to_dict()["startup_hooks"] == expected(site)
    assert [(h.package, h.kind) for h in report.startup_hooks] == [
        ("demo", kind) for kind in HOOKS.values()
    ]
    seen = subprocess.run(
        [prefix / "bin/python", "-c",
         "import os, sys; print(os.environ['STARTED'], 'demo' in sys.modules)"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert seen.stdout == "yes True\n"
    # What stays is not told again.
    again: Any = envpack.install(lock, prefix=prefix).to_dict()
    assert again["startup_hooks"] == []
    text = command("install", lock, "--prefix", prefix, "--reinstall").stdout
    assert f"{site}/sitecustomize.py  whenever Python starts (sitecustomize), of demo 1.0\n" in text


def test_build_of_an_environment_names_them(lock: Path, tmp_path: Path) -> None:
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the base has Python 3.11")
    base = make_layout(tmp_path / "base", interpreter())
    envpack.install(lock, prefix=tmp_path / "env")
    site = tmp_path / "env/lib/python3.11/site-packages"
    (site / "loose.pth").write_text("import sys\n")  # of no distribution
    report = envpack.build(tmp_path / "env", f"oci:{tmp_path / 'image'}", base=base)
    found = "/opt/venv/lib/python3.11/site-packages"
    loose = {"package": None, "version": None, "kind": "pth-code", "path": f"{found}/loose.pth"}
    want = [*expected(found)[:2], loose, *expected(found)[2:]]
    assert report.to_dict()["startup_hooks"] == want
