"""The main job on real input: a Debian base, real packages from the real index, a container."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import envpack
from support.command import envpack as command
from support.engines import Engine, skopeo_inspect, unpack

PACKAGES = ("numpy", "pydantic", "rich")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for the module, so that each wheel is fetched once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _shared_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVPACK_CACHE_DIR", str(cache))


@pytest.fixture(scope="module")
def lock(base: str, cache: Path) -> Path:
    """The real set, resolved from the index that pip on this machine uses."""
    probe = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", cache / "probe",
         "iniconfig"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if probe.returncode != 0:
        pytest.skip(f"SKIP: pip cannot reach its index here: {probe.stderr.strip()[-200:]}")
    path = cache / "pylock.toml"
    command("resolve", *PACKAGES, "--base", base, "-o", path, env={"ENVPACK_CACHE_DIR": str(cache)})
    return path


@pytest.mark.index
def test_the_whole_way(lock: Path, tmp_path: Path, engine: Engine) -> None:
    locked = {p.name: str(p.version) for p in envpack.Lock.parse(lock.read_text()).packages}
    assert set(PACKAGES) <= set(locked)

    image = f"oci:{tmp_path / 'image'}:latest"
    report = envpack.build(lock, image)
    again = envpack.build(lock, f"oci:{tmp_path / 'again'}:latest")
    assert again.digest == report.digest

    # Read by others: skopeo agrees on the digest, umoci unpacks all of it.
    seen = json.loads(skopeo_inspect(image))
    assert seen["Digest"] == report.digest
    assert len(seen["Layers"]) == 1 + len(report.layers)
    unpack(image, tmp_path / "bundle")
    assert (tmp_path / "bundle/rootfs/opt/venv/bin/python3").is_symlink()

    # Imported inside a container, in the versions of the lock, by compiled code.
    program = (
        "import json, numpy, pydantic, rich, sys, yaml\n"
        "from importlib.metadata import version\n"
        "class M(pydantic.BaseModel):\n    x: int\n"
        "assert M(x='3').x == 3 and int(numpy.arange(10).sum()) == 45\n"
        "print(json.dumps({n: version(n) for n in sys.argv[1:]}))"
    )
    print(f"imported by {engine.name}")
    versions = json.loads(engine.run(image, "python", "-c", program, *PACKAGES))
    assert versions == {name: locked[name] for name in PACKAGES}

    # What we froze of the result is what its own interpreter says is there.
    inside = json.loads(
        engine.run(
            image, "/opt/venv/bin/python", "-c",
            "import json, importlib.metadata as m\n"
            "print(json.dumps(sorted(d.metadata['Name'] for d in m.distributions())))",
        )
    )  # fmt: skip
    frozen = envpack.freeze(image)
    assert {p.name for p in frozen.packages} == {
        envpack.packaging.canonicalize_name(name) for name in inside
    }


@pytest.mark.index
def test_uv_and_pip_accept_the_lock(base: str, lock: Path, tmp_path: Path) -> None:
    # pip selects from a lock only for the interpreter that runs it, uv for any.
    target = envpack.freeze(base).python.version.rpartition(".")[0]
    tools: list[list[str | Path]] = [
        [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--python-version", target,
         "--target", tmp_path / "target", "-r", lock],
    ]  # fmt: skip
    if target == f"{sys.version_info[0]}.{sys.version_info[1]}":
        tools.append(
            [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet",
             "--target", tmp_path / "target", "-r", lock]
        )  # fmt: skip
    for tool in tools:
        result = subprocess.run(tool, capture_output=True, text=True, check=False, timeout=300)
        assert result.returncode == 0, result.stderr


@pytest.mark.index
def test_nothing_of_the_base_is_replaced(base: str) -> None:
    lock = envpack.resolve("pyyaml", "rich", base=base)
    assert "pyyaml" not in {p.name for p in lock.packages}
    assert lock.provided["pyyaml"] == str(envpack.freeze(base)["pyyaml"].version)
    with pytest.raises(envpack.ResolutionImpossible, match="pyyaml"):
        envpack.resolve("pyyaml>6.0", base=base)
