"""Virtual environments with every installed form, most of them made by the real pip.

What pip does not make any more, or only dpkg, conda and accidents make, is written as they do.
"""

from __future__ import annotations

import contextlib
import ensurepip
import functools
import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.installers import Pip
from support.projects import git, make_project, make_repository
from support.wheels import make_wheel

LOCAL = "6ddf5cf85e.nv24.4"


@dataclass
class Forms:
    """The environments and what the forms in them came from."""

    venv: Path
    site: Path
    folder: Path
    url: str
    commits: dict[str, str]

    @property
    def damaged(self) -> Path:
        """The environment with, beside all others, what pip and uv stumble over."""
        return self.folder / "damaged"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Serve the files of ``folder`` on a loopback port."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def make_forms(folder: Path, pip: Pip) -> Forms:
    """Make the environment in ``folder``/venv, and ``folder``/damaged with what breaks tools."""
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    site = venv / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    forms = Forms(venv, site, folder, "", {})
    _install(forms, pip)
    _write_old(forms)
    _write_foreign(forms)
    _write_accidents(forms)
    shutil.copytree(venv, forms.damaged, symlinks=True)
    _damage(forms.damaged / site.relative_to(venv))
    return forms


def _install(forms: Forms, pip: Pip) -> None:
    """F1, F2, F4 to F9 and the wheels that are changed later."""
    folder = forms.folder
    wheels, served = folder / "wheels", folder / "served"
    plain = ("debianized", "dup", "nometa", "shadow", "wrongver", "conda_made", "broken_url")
    make_wheel(wheels, "own_build", f"2.3.0a0+{LOCAL}")
    make_wheel(wheels, "cuda_build", "2.6.0+cu124")
    for name in plain:
        make_wheel(wheels, name, "1.0")
    local = make_wheel(folder / "local", "local_archive", "1.0")
    make_wheel(served, "remote_archive", "1.0")

    repository = folder / "vcs"
    make_project(repository / "py", "vcs_made", "1.0")
    forms.commits["vcs-made"] = make_repository(repository)
    git(folder, "clone", "--quiet", "--bare", repository, served / "vcs.git")
    git(served / "vcs.git", "update-server-info")
    make_project(folder / "copied", "copied_folder", "1.0")
    make_project(folder / "edit", "edit", "1.0")
    checkout = folder / "checkout"
    make_project(checkout / "py", "checkout_edit", "1.0")
    forms.commits["checkout-edit"] = make_repository(checkout)
    git(checkout, "remote", "add", "origin", "https://user:secret@example.org/o/checkout.git")
    make_project(folder / "private", "private_edit", "1.0")
    make_repository(folder / "private")
    git(folder / "private", "remote", "add", "origin", "/srv/git/private")

    with serve(served) as url:
        forms.url = url
        (outcome,) = pip.run(
            forms.venv,
            [["install", "--quiet", "--no-index", "--no-build-isolation", "--find-links",
              str(wheels), "own_build==2.3.0a0", "cuda_build", *plain, str(local),
              f"{url}/remote_archive-1.0-py3-none-any.whl",
              f"git+{url}/vcs.git#subdirectory=py", str(folder / "copied"),
              "-e", str(folder / "edit"), "-e", str(checkout / "py"),
              "-e", str(folder / "private")]],
        )  # fmt: skip
    assert outcome.status == 0, outcome.output


def _write_old(forms: Forms) -> None:
    """F10, F11 and F12, which setuptools made before wheels."""
    site, linked = forms.site, forms.folder / "linked"
    head = "Metadata-Version: 1.0\nName: {}\nVersion: {}\n"
    info = site / "eggdir-1.2.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text(head.format("eggdir", "1.2"))
    (info / "top_level.txt").write_text("eggdir\n")
    (site / "eggfile-1.3-py3.11.egg-info").write_text(head.format("eggfile", "1.3"))
    linked.mkdir()
    (linked / "setup.py").write_text(
        "from setuptools import setup\nsetup(name='linked', version='0.3', py_modules=[])\n"
    )
    # The setuptools that comes with Python 3.11 and older still makes egg-links.
    bundled = [*Path(ensurepip.__path__[0]).glob("_bundled/setuptools-*.whl")]
    if bundled:
        program = (
            f"import sys; sys.path.insert(0, {str(bundled[0])!r}); import setuptools\n"
            "sys.argv = ['setup.py', '-q', 'develop', '--no-deps']\n"
            "exec(open('setup.py').read())"
        )
        subprocess.run(
            [forms.venv / "bin/python", "-W", "ignore", "-c", program],
            cwd=linked, check=True, capture_output=True,
        )  # fmt: skip
    else:
        (site / "linked.egg-link").write_text(f"{linked}\n.")
        (site / "easy-install.pth").write_text(f"{linked}\n")
        (linked / "linked.egg-info").mkdir()
        (linked / "linked.egg-info/PKG-INFO").write_text(head.format("linked", "0.3"))
    assert (site / "linked.egg-link").is_file()


def _write_foreign(forms: Forms) -> None:
    """F3, F14, and F15 by a folder that a .pth file adds."""
    site = forms.site
    conda = site / "conda_made-1.0.dist-info"
    (conda / "INSTALLER").write_text("conda\n")
    (conda / "direct_url.json").write_text(
        '{"url":"file:///croot/conda_made_17/work","dir_info":{}}'
    )
    (forms.venv / "conda-meta").mkdir()
    (forms.venv / "conda-meta/conda_made-1.0-py311h.json").write_text("{}")
    (forms.venv / "conda-meta/openssl-3.0.13-h7f8727e_0.json").write_text("{}")

    debian = site / "debianized-1.0.dist-info"
    (debian / "INSTALLER").write_text("debian\n")
    (debian / "RECORD").unlink()

    later = forms.folder / "later"
    shutil.copytree(site / "shadow-1.0.dist-info", later / "shadow-0.9.dist-info")
    (later / "shadow-0.9.dist-info/METADATA").write_text("Name: shadow\nVersion: 0.9\n")
    (site / "zz-later.pth").write_text(f"{later}\n")


def _write_accidents(forms: Forms) -> None:
    """F16 to F18: what careless images have."""
    site = forms.site
    shutil.copytree(site / "dup-1.0.dist-info", site / "dup-0.5.dist-info")
    (site / "dup-0.5.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: dup\nVersion: 0.5\n"
    )
    (site / "nometa-1.0.dist-info/METADATA").unlink()
    (site / "wrongver-1.0.dist-info/METADATA").write_text(
        "Metadata-Version: 2.1\nName: wrongver\nVersion: 2.0\n"
    )


def _damage(site: Path) -> None:
    """F13 and the rest of F19: versions that are none, and what is left of interrupted installs."""
    legacy = site / "distro_info-1.1build1.egg-info"
    legacy.mkdir()
    (legacy / "PKG-INFO").write_text(
        "Metadata-Version: 2.1\nName: distro-info\nVersion: 1.1build1\n"
    )
    for name, version in (("~ip", "1.0"), ("my-pkg", "1.0"), ("badver", "1.0_weird")):
        broken = site / f"{name}-{version}.dist-info"
        broken.mkdir()
        (broken / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        (broken / "INSTALLER").write_text("pip\n")
        (broken / "RECORD").write_text("")
    (site / "empty.egg-info").mkdir()
    (site / "broken_url-1.0.dist-info/direct_url.json").write_text("{")
