"""Doctor as a person calls it, on this machine and on machines made of files.

What each check finds is in tests/cpp/pipeline/doctor*_test.cpp. Here a library that says it is NVML
is compiled and loaded as the driver's would be, and the CUDA probe is built where nvcc is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import envpack as package
from support.command import envpack

ROOT = Path(__file__).resolve().parents[2]
HAS_DRIVER = Path("/proc/driver/nvidia/version").exists() or Path("/dev/dxg").exists()

without_driver = pytest.mark.skipif(HAS_DRIVER, reason="this machine has a driver of NVIDIA's")

NVML = r"""
#include <stdio.h>
typedef void *gpu;
#define GIVE(text) return snprintf(to, size, text) < 0
int nvmlInit_v2(void) { return FAILURE; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return "Driver/library version mismatch"; }
int nvmlSystemGetDriverVersion(char *to, unsigned size) { GIVE("570.86.15"); }
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12080; return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, gpu *to) { *to = (gpu)(long)(i + 1); return 0; }
int nvmlDeviceGetName(gpu g, char *to, unsigned size) { GIVE("NVIDIA L4"); }
int nvmlDeviceGetUUID(gpu g, char *to, unsigned size) { GIVE("GPU-1"); }
int nvmlDeviceGetCudaComputeCapability(gpu g, int *a, int *b) { *a = 8; *b = 9; return 0; }
int cuDriverGetVersion(int *version) { *version = 12080; return 0; }
"""


def rows(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["id"]: check for check in report["checks"]}


def fake_driver(folder: Path, failure: int = 0) -> dict[str, str]:
    """Compile both libraries of a driver; give the variables that let the loader find them."""
    source = folder / "driver.c"
    source.write_text(NVML)
    for name in ("libnvidia-ml.so", "libcuda.so"):
        real = folder / f"{name}.570.86.15"
        subprocess.run(
            ["cc", "-shared", "-fPIC", f"-DFAILURE={failure}", "-o", real, source], check=True
        )
        (folder / f"{name}.1").symlink_to(real.name)
    return {"LD_LIBRARY_PATH": str(folder)}


@without_driver
def test_a_machine_without_a_gpu_is_no_problem() -> None:
    result = envpack("doctor")
    assert "no GPU of NVIDIA's was found" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("0 problems, ")
    report = json.loads(envpack("doctor", "--format", "json").stdout)
    assert report["ok"] is True
    assert report["gpus"] == []
    assert report["driver"] is None


@without_driver
def test_it_is_one_where_a_gpu_is_asked_for() -> None:
    result = envpack("doctor", "--gpu", "--format", "json", status=1)
    assert rows(json.loads(result.stdout))["gpus"]["status"] == "problem"


def test_the_command_and_python_say_the_same() -> None:
    printed = json.loads(envpack("doctor", "--format", "json", status=None).stdout)
    report = package.doctor()
    assert report.to_dict() == printed
    assert str(report) == envpack("doctor", status=None).stdout


@without_driver
def test_libraries_of_the_driver_are_loaded_and_asked(tmp_path: Path) -> None:
    env = fake_driver(tmp_path)
    # The toolkit of the machine may be too new for this driver, so the end status is open.
    result = envpack("doctor", "--gpu", "--format", "json", env=env, status=None)
    report = json.loads(result.stdout)
    assert report["gpus"] == [
        {
            "name": "NVIDIA L4",
            "uuid": "GPU-1",
            "compute_capability": "8.9",
            "from_table": False,
            "memory": None,
        }
    ]
    assert (report["driver"], report["cuda"]) == ("570.86.15", "12.8")
    library = rows(report)["driver-library"]
    assert library["status"] == "ok"
    assert str(tmp_path / "libcuda.so.570.86.15") in library["text"]


@without_driver
def test_a_library_that_does_not_fit_the_module_says_so(tmp_path: Path) -> None:
    env = fake_driver(tmp_path, failure=18)
    report = json.loads(envpack("doctor", "--format", "json", env=env, status=1).stdout)
    library = rows(report)["driver-library"]
    assert library["status"] == "problem"
    assert library["text"].endswith("says: Driver/library version mismatch")


@without_driver
def test_a_driver_updated_under_its_module_is_a_problem(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sys/module/nvidia").mkdir(parents=True)
    (root / "sys/module/nvidia/version").write_text("550.54.14\n")
    libraries = root / "usr/lib64"
    libraries.mkdir(parents=True)
    (libraries / "libcuda.so.560.35.03").touch()
    (libraries / "libcuda.so.1").symlink_to("libcuda.so.560.35.03")
    result = envpack("doctor", "--root", root, "--format", "json", status=1)
    report = json.loads(result.stdout)
    assert report["cuda"] == "12.4"
    assert "reboot" in rows(report)["driver-versions"]["fix"]


def test_faults_come_with_a_fix(tmp_path: Path) -> None:
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").write_text('{"runtimes": ')
    text = envpack("doctor", "--root", tmp_path, status=1).stdout
    lines = text.splitlines()
    found = next(i for i, line in enumerate(lines) if line.startswith("problem  docker "))
    assert "fix: correct /etc/docker/daemon.json" in lines[found + 1]


def test_wrong_roots_and_probes_are_errors(tmp_path: Path) -> None:
    assert "is no folder" in envpack("doctor", "--root", tmp_path / "none", status=3).stderr
    with pytest.raises(package.NotFound):
        package.doctor(probe=tmp_path / "none")


def test_a_notebook_shows_a_table(tmp_path: Path) -> None:
    (tmp_path / "etc/docker").mkdir(parents=True)
    (tmp_path / "etc/docker/daemon.json").write_text("<b>")
    report = package.doctor(root=tmp_path)
    html = report._repr_html_()
    assert html.count("<tr>") == len(report.checks) + 1
    assert "<b>" not in html
    assert not report.ok
    assert repr(report) == f"<DoctorReport {tmp_path}, 0 GPUs, problems>"
    problems = [check for check in report.checks if check.status == "problem"]
    assert [check.id for check in problems] == ["docker"]
    assert problems[0].fix


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("nvcc") is None:
        pytest.skip("there is no nvcc: the CUDA probe is not built")
    folder = tmp_path_factory.mktemp("probe")
    configure = f"cmake -S {ROOT} -B {folder} -G Ninja -DENVPACK_CUDA_PROBE=ON".split()
    subprocess.run(configure, check=True, capture_output=True, timeout=300)
    build = f"cmake --build {folder} --target envpack_cuda_probe".split()
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    return folder / "cpp/cli/envpack-cuda-probe"


def test_the_probe_needs_nothing_but_a_driver(probe: Path) -> None:
    needed = subprocess.run(["ldd", probe], capture_output=True, text=True, check=True).stdout
    assert "libcudart" not in needed
    assert "libstdc++" not in needed
    report = package.audit(f"dir:{probe.parent}", gpus=["H100", "B200", "RTX4090"], driver="580")
    assert "audit.no-code" not in {finding.rule for finding in report.findings}


@without_driver
def test_the_probe_says_that_there_is_no_gpu(probe: Path) -> None:
    result = subprocess.run([probe], capture_output=True, text=True, check=False)
    assert result.returncode == 4
    assert json.loads(result.stdout)["gpus"] == []
    assert subprocess.run([probe, "x"], capture_output=True, check=False).returncode == 2
    report = package.doctor(probe=probe)
    assert rows(report.to_dict())["gpu-probe"]["status"] == "absent"
    wanted = package.doctor(gpu=True, probe=probe)
    assert rows(wanted.to_dict())["gpu-probe"]["status"] == "problem"


@pytest.mark.skipif(not os.access("/dev/nvidiactl", os.R_OK), reason="there is no GPU here")
def test_the_probe_computes_on_every_gpu(probe: Path) -> None:
    report = package.doctor(gpu=True, probe=probe)
    assert len(report.probed) == len(report.gpus)
    assert all(gpu.ok for gpu in report.probed), report.probed
