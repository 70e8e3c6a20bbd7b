"""``envpack audit``: GPU code, compared with NVIDIA's cuobjdump on what nvcc makes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support.command import envpack
from support.cuobjdump import counts, cuobjdump, nvcc, targets

KERNEL = """
#include <cstdio>
__device__ float twice(float x) { return 2 * x; }
__global__ void kernel(float* x) { x[threadIdx.x] = twice(x[threadIdx.x]); }
int main() { kernel<<<1, 1>>>(nullptr); return std::puts("done"); }
"""

#: Options of nvcc for each binary; more of it than one would ever ship.
BUILDS = {
    "one": ["-gencode", "arch=compute_90,code=sm_90"],
    "many": [
        *["-gencode", "arch=compute_75,code=sm_75"],
        *["-gencode", "arch=compute_80,code=[sm_80,sm_86,compute_80]"],
        *["-gencode", "arch=compute_90a,code=[sm_90a,compute_90a]"],
        *["-gencode", "arch=compute_100f,code=sm_100f"],
        *["-gencode", "arch=compute_103a,code=sm_103a"],
        *["-gencode", "arch=compute_120,code=[sm_120,compute_120]"],
    ],
    "size": ["-gencode", "arch=compute_90,code=[sm_90,compute_90]", "-compress-mode=size"],
    "speed": ["-gencode", "arch=compute_90,code=[sm_90,compute_90]", "-compress-mode=speed"],
    "balance": ["-gencode", "arch=compute_90,code=[sm_90,compute_90]", "-compress-mode=balance"],
    "plain": ["-gencode", "arch=compute_90,code=[sm_90,compute_90]", "-compress-mode=none"],
    "rdc": ["-rdc=true", "-gencode", "arch=compute_80,code=[sm_80,compute_80]"],
    "debug": ["-G", "-gencode", "arch=compute_90,code=[sm_90,compute_90]"],
    "object": ["-c", "-rdc=true", "-gencode", "arch=compute_90a,code=[sm_90a,compute_90a]"],
    "library": ["-shared", "-Xcompiler=-fPIC", "-gencode=arch=compute_75,code=[sm_75,compute_75]"],
    "fatbin": ["-fatbin", "-gencode", "arch=compute_80,code=[sm_80,compute_80]"],
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with a binary of every build, and a static archive of two."""
    folder = tmp_path_factory.mktemp("cuda")
    (folder / "k.cu").write_text(KERNEL)
    root = folder / "root"
    root.mkdir()
    for name, options in BUILDS.items():
        subprocess.run(
            [nvcc(), *options, "-o", root / name, folder / "k.cu"], check=True, timeout=600
        )
    objects = []
    for number, architecture in enumerate(("80", "90a")):
        objects.append(folder / f"{'x' * number}part.o")
        code = ["-gencode", f"arch=compute_{architecture},code=sm_{architecture}"]
        options = ["-c", "-Dmain=m" + str(number), *code, "-o", str(objects[-1])]
        subprocess.run([nvcc(), *options, folder / "k.cu"], check=True, timeout=600)
    subprocess.run(["ar", "rc", root / "libparts.a", *objects], check=True)
    return root


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give NVIDIA's tool."""
    return cuobjdump(tmp_path_factory.mktemp("cuobjdump"))


def audit(root: Path, *options: str, status: int | None = None) -> dict[str, Any]:
    """Give the JSON document."""
    result = envpack("audit", f"dir:{root}", *options, "--format", "json", status=status)
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.mark.index
def test_every_build_has_the_code_that_cuobjdump_lists(built: Path, tool: Path) -> None:
    document = audit(built)
    files = {file["file"]: file for file in document["files"]}
    assert set(files) == {*BUILDS, "libparts.a"}
    for name, file in files.items():
        assert counts(file) == targets(tool, built / name), name
        assert counts(file), name
    assert [f for f in document["findings"] if f["rule"] == "audit.unread"] == []
    assert {name for name, file in files.items() if not file["loaded"]} == {"object", "libparts.a"}
    assert "sm_100f" in {entry["target"] for entry in files["many"]["code"]}


@pytest.mark.index
def test_no_code_of_the_toolkits_libraries_is_missed(tool: Path, tmp_path: Path) -> None:
    folder = Path("/usr/local/cuda/lib64")
    compared = 0
    for name in ("libcurand.so", "libcusparse.so", "libcudnn_ops.so", "libcudadevrt.a"):
        if not (folder / name).exists():
            continue
        root = tmp_path / name
        root.mkdir()
        shutil.copy(folder / name, root / name)
        (file,) = audit(root)["files"]
        # The tool knows the sections of nvcc only; some libraries have more code elsewhere.
        assert targets(tool, root / name) - counts(file) == Counter(), name
        compared += 1
    if compared == 0:
        pytest.skip("there is no CUDA toolkit on this machine")


@pytest.mark.parametrize(
    ("name", "gpu", "driver", "verdict"),
    [
        ("one", "H100", "580", "native"),
        ("one", "A100", "580", "none"),
        ("many", "H200", "580", "native"),
        ("many", "L4", "580", "native"),
        ("many", "V100", "580", "none"),
        ("many", "B300", "580", "native"),
        ("many", "RTX 5090", "580", "native"),
        ("library", "H100", "580", "ptx"),
        ("library", "H100", "575", "driver-too-old"),
        ("rdc", "B200", "580", "ptx"),
    ],
)
def test_the_verdict_and_the_exit_code(
    built: Path, tmp_path: Path, name: str, gpu: str, driver: str, verdict: str
) -> None:
    (tmp_path / name).write_bytes((built / name).read_bytes())
    fails = verdict in {"none", "driver-too-old"}
    # Nothing of the system is there, so programs lack their libraries: only GPU code is judged.
    document = audit(tmp_path, "--gpu", gpu, "--driver", driver)
    (file,) = document["files"]
    assert file["verdicts"][0]["verdict"] == verdict
    rules = {f["rule"] for f in document["findings"] if f["level"] == "error"}
    assert bool(rules & {"audit.no-code", "audit.ptx-driver"}) == fails
    result = envpack("audit", f"dir:{tmp_path}", "--gpu", gpu, "--driver", driver, status=None)
    assert (result.returncode == 1) == (not document["ok"])
    assert verdict in result.stdout


def test_a_cut_file_is_told(built: Path, tmp_path: Path) -> None:
    whole = (built / "fatbin").read_bytes()
    (tmp_path / "cut.fatbin").write_bytes(whole[: len(whole) // 2])
    document = audit(tmp_path, "--gpu", "A100", status=0)
    (finding,) = document["findings"]
    assert (finding["rule"], finding["level"]) == ("audit.unread", "warning")
    assert "container of GPU code at byte 0" in finding["text"]
