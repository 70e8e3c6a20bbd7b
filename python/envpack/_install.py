"""The verb that works on environments of this machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from envpack import _core
from envpack._progress import Reporting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from envpack._core import InstallReport
    from envpack._progress import ProgressArgument
    from envpack._verbs import StrPath


def install(
    lock: StrPath = "pylock.toml",
    *,
    prefix: StrPath,
    python: StrPath | None = None,
    system_site_packages: bool = False,
    exact: bool = False,
    reinstall: bool = False,
    link_mode: Literal["auto", "clone", "hardlink", "copy"] = "auto",
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
) -> InstallReport:
    """Put the wheels of a lock into a virtual environment on this machine.

    A package stays when the same version from the same place is there; another version is
    replaced; what the lock does not name is left alone. All of it happens or nothing.

    Args:
        lock: a ``pylock.toml``.
        prefix: a virtual environment, which is made where there is none, or the prefix of a Python.
        python: of a new environment: an interpreter; None for the one in use.
        system_site_packages: a new environment sees the packages of its Python.
        exact: remove the packages that the lock does not have, but for installers.
        reinstall: install also what is there in the right version.
        link_mode: how files come from the cache; ``auto`` is the first of the others that the file
            system can do.
        no_build: refuse to build packages of the lock that have no wheel.
        index_url: as for :func:`build`.
        extra_index_urls: as for :func:`build`.
        find_links: as for :func:`build`.
        no_index: as for :func:`build`.
        index_strategy: as for :func:`build`.
        index_pins: as for :func:`build`.
        offline: as for :func:`build`.
        keyring_provider: as for :func:`build`.
        progress: as for :func:`freeze`.

    Raises:
        InvalidArgument: the lock is for another Python, the prefix is no environment, or a file of
            somebody else is in the way.
        IntegrityError: a wheel is not what the lock says.

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
        return _core.install(
            os.fspath(lock),
            os.fspath(prefix),
            None if python is None else os.fspath(python),
            system_site_packages,
            exact,
            reinstall,
            link_mode,
            no_build,
            indexes,
            callback,
        )
