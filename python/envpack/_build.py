"""The verb that makes an image."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

from envpack import _core
from envpack._progress import Reporting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from envpack._core import BuildReport
    from envpack._progress import ProgressArgument
    from envpack._verbs import StrPath


def build(
    input: StrPath | None = "pylock.toml",  # noqa: A002 - the command's word
    output: StrPath = "oci:image:latest",
    *,
    base: StrPath | None = None,
    layout: Literal["venv", "system", "app-root"] = "venv",
    prefix: str | None = None,
    add: Iterable[tuple[StrPath, str]] = (),
    with_libs: bool = False,
    env: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    ports: Iterable[str | int] = (),
    volumes: Iterable[str] = (),
    compression: Literal["gzip", "zstd", "none"] = "gzip",
    estargz: bool = False,
    user: str | None = None,
    workdir: str | None = None,
    entrypoint: Sequence[str] | None = None,
    cmd: Sequence[str] | None = None,
    constraints: bool = True,
    dedupe: bool = True,
    tests: bool = True,
    no_cache: bool = False,
    no_build: bool = False,
    sbom: Iterable[StrPath] = (),
    provenance: StrPath | None = None,
    index_url: str | None = None,
    extra_index_urls: Iterable[str] = (),
    find_links: Iterable[StrPath] = (),
    no_index: bool = False,
    index_strategy: Literal["first-index", "unsafe-best-match"] = "first-index",
    index_pins: Mapping[str, str] | None = None,
    offline: bool = False,
    keyring_provider: Literal["disabled", "subprocess"] | None = None,
    progress: ProgressArgument = None,
) -> BuildReport:
    """Put a lock or a virtual environment onto a base image, as OCI layers.

    The same input, base and ``SOURCE_DATE_EPOCH`` give the same digest.

    Args:
        input: a ``pylock.toml`` or a virtual environment on this machine; None for an image with
            nothing but ``add``, whose base needs no Python.
        output: ``oci:DIR[:TAG]``, ``oci-archive:FILE[:TAG]``, ``docker-archive:FILE[:NAME]`` or
            ``dir:DIR``, skopeo's image folder; appears whole or not at all.
        base: ``oci:DIR[:TAG]`` or an archive; None for the base that the lock was resolved for.
        layout: ``"venv"``, an environment of its own; ``"system"``, into the Python of the base,
            where ``pip install`` of root puts packages; ``"app-root"``, as the UBI images of Python
            have it: an environment and its content of uid 1001 and group 0, writable for the group,
            with user and working folder set.
        prefix: where the environment is in the image; None for ``/opt/venv``, or ``/opt/app-root``.
        add: files and folders of this machine with their places in the image, as ``COPY`` of a
            Dockerfile puts them there, in a layer on top of the packages.
        with_libs: copy the shared libraries that programs and libraries of ``add`` need, and that
            the image lacks, from this machine; never the C library or those of the GPU driver.
        env: variables of the image.
        labels: labels of the image.
        annotations: annotations of the image's manifest.
        ports: ports that the image's processes listen on: ``8080``, ``"53/udp"``.
        volumes: absolute paths of folders that engines make volumes of.
        compression: of the layers that are added; those of the base stay as they are.
        estargz: make these layers so that containerd's stargz snapshotter can mount them before
            they are fetched; only with gzip. Each has two more files at its root.
        user: user of the image's processes, ``UID[:GID]``.
        workdir: working folder of the image.
        entrypoint: entry point of the image.
        cmd: default arguments of the image.
        constraints: write one constraints file of the final image and name it by
            ``PIP_CONSTRAINT`` and ``UV_CONSTRAINT``, so that later installs cannot break it.
        dedupe: of a virtual environment, leave out the packages that the base has in the same
            version and from the same source; the environment in the image then sees the base's.
        tests: False leaves out folders called ``tests`` of packages of a virtual environment.
        no_cache: make every layer anew, also those that an earlier build wrote to ``output``.
        no_build: refuse to build packages of the lock that have no wheel.
        sbom: bills of materials of the image to write, each in the format that its name tells:
            ``*.cdx.json`` is CycloneDX 1.6, ``*.spdx.json`` SPDX 2.3.
        provenance: file to write how the image was built to: an in-toto statement with SLSA's
            provenance v1.
        index_url: as for :func:`resolve`; files of a lock are fetched from the URLs in it.
        extra_index_urls: as for :func:`resolve`.
        find_links: as for :func:`resolve`.
        no_index: as for :func:`resolve`.
        index_strategy: as for :func:`resolve`.
        index_pins: as for :func:`resolve`; their credentials count for files of the lock.
        offline: as for :func:`resolve`.
        keyring_provider: as for :func:`resolve`.
        progress: as for :func:`freeze`.

    Raises:
        InvalidArgument: the lock was made for another base; what is added cannot run there.
        IntegrityError: a wheel is not what the lock says.

    """
    options = _core.BuildOptions(
        "" if input is None else os.fspath(input),
        os.fspath(output),
        base=None if base is None else os.fspath(base),
        layout=layout,
        prefix=prefix or "",
        add=[(os.fspath(source), destination) for source, destination in add],
        with_libs=with_libs,
        env=dict(env or {}),
        labels=dict(labels or {}),
        annotations=dict(annotations or {}),
        ports=[str(port) for port in ports],
        volumes=list(volumes),
        compression=compression,
        estargz=estargz,
        user=user,
        workdir=workdir,
        entrypoint=None if entrypoint is None else list(entrypoint),
        cmd=None if cmd is None else list(cmd),
        constraints=constraints,
        dedupe=dedupe,
        tests=tests,
        no_cache=no_cache,
        no_build=no_build,
        sbom=[os.fspath(path) for path in sbom],
        provenance=None if provenance is None else os.fspath(provenance),
        indexes=_core.IndexOptions(
            index_url=index_url,
            extra_index_urls=list(extra_index_urls),
            find_links=[os.fspath(place) for place in find_links],
            no_index=no_index,
            index_strategy=index_strategy,
            index_pins=dict(index_pins or {}),
            offline=offline,
            keyring_provider=keyring_provider,
        ),
    )
    with Reporting(progress) as callback:
        return _core.build(options, callback)
