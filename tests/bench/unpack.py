"""Unpacking of our layers by engines, beside the same layers as one gzip -6 member each."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

from bench.build import make_inputs
from support.daemons import NotHere, containerd
from support.engines import Engine

ROUNDS = 3


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def _put(layout: Path, data: bytes) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _blob(layout, digest).write_bytes(data)
    return {"digest": digest, "size": len(data)}


def single_members(ours: Path, layout: Path) -> int:
    """Write the image of ``ours`` with layers that gzip -6 packed whole; return its layers."""
    (layout / "blobs/sha256").mkdir(parents=True)
    shutil.copy(ours / "oci-layout", layout)
    index: dict[str, Any] = json.loads((ours / "index.json").read_text())
    entry = index["manifests"][0]
    manifest = json.loads(_blob(ours, entry["digest"]).read_text())
    config = manifest["config"]["digest"]
    shutil.copy(_blob(ours, config), _blob(layout, config))
    for layer in manifest["layers"]:
        blob = _blob(ours, layer["digest"])
        if layer["mediaType"].endswith("+gzip"):
            with gzip.open(blob) as plain:
                packed = subprocess.run(
                    ["gzip", "-6", "-n"], input=plain.read(), capture_output=True, check=True
                )
            layer.update(_put(layout, packed.stdout))
        else:
            shutil.copy(blob, _blob(layout, layer["digest"]))
    entry.update(_put(layout, json.dumps(manifest).encode()))
    (layout / "index.json").write_text(json.dumps(index))
    return len(manifest["layers"])


def _time(command: list[str]) -> float:
    begin = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr[-2000:]}")
    return time.perf_counter() - begin


def _show(engine: str, times: dict[str, list[float]]) -> None:
    best = {name: min(values) for name, values in times.items()}
    print(
        f"  {engine:11} ours {best['ours']:6.2f} s, one member {best['single']:6.2f} s, "
        f"ratio {best['ours'] / best['single']:.2f} (best of {ROUNDS})"
    )


def _podman(folder: Path, layouts: dict[str, Path]) -> None:
    (folder / "podman").mkdir()
    engine = Engine("podman", folder / "podman", driver="overlay")
    times: dict[str, list[float]] = {name: [] for name in layouts}
    for _ in range(ROUNDS):
        for name, layout in layouts.items():
            begin = time.perf_counter()
            engine.podman("pull", "--quiet", f"oci:{layout}:latest")
            times[name].append(time.perf_counter() - begin)
            engine.podman("rmi", "--all", "--force")
    _show("podman", times)


def _import(folder: Path, layouts: dict[str, Path]) -> None:
    archives = {}
    for name, layout in layouts.items():
        archives[name] = folder / f"{name}.tar"
        with tarfile.open(archives[name], "w") as tar:
            for path in sorted(layout.rglob("*")):
                tar.add(path, path.relative_to(layout), recursive=False)
    times: dict[str, list[float]] = {name: [] for name in layouts}
    with containerd() as ctr:
        for _ in range(ROUNDS):
            for name, archive in archives.items():
                load = [*ctr, "images", "import", "--base-name", "example/app", str(archive)]
                times[name].append(_time(load))
                _time([*ctr, "images", "rm", "--sync", "example/app:latest"])
    _show("containerd", times)


def bench_unpack(work: Path, envpack: str, size: int) -> None:
    """Time engines that take an image of ours, and the same with one gzip member a layer."""
    folder = work / "unpack"
    make_inputs(folder, size)
    ours, single = folder / "ours", folder / "single"
    build = [envpack, "-q", "build", str(folder / "pylock.toml"), "--base", f"oci:{folder}/base"]
    subprocess.run([*build, "-o", f"oci:{ours}:latest"], check=True, stdout=subprocess.DEVNULL)
    layers = single_members(ours, single)
    print(f"\nunpacking an image of {layers} layers, {size / 1e6:.0f} MB")
    layouts = {"ours": ours, "single": single}
    if shutil.which("podman"):
        _podman(folder, layouts)
    else:
        print("  there is no podman on this machine")
    try:
        _import(folder, layouts)
    except NotHere as reason:
        print(f"  {reason}")
    helper = shutil.which("unpigz")
    print(f"  containerd inflates with {'unpigz' if helper else 'its own gzip'}")
    shutil.rmtree(folder)
