"""Programs that take an image from where `build` put it and start something in it.

Each is one class: which outputs it reads, and how. A reader that cannot run on this machine says so
with NotHere when it is made.
"""

from __future__ import annotations

import abc
import contextlib
import itertools
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from support.daemons import NotHere, containerd, dockerd
from support.engines import find_engine, output_of, unpack


@dataclass(frozen=True)
class Output:
    """An image as `build` was told to write it."""

    form: str  #: "oci", "oci-archive" or "docker-archive"
    place: Path
    name: str  #: "registry.example/team/app:tag"; of a layout the tag alone counts
    compression: str = "gzip"

    def __str__(self) -> str:
        """Give the text for ``-o``, which other programs understand too."""
        tag = self.name.rpartition(":")[2] if self.form == "oci" else self.name
        return f"{self.form}:{self.place}:{tag}"


class Reader(abc.ABC):
    """A program with stores in ``folder``; what it starts ends with ``stack``.

    ``probe`` is the text of an image to try it with.
    """

    @abc.abstractmethod
    def __init__(self, folder: Path, stack: contextlib.ExitStack, probe: str) -> None: ...

    @staticmethod
    @abc.abstractmethod
    def reads(form: str, compression: str) -> bool:
        """Tell whether this program knows such an image at all."""

    @abc.abstractmethod
    def run(self, image: Output, program: str) -> str:
        """Start ``python3 -c program`` in a fresh container; return what it prints."""


class Podman(Reader):
    """Takes every form by its name."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, probe: str) -> None:
        del stack
        _need("podman", "runc")
        self.engine = find_engine(folder, probe)
        if self.engine.name != "podman":
            raise NotHere("podman cannot run here")

    @staticmethod
    def reads(form: str, compression: str) -> bool:
        del form, compression
        return True

    def run(self, image: Output, program: str) -> str:
        return self.engine.run(str(image), "python3", "-c", program)


class Buildah(Reader):
    """Takes every form as the base of a build."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, probe: str) -> None:
        del stack
        _need("buildah")
        stores = [f"--root={folder / 'root'}", f"--runroot={folder / 'runroot'}"]
        self.buildah = ["buildah", *stores, "--storage-driver=overlay"]
        try:
            self._in(probe, "true")
        except AssertionError as error:
            raise NotHere(f"buildah cannot run here: {error}") from error

    @staticmethod
    def reads(form: str, compression: str) -> bool:
        del form, compression
        return True

    def run(self, image: Output, program: str) -> str:
        return self._in(str(image), "python3", "-c", program)

    def _in(self, image: str, *command: str) -> str:
        container = output_of([*self.buildah, "from", "--quiet", image]).strip()
        try:
            return output_of(
                [*self.buildah, "run", "--isolation=chroot", container, "--", *command]
            )
        finally:
            output_of([*self.buildah, "rm", container])


class Umoci(Reader):
    """Unpacks a layout; runc starts what it made of it."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, probe: str) -> None:
        del stack, probe
        _need("umoci", "runc")
        self.folder = folder
        self.numbers = itertools.count()

    @staticmethod
    def reads(form: str, compression: str) -> bool:
        return form == "oci" and compression != "zstd"  # umoci 0.4

    def run(self, image: Output, program: str) -> str:
        bundle = self.folder / f"bundle-{next(self.numbers)}"
        unpack(str(image), bundle)
        config = bundle / "config.json"
        spec = json.loads(config.read_text())
        spec["process"].update(terminal=False, args=["python3", "-c", program])
        config.write_text(json.dumps(spec))
        try:
            name = f"{bundle.name}-{os.getpid()}"
            runc = ["runc", "--root", str(self.folder / "runc"), "run", "-b", str(bundle), name]
            return output_of(runc)
        finally:
            shutil.rmtree(bundle)


class Docker(Reader):
    """A Docker engine: `docker load`."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, probe: str) -> None:
        del folder, probe
        self.docker = stack.enter_context(dockerd())

    @staticmethod
    def reads(form: str, compression: str) -> bool:
        return form == "docker-archive" and compression != "zstd"  # before Docker 23

    def run(self, image: Output, program: str) -> str:
        loaded = output_of([*self.docker, "load", "--input", str(image.place)])
        assert f"Loaded image: {image.name}" in loaded
        command = ["--rm", "--network=none", "--entrypoint=python3", image.name, "-c", program]
        return output_of([*self.docker, "run", *command])


class Containerd(Reader):
    """A containerd: `ctr images import`."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, probe: str) -> None:
        del folder, probe
        _need("runc")
        self.ctr = stack.enter_context(containerd())
        self.numbers = itertools.count()

    @staticmethod
    def reads(form: str, compression: str) -> bool:
        del compression
        return form != "oci"

    def run(self, image: Output, program: str) -> str:
        assert f"unpacking {image.name} " in output_of(
            [*self.ctr, "images", "import", str(image.place)]
        )
        container = f"test-{next(self.numbers)}"
        command = ["--rm", image.name, container, "python3", "-c", program]
        return output_of([*self.ctr, "run", *command])


READERS: dict[str, type[Reader]] = {
    "podman": Podman,
    "buildah": Buildah,
    "umoci": Umoci,
    "docker": Docker,
    "containerd": Containerd,
}


def _need(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program):
            raise NotHere(f"there is no {program} on this machine")
