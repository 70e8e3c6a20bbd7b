"""The verbs of envpack: the same names and options as on the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, Union

from envpack import _core
from envpack._progress import Reporting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envpack._core import (
        AuditReport,
        DiffReport,
        IndexPlan,
        InspectReport,
        Inventory,
        Lock,
        StripReport,
        VerifyReport,
    )
    from envpack._progress import ProgressArgument

StrPath = Union[str, "os.PathLike[str]"]


def freeze(
    source: StrPath = ".",
    *,
    python: str | None = None,
    exclude: Iterable[str] = (),
    pin: Literal["all", "binary", "torch-stack"] = "all",
    used_by: StrPath | None = None,
    check: bool = False,
    progress: ProgressArgument = None,
) -> Inventory:
    """List the packages of a base, without running any of it.

    Args:
        source: ``.`` for the Python that runs this, a virtual environment or prefix,
            ``python:PATH``, ``dir:ROOTFS``, ``oci:DIR[:TAG]``, ``oci-archive:FILE[:TAG]``,
            ``docker-archive:FILE[:NAME]``, or ``freeze:FILE`` with the output of pip.
        python: interpreter or prefix inside an image or root file system, instead of the first
            one on its PATH.
        exclude: names of packages to leave out.
        pin: ``binary``: only packages with machine code and what they need; ``torch-stack``: only
            torch and the packages with machine code around it.
        used_by: only what the Python files and notebooks of this project import.
        check: add what is inconsistent in the base to ``problems``.
        progress: a callable ``(subject, done, total)``; True for a display; False for none; None
            for a display in notebooks only.

    Raises:
        NotFound: there is no such source, or no Python in it.
        IntegrityError: a blob of an image is not what its digest says.

    """
    with Reporting(progress) as callback:
        return _core.freeze(
            os.fspath(source),
            python,
            list(exclude),
            pin,
            None if used_by is None else os.fspath(used_by),
            check,
            callback,
        )


def resolve(
    *requirements: str,
    editables: Iterable[StrPath] = (),
    lock_folder: StrPath = "",
    requirement_files: Iterable[StrPath] = (),
    constraint_files: Iterable[StrPath] = (),
    base: StrPath | None = None,
    python: str | None = None,
    pre: bool = False,
    unfreeze: Iterable[str] = (),
    shadow: Iterable[str] = (),
    treat_as_release: Iterable[str] = (),
    relax: Iterable[str] = (),
    base_deps: Literal["add", "report"] = "add",
    fail_on_downgrade: bool = False,
    no_deps: bool = False,
    no_build: bool = False,
    no_binary: Iterable[str] = (),
    only_binary: Iterable[str] = (),
    require_hashes: bool = False,
    exclude_newer: str | None = None,
    index_url: str | None = None,
    extra_index_urls: Iterable[str] = (),
    find_links: Iterable[StrPath] = (),
    no_index: bool = False,
    index_strategy: Literal["first-index", "unsafe-best-match"] = "first-index",
    index_pins: Mapping[str, str] | None = None,
    offline: bool = False,
    keyring_provider: Literal["disabled", "subprocess"] | None = None,
    cuda: str = "",
    gpus: Iterable[str] = (),
    driver: str = "",
    allow_other_major: bool = False,
    torch_index: str = "",
    cuda_mirrors: Mapping[str, str] | None = None,
    progress: ProgressArgument = None,
) -> Lock:
    """Choose versions for the requirements on top of a base, whose packages never change.

    Args:
        requirements: dependency specifiers such as ``"numpy>=2"``, paths and URLs of wheels,
            source distributions and project folders, ``git+https://…`` repositories.
        editables: project folders, as after pip's ``-e``; the lock says that they are editable.
        lock_folder: where the lock will be written; project folders are named relative to it.
        requirement_files: requirements files, as after pip's ``-r``.
        constraint_files: constraints files, as after pip's ``-c``.
        base: a source as for :func:`freeze`: provides packages, Python and platform. None: the
            Python that runs this is the target and provides nothing.
        python: interpreter or prefix inside the base.
        pre: allow pre-releases of everything.
        unfreeze: names of base packages that may be replaced.
        shadow: names of base packages that others may hide, by coming earlier on the path; those
            of Debian and distutils too, which nothing can replace.
        treat_as_release: names of base packages whose pre-release counts as the release.
        relax: ``NAME[:DEPENDENCY]``: what NAME requires of base packages, or of that one only, is
            given up; the lock records it.
        base_deps: what base packages in use require and the base lacks is added, or only reported.
        fail_on_downgrade: raise when a constraint or the base holds a package back.
        no_deps: only what is named.
        no_build: wheels only; build no source distribution.
        no_binary: names, or ``":all:"``, to take from source.
        only_binary: names, or ``":all:"``, to take as wheels only.
        require_hashes: every file must have one of the hashes of the request.
        exclude_newer: ignore files uploaded after this date or RFC 3339 time.
        index_url: simple API of the index, instead of the one that pip is configured with.
        extra_index_urls: further indexes, asked before the index itself.
        find_links: folders or pages with more files.
        no_index: ask no index, use ``find_links`` only.
        index_strategy: ``first-index``: the first index that has a name owns it;
            ``unsafe-best-match``: all indexes together, as pip does.
        index_pins: packages that come from one index only: name to URL.
        offline: use only what was fetched before.
        keyring_provider: ``subprocess``: credentials of indexes come from the ``keyring`` command;
            None: what pip is configured with.
        cuda: with this or the next four, torch and what is built with it come from the one index
            of PyTorch that fits, as :func:`index_url` finds it; empty: ``"auto"`` where one of
            them is given. Nothing is chosen where the base provides torch. Without
            ``torch_index``, any of them also chooses for jax, tensorflow, cupy, RAPIDS and others.
        gpus: GPUs that must all work.
        driver: a version of the driver or its branch.
        allow_other_major: also wheels for another major version than the base's toolkit.
        torch_index: mirror of PyTorch's indexes, without the suffix.
        cuda_mirrors: for the indexes and pages of other packages for CUDA: what is named below
            the first URL is asked for below the second.
        progress: as for :func:`freeze`.

    Raises:
        ResolutionImpossible: there is no solution; its ``conflict`` says why.
        InvalidRequirement: a requirement is malformed.
        NetworkError: an index did not answer.

    """
    for requirement in requirements:
        if not isinstance(requirement, str):
            given = type(requirement).__name__
            message = f"a requirement is a text, not a {given}: resolve('a', 'b')"
            raise TypeError(message)
    indexes = _core.IndexOptions(
        index_url=index_url,
        extra_index_urls=list(extra_index_urls),
        find_links=[os.fspath(place) for place in find_links],
        no_index=no_index,
        index_strategy=index_strategy,
        index_pins=dict(index_pins or {}),
        offline=offline,
        keyring_provider=keyring_provider,
    )
    options = _core.ResolveOptions()
    options.requirements = list(requirements)
    options.editables = [os.fspath(path) for path in editables]
    options.lock_folder = os.fspath(lock_folder)
    options.requirement_files = [os.fspath(path) for path in requirement_files]
    options.constraint_files = [os.fspath(path) for path in constraint_files]
    options.base = None if base is None else os.fspath(base)
    options.python = python
    options.pre = pre
    options.unfreeze = list(unfreeze)
    options.shadow = list(shadow)
    options.treat_as_release = list(treat_as_release)
    options.relax = list(relax)
    options.base_deps = base_deps
    options.fail_on_downgrade = fail_on_downgrade
    options.no_deps = no_deps
    options.no_build = no_build
    options.no_binary = list(no_binary)
    options.only_binary = list(only_binary)
    options.require_hashes = require_hashes
    options.exclude_newer = exclude_newer or ""
    options.indexes = indexes
    options.cuda = _core.CudaOptions(
        cuda=cuda,
        gpus=list(gpus),
        driver=driver,
        allow_other_major=allow_other_major,
        torch_index=torch_index,
        mirrors=[f"{name}={url}" for name, url in (cuda_mirrors or {}).items()],
    )
    with Reporting(progress) as callback:
        return _core.resolve(options, callback)


def index_url(
    *,
    base: StrPath | None = None,
    cuda: str = "auto",
    torch: str = "",
    gpus: Iterable[str] = (),
    driver: str = "",
    allow_other_major: bool = False,
    python: str = "",
    platform: Literal["", "x86_64", "aarch64"] = "",
    torch_index: str = "",
    offline: bool = False,
    progress: ProgressArgument = None,
) -> IndexPlan:
    """Name the index of PyTorch's wheels that fits an image, GPUs and a driver.

    The tables of envpack decide, and this machine is not asked. The index that they name is asked
    what it has of torch; where it says otherwise, or does not answer, a note tells.

    Args:
        base: a source as for :func:`freeze`, whose CUDA, Python and platform are the target.
        cuda: ``"auto"``: the toolkit of the base; ``"12.4"``; ``"cpu"``: wheels without CUDA.
        torch: a release such as ``"2.6"`` or ``"2.6.0"``, or a range; empty: the newest that fits.
        gpus: GPUs that must all work: ``"H100"``, ``"sm_90"``, ``"9.0"``.
        driver: a version of the driver or its branch: ``"550.54.14"``, ``"550"``.
        allow_other_major: also wheels for another major version than the base's toolkit.
        python: the Python that the wheels are for, ``"3.12"``; empty: the base's, or any.
        platform: empty: the base's, else ``"x86_64"``.
        torch_index: mirror of PyTorch's indexes, without the suffix.
        offline: do not ask the index.
        progress: as for :func:`freeze`.

    Raises:
        ResolutionImpossible: no index fits; its ``conflict`` says why each is dropped.
        InvalidArgument: a GPU that is not known, or GPUs for ``"cpu"``.

    """
    options = _core.IndexUrlOptions(
        base=None if base is None else os.fspath(base),
        cuda=_core.CudaOptions(
            cuda=cuda,
            gpus=list(gpus),
            driver=driver,
            allow_other_major=allow_other_major,
            torch_index=torch_index,
            mirrors=[],
        ),
        torch=torch,
        python=python,
        platform=platform,
        offline=offline,
    )
    with Reporting(progress) as callback:
        return _core.index_url(options, callback)


def strip(
    requirements: StrPath,
    *,
    base: StrPath = ".",
    python: str | None = None,
    progress: ProgressArgument = None,
) -> StripReport:
    """Take out of a requirements file what a base provides.

    Args:
        requirements: the file; it is not changed.
        base: a source as for :func:`freeze`.
        python: interpreter or prefix inside the base.
        progress: as for :func:`freeze`.

    Raises:
        ParseError: the file is one that pip refuses.
        NotFound: there is no such file or base.

    """
    with Reporting(progress) as callback:
        return _core.strip(os.fspath(requirements), os.fspath(base), python, callback)


def inspect(source: StrPath, *, progress: ProgressArgument = None) -> InspectReport:
    """Show what is in an image: layers, packages, sizes, duplicates, config.

    Every byte is read and checked against its digest; nothing is unpacked or executed. ``str()``
    of the result is the text of the command, ``to_dict()`` its JSON document.

    Args:
        source: ``oci:DIR[:TAG]``, ``oci-archive:FILE[:TAG]`` or ``docker-archive:FILE[:NAME]``.
        progress: as for :func:`freeze`.

    Raises:
        IntegrityError: a blob of the image is not what its digest says.

    """
    with Reporting(progress) as callback:
        return _core.inspect(os.fspath(source), callback)


def diff(a: StrPath, b: StrPath, *, progress: ProgressArgument = None) -> DiffReport:
    """Compare the packages, files and config of two images.

    Args:
        a: an image, as for :func:`inspect`.
        b: another one.
        progress: as for :func:`freeze`.

    """
    with Reporting(progress) as callback:
        return _core.diff(os.fspath(a), os.fspath(b), callback)


def verify(
    image: StrPath,
    lock: StrPath | None = None,
    *,
    base: StrPath | None = None,
    no_build: bool = False,
    index_url: str | None = None,
    extra_index_urls: Iterable[str] = (),
    find_links: Iterable[StrPath] = (),
    no_index: bool = False,
    index_strategy: Literal["first-index", "unsafe-best-match"] = "first-index",
    index_pins: Mapping[str, str] | None = None,
    offline: bool = False,
    keyring_provider: Literal["disabled", "subprocess"] | None = None,
    progress: ProgressArgument = None,
) -> VerifyReport:
    """Check every digest, size and diff_id of an image, and every file that a RECORD lists.

    What is wrong is in ``problems``; an exception means that the image could not be looked at.

    Args:
        image: an image, as for :func:`inspect`.
        lock: the ``pylock.toml`` that it was built from: its layers are built again and compared.
        base: the base to build on; None for the base of the lock.
        no_build: refuse to build packages of the lock that have no wheel.
        index_url: as for :func:`resolve`; so are the following.
        extra_index_urls: see :func:`resolve`.
        find_links: see :func:`resolve`.
        no_index: see :func:`resolve`.
        index_strategy: see :func:`resolve`.
        index_pins: see :func:`resolve`.
        offline: see :func:`resolve`.
        keyring_provider: see :func:`resolve`.
        progress: as for :func:`freeze`.

    """
    indexes = _core.IndexOptions(
        index_url=index_url,
        extra_index_urls=list(extra_index_urls),
        find_links=[os.fspath(place) for place in find_links],
        no_index=no_index,
        index_strategy=index_strategy,
        index_pins=dict(index_pins or {}),
        offline=offline,
        keyring_provider=keyring_provider,
    )
    with Reporting(progress) as callback:
        return _core.verify(
            os.fspath(image),
            None if lock is None else os.fspath(lock),
            None if base is None else os.fspath(base),
            no_build,
            indexes,
            callback,
        )


def audit(
    source: StrPath | Iterable[StrPath] = ".",
    *,
    python: str | None = None,
    gpus: Iterable[str] = (),
    driver: str = "",
    base: StrPath | None = None,
    layout: Literal["venv", "system", "app-root"] = "venv",
    prefix: str | None = None,
    no_build: bool = False,
    index_url: str | None = None,
    extra_index_urls: Iterable[str] = (),
    find_links: Iterable[StrPath] = (),
    no_index: bool = False,
    index_strategy: Literal["first-index", "unsafe-best-match"] = "first-index",
    index_pins: Mapping[str, str] | None = None,
    offline: bool = False,
    keyring_provider: Literal["disabled", "subprocess"] | None = None,
    progress: ProgressArgument = None,
) -> AuditReport:
    """Say whether the binaries of a base, image, lock or wheel run on GPUs and a driver.

    Every ELF file is read and none is run: the libraries that it needs, as the loader would find
    them, and the GPU code in it. ``str()`` of the result is the text of the command, ``to_dict()``
    its JSON document. Wheels and the packages of a lock are neither installed nor unpacked; what
    had to be taken for granted is in ``assumptions``.

    Args:
        source: as for :func:`freeze`, but for ``freeze:FILE``; or a ``pylock.toml``; or wheels, one
            or several. Of an image and a root file system all files are read, of an environment
            those that its Python can import.
        python: interpreter or prefix inside the source.
        gpus: GPUs that must work: ``"H100"``, ``"sm_90"``, ``"9.0"``.
        driver: a version of the driver or its branch: ``"550.54.14"``, ``"550"``.
        base: of a lock or wheels: the image that they are for. None for the image that the lock was
            resolved for, or none: then only what the wheels bring is looked at.
        layout: of a lock or wheels, as for :func:`build`.
        prefix: of a lock or wheels, as for :func:`build`.
        no_build: refuse to build packages of the lock that have no wheel.
        index_url: as for :func:`resolve`; so are the following.
        extra_index_urls: see :func:`resolve`.
        find_links: see :func:`resolve`.
        no_index: see :func:`resolve`.
        index_strategy: see :func:`resolve`.
        index_pins: see :func:`resolve`.
        offline: see :func:`resolve`.
        keyring_provider: see :func:`resolve`.
        progress: as for :func:`freeze`.

    Raises:
        InvalidArgument: a GPU that is not known; a lock that was made for another base.
        NotFound: there is no such source.

    """
    several = [source] if isinstance(source, (str, os.PathLike)) else list(source)
    first, *more = [os.fspath(one) for one in several]
    indexes = _core.IndexOptions(
        index_url=index_url,
        extra_index_urls=list(extra_index_urls),
        find_links=[os.fspath(place) for place in find_links],
        no_index=no_index,
        index_strategy=index_strategy,
        index_pins=dict(index_pins or {}),
        offline=offline,
        keyring_provider=keyring_provider,
    )
    with Reporting(progress) as callback:
        return _core.audit(
            first,
            more,
            python,
            list(gpus),
            driver,
            None if base is None else os.fspath(base),
            layout,
            prefix or "",
            no_build,
            indexes,
            callback,
        )
