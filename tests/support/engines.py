"""Programs that read our images: what is on the machine, with private stores only."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

# No systemd, cgroup or limit of the host is counted on, and a container gets no network.
_PODMAN_CONFIG = """\
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=20000:20000"]
netns = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
"""


@dataclass
class Engine:
    """Runs a program inside an image."""

    name: str
    folder: Path
    driver: str = "vfs"

    def run(self, image: str, *command: str) -> str:
        """Start ``command`` in a fresh container of ``oci:DIR:TAG``; return its output.

        With podman, ``image`` may also be the name of a loaded image.
        """
        if self.name == "podman":
            return self.podman("run", "--rm", image, *command)
        return self._chroot(image, command)

    def podman(self, *arguments: str) -> str:
        """Run podman on a private store; return its output."""
        config = self.folder / "containers.conf"
        config.write_text(_PODMAN_CONFIG)
        stores = [f"--{name}={self.folder / name}" for name in ("root", "runroot", "tmpdir")]
        return output_of(
            ["podman", *stores, f"--storage-driver={self.driver}", *arguments],
            env={**os.environ, "CONTAINERS_CONF": str(config)},
        )

    def _chroot(self, image: str, command: tuple[str, ...]) -> str:
        bundle = self.folder / "bundle"
        shutil.rmtree(bundle, ignore_errors=True)
        unpack(image, bundle)
        path = "PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin"
        return output_of(["chroot", str(bundle / "rootfs"), "env", path, *command])


def output_of(command: list[str], env: dict[str, str] | None = None) -> str:
    """Run a program that must succeed; return what it prints."""
    result = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env=env
    )
    assert result.returncode == 0, f"{command[0]} failed: {result.stderr}"
    return result.stdout


def find_engine(folder: Path, probe: str) -> Engine:
    """Return the first engine that can start ``true`` in the image ``probe``."""
    if shutil.which("podman"):
        for driver in ("overlay", "vfs"):  # which copies the whole base for each layer
            podman = Engine("podman", folder / driver, driver)
            podman.folder.mkdir()
            try:
                podman.run(probe, "true")
            except (AssertionError, subprocess.TimeoutExpired) as error:
                print(f"podman cannot run here with {driver}: {error}")
            else:
                return podman
    return Engine("chroot", folder)


def unpack(image: str, bundle: Path) -> None:
    """Unpack ``oci:DIR:TAG`` with umoci to ``bundle/rootfs``."""
    output_of(["umoci", "unpack", "--image", image.removeprefix("oci:"), str(bundle)])


def skopeo_inspect(image: str, *options: str) -> str:
    """Return what ``skopeo inspect`` says about the image."""
    return output_of(["skopeo", "inspect", *options, image])
