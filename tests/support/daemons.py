"""Daemons of container engines for the tests alone: own stores, own sockets, ended by their pid."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

START_SECONDS = 30
#: No daemon outlives this, nor the process that started it.
LIFE_SECONDS = 3600


class NotHere(Exception):
    """A program is missing, or cannot run on this machine; says why."""


@contextlib.contextmanager
def _daemon(command: list[str], ready: list[str], log: Path) -> Iterator[None]:
    """Run ``command`` until the block ends; it begins when ``ready`` succeeds."""
    for program in (command[0], ready[0]):
        if not shutil.which(program):
            raise NotHere(f"there is no {program} on this machine")
    bounded = ["setpriv", "--pdeathsig", "TERM", "timeout", str(LIFE_SECONDS), *command]
    with log.open("wb") as output:
        process = subprocess.Popen(bounded, stdout=output, stderr=output, start_new_session=True)
    try:
        deadline = time.monotonic() + START_SECONDS
        while subprocess.run(ready, capture_output=True, check=False).returncode != 0:
            if process.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(errors="replace").strip()
                raise NotHere(f"{command[0]} does not run here: {text[-500:]}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()  # `timeout` passes it on
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    # The path of a socket has room for 107 bytes: too few for the folders of pytest.
    folder = Path(tempfile.mkdtemp(prefix="envpack-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def dockerd() -> Iterator[list[str]]:
    """Run a Docker engine without networks; give the beginning of a docker command."""
    with _own_folder() as folder:
        socket = f"unix://{folder}/docker.sock"
        config = folder / "daemon.json"
        config.write_text(json.dumps({"storage-driver": "overlay2", "bridge": "none"}))
        command = [
            "dockerd", "--config-file", str(config), "--data-root", f"{folder}/data",
            "--exec-root", f"{folder}/exec", "-p", f"{folder}/docker.pid", "-H", socket,
            "--iptables=false", "--ip6tables=false",
        ]  # fmt: skip
        docker = ["docker", "--config", f"{folder}/client", "-H", socket]
        with _daemon(command, [*docker, "version"], folder / "log"):
            yield docker


@contextlib.contextmanager
def containerd() -> Iterator[list[str]]:
    """Run a containerd of our own; give the beginning of a ctr command."""
    with _own_folder() as folder:
        socket = folder / "containerd.sock"
        config = folder / "config.toml"
        config.write_text(
            f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{socket}"\n'
        )
        ctr = ["ctr", "-a", str(socket), "--timeout", "300s"]
        with _daemon(["containerd", "-c", str(config)], [*ctr, "version"], folder / "log"):
            yield ctr
