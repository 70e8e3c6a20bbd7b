#include "envpack/pipeline/doctor.hpp"

#include "support/gpu_machine.hpp"
#include "support/temp_folder.hpp"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// The driver, its GPUs and what a container hides of them. What the engines need is in
// doctor_engines_test.cpp.

namespace envpack::pipeline {
namespace {

using test::expect_rows;
using test::FakeDriver;
using test::GpuMachine;
using test::told;

FakeDriver& driver() {
    return FakeDriver::current();
}

TEST(Doctor, AHealthyMachineHasNothingToBeFixed) {
    const DoctorReport report = GpuMachine().report({.gpu = true});
    EXPECT_TRUE(report.ok());
    std::set<std::string> ids;
    for (const DoctorCheck& check : report.checks) {
        EXPECT_TRUE(check.status == DoctorCheck::Status::ok ||
                    check.status == DoctorCheck::Status::absent)
            << check.id << ": " << check.text;
        EXPECT_EQ(check.fix, "") << check.id;
        EXPECT_TRUE(ids.insert(check.id).second) << check.id;
    }
    EXPECT_EQ(report.driver->to_string(), "550.54.14");
    EXPECT_EQ(report.cuda->to_string(), "12.4");
    ASSERT_EQ(report.gpus.size(), 1U);
    EXPECT_EQ(report.gpus[0].capability->to_string(), "9.0");
    EXPECT_FALSE(report.gpus[0].is_from_table);
    EXPECT_EQ(told(report, "gpus"), "ok: NVIDIA H100 80GB HBM3 (9.0, 85.0 GB) | ");
    EXPECT_EQ(told(report, "kernel-driver"), "ok: driver 550.54.14, the open kernel module | ");
}

TEST(Doctor, AMachineWithNothingOnItHasNoProblemUnlessAGpuIsWanted) {
    const auto files = std::make_shared<archive::MemoryTree>();
    const DoctorReport bare = examine({.files = files}, {}).value();
    EXPECT_TRUE(bare.ok());
    EXPECT_EQ(bare.checks.size(), GpuMachine().report().checks.size());
    EXPECT_EQ(told(bare, "gpus").substr(0, 7), "absent:");
    const DoctorReport wanted = examine({.files = files}, {.gpu = true}).value();
    EXPECT_FALSE(wanted.ok());
    EXPECT_EQ(told(wanted, "gpus").substr(0, 8), "problem:");
}

TEST(Doctor, FaultsOfTheKernelsHalfAreFound) {
    const auto no_driver = [](GpuMachine& m) {
        m.files.erase("sys/module/nvidia/version");
        m.files.erase("proc/driver/nvidia/version");
        m.nodes.clear();
        driver().has_nvml = driver().has_cuda = false;
    };
    expect_rows({
        {"not loaded", no_driver, "kernel-driver", "problem: NVIDIA's driver is installed but",
         "modprobe nvidia"},
        {"not installed",
         [&](GpuMachine& m) {
             no_driver(m);
             m.files.erase("usr/bin/nvidia-smi");
         },
         "kernel-driver", "problem: there is a GPU but no driver"},
        {"nouveau",
         [&](GpuMachine& m) {
             no_driver(m);
             m.files["sys/module/nouveau/refcnt"] = "1";
         },
         "kernel-driver", "problem: the kernel's nouveau driver holds the GPU"},
        {"only in proc", [](GpuMachine& m) { m.files.erase("sys/module/nvidia/version"); },
         "kernel-driver", "ok: driver 550.54.14"},
        {"no version", [](GpuMachine& m) { m.files["sys/module/nvidia/version"] = "\x01odd\n"; },
         "kernel-driver", "warning: the driver calls itself `\\x01odd`"},
        {"no device files", [](GpuMachine& m) { m.nodes.erase("dev/nvidia0"); }, "device-nodes",
         "problem: /dev/nvidiactl or /dev/nvidia0 is not there", "nvidia-modprobe"},
        {"no device files yet",
         [](GpuMachine& m) {
             m.nodes.erase("dev/nvidia0");
             m.files["usr/bin/nvidia-modprobe"] = "";
         },
         "device-nodes", "warning: /dev/nvidiactl or /dev/nvidia0 is not there"},
        {"no uvm", [](GpuMachine& m) { m.nodes.erase("dev/nvidia-uvm"); }, "device-nodes",
         "problem: /dev/nvidia-uvm is not there", "nvidia-modprobe -u"},
        {"no right", [](GpuMachine& m) { m.nodes["dev/nvidiactl"] = 0660; }, "device-nodes",
         "problem: this user may not use /dev/nvidiactl (group 0, mode 0660)", "usermod"},
        {"root's right",
         [](GpuMachine& m) {
             m.nodes["dev/nvidiactl"] = 0660;
             m.uid = 0;
         },
         "device-nodes", "ok: device files of 1 GPUs"},
        {"NVSwitch without its service",
         [](GpuMachine& m) {
             m.files["sys/bus/pci/devices/0000:02:00.0/vendor"] = "0x10de\n";
             m.files["sys/bus/pci/devices/0000:02:00.0/class"] = "0x068000\n";
         },
         "fabric-manager", "problem: there are NVSwitches but no nv-fabricmanager", "systemctl"},
        {"NVSwitch with its service",
         [](GpuMachine& m) {
             m.files["sys/bus/pci/devices/0000:02:00.0/vendor"] = "0x10de\n";
             m.files["sys/bus/pci/devices/0000:02:00.0/class"] = "0x068000\n";
             m.files["proc/77/comm"] = "nv-fabricmanage\n";
         },
         "fabric-manager", "ok:"},
    });
}

TEST(Doctor, FaultsOfTheLibrariesAreFound) {
    expect_rows({
        {"mismatch", [](GpuMachine&) { driver().failure = 18; }, "driver-library",
         "problem: NVML of /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54.14 says: "
         "Driver/library version mismatch",
         "reboot"},
        {"unknown error", [](GpuMachine&) { driver().failure = 999; }, "driver-library",
         "problem: NVML of"},
        {"no libraries", [](GpuMachine&) { driver().has_nvml = driver().has_cuda = false; },
         "driver-library", "problem: the driver's libraries are not found"},
        {"no NVML", [](GpuMachine&) { driver().has_nvml = false; }, "driver-library",
         "warning: /usr/lib/x86_64-linux-gnu/libcuda.so.550.54.14 is there, libnvidia-ml.so.1"},
        {"no libcuda", [](GpuMachine&) { driver().has_cuda = false; }, "driver-library",
         "problem: libcuda.so.1 is not there", "install"},
        {"another root", [](GpuMachine& m) { m.asks_driver = false; }, "driver-library", "absent:"},
        {"two versions",
         [](GpuMachine&) { driver().nvml_path = "/usr/lib/libnvidia-ml.so.560.28.03"; },
         "driver-versions",
         "problem: the kernel has driver 550.54.14, but /usr/lib/libnvidia-ml.so.560.28.03",
         "reboot"},
        {"two versions on disk",
         [](GpuMachine& m) {
             m.asks_driver = false;
             m.files["usr/lib/x86_64-linux-gnu/libcuda.so.560.28.03"] = "";
             m.links["usr/lib/x86_64-linux-gnu/libcuda.so.1"] = "libcuda.so.560.28.03";
         },
         "driver-versions", "problem: the kernel has driver 550.54.14, but"},
        {"one version on disk", [](GpuMachine& m) { m.asks_driver = false; }, "driver-versions",
         "ok: kernel module and libraries are both 550.54.14"},
        {"reach", [](GpuMachine&) {}, "cuda-reach",
         "ok: driver 550.54.14 runs CUDA up to 12.4; of newer 12.x"},
        {"reach by the table", [](GpuMachine& m) { m.asks_driver = false; }, "cuda-reach",
         "ok: driver 550.54.14 runs CUDA up to 12.4"},
        {"older than the table",
         [](GpuMachine& m) {
             m.asks_driver = false;
             m.files["sys/module/nvidia/version"] = "304.137\n";
         },
         "cuda-reach", "warning: which CUDA driver 304.137 runs is not known"},
        {"forward compatibility",
         [](GpuMachine&) {
             driver().cuda_path = "/usr/local/cuda-13.0/compat/libcuda.so.580.65.06";
             driver().library_cuda = driver().cuda = 13000;
         },
         "cuda-compat", "ok: forward compatibility: "},
        {"reach of the driver itself under forward compatibility",
         [](GpuMachine&) {
             driver().cuda_path = "/usr/local/cuda-13.0/compat/libcuda.so.580.65.06";
             driver().library_cuda = driver().cuda = 13000;
         },
         "cuda-reach", "ok: driver 550.54.14 runs CUDA up to 12.4"},
        {"compatibility in the way",
         [](GpuMachine&) {
             driver().cuda_path = "/usr/local/cuda-12.2/compat/libcuda.so.535.104.05";
             driver().library_cuda = driver().cuda = 12020;
         },
         "cuda-compat", "problem: /usr/local/cuda-12.2/compat/libcuda.so.535.104.05 (CUDA 12.2)",
         "LD_LIBRARY_PATH"},
        {"compatibility on GeForce",
         [](GpuMachine&) {
             driver().cuda_path = "/usr/local/cuda-13.0/compat/libcuda.so.580.65.06";
             driver().library_cuda = 13000;
             driver().gpus[0].name = "NVIDIA GeForce RTX 4090";
         },
         "cuda-compat", "problem:"},
    });
}

TEST(Doctor, GpusAreListedAndTheLostOnesTold) {
    expect_rows({
        {"eight of a kind", [](GpuMachine&) { driver().gpus.resize(8); }, "gpus",
         "ok: 8 x NVIDIA H100 80GB HBM3 (9.0, 85.0 GB)"},
        {"one is lost",
         [](GpuMachine&) {
             driver().gpus.resize(2);
             driver().gpus[1].failure = 15;
         },
         "gpus", "problem: GPU 1: Unknown Error", "dmesg"},
        {"one is not driven",
         [](GpuMachine& m) {
             m.files["sys/bus/pci/devices/0000:02:00.0/vendor"] = "0x10de\n";
             m.files["sys/bus/pci/devices/0000:02:00.0/class"] = "0x030000\n";
         },
         "gpus", "warning: 2 GPUs on the bus, of which the driver has 1"},
        {"divided into nothing", [](GpuMachine&) { driver().gpus[0].is_mig = true; }, "gpus",
         "problem: NVIDIA H100 80GB HBM3 is in MIG mode without an instance", "mig"},
        {"divided",
         [](GpuMachine&) {
             driver().gpus[0].is_mig = true;
             driver().gpus[0].mig_devices = 7;
         },
         "gpus", "ok:"},
        {"by the kernel's list", [](GpuMachine& m) { m.asks_driver = false; }, "gpus",
         "ok: NVIDIA H100 80GB HBM3 (9.0)"},
        {"none", [](GpuMachine&) { driver().gpus.clear(); }, "gpus", "warning: there is no GPU"},
        {"none though wanted",
         [](GpuMachine&) { driver().gpus.clear(); },
         "gpus",
         "problem: there is no GPU",
         "above",
         {.gpu = true}},
    });
}

TEST(Doctor, AContainerIsToldFromItsHost) {
    const auto no_gpu = [](GpuMachine& m) {
        m.into_container();
        for (const char* node : {"dev/nvidia0", "dev/nvidiactl", "dev/nvidia-uvm"}) {
            m.nodes.erase(node);
        }
        driver().has_nvml = driver().has_cuda = false;
    };
    const auto in_container = [](GpuMachine& m) { m.into_container(); };
    expect_rows({
        {"host", [](GpuMachine&) {}, "container", "absent:"},
        {"docker", in_container, "container", "ok: inside a container (docker)"},
        {"podman", [](GpuMachine& m) { m.files["run/.containerenv"] = ""; }, "container",
         "ok: inside a container (podman)"},
        {"kubernetes", [](GpuMachine& m) { m.files["proc/1/cgroup"] = "0::/kubepods/pod1\n"; },
         "container", "ok: inside a container (kubernetes)"},
        {"apptainer", [](GpuMachine& m) { m.environment["APPTAINER_CONTAINER"] = "/x.sif"; },
         "container", "ok: inside a container (apptainer)"},
        {"no GPU was given", no_gpu, "device-nodes",
         "warning: the host has driver 550.54.14, but this container was given no GPU",
         "docker run --gpus all"},
        {"no GPU was given, so no library", no_gpu, "driver-library", "absent: a container"},
        {"the host's GPUs are not the container's", no_gpu, "gpus", "absent: there is no GPU"},
        {"no GPU was given, though wanted", no_gpu, "gpus", "problem:", "above", {.gpu = true}},
        {"void without GPUs",
         [&](GpuMachine& m) {
             no_gpu(m);
             m.environment["NVIDIA_VISIBLE_DEVICES"] = "void";
         },
         "nvidia-visible-devices", "warning: NVIDIA_VISIBLE_DEVICES is `void`: the container asks"},
        {"void with GPUs, as CDI sets it",
         [&](GpuMachine& m) {
             m.into_container();
             m.environment["NVIDIA_VISIBLE_DEVICES"] = "void";
         },
         "nvidia-visible-devices", "ok:"},
        {"no compute",
         [&](GpuMachine& m) {
             m.into_container();
             m.environment["NVIDIA_DRIVER_CAPABILITIES"] = "utility, graphics";
         },
         "nvidia-visible-devices", "warning: NVIDIA_DRIVER_CAPABILITIES is `utility, graphics`"},
        {"shared memory of docker", in_container, "shared-memory",
         "warning: /dev/shm has 67.1 MB: PyTorch's data loaders", "--shm-size"},
        {"shared memory of one's own",
         [&](GpuMachine& m) {
             m.into_container();
             m.files["proc/mounts"] = "shm /dev/shm tmpfs rw,size=1048576k 0 0\n";
         },
         "shared-memory", "ok: /dev/shm has 1.07 GB"},
        {"odd mounts",
         [&](GpuMachine& m) {
             m.into_container();
             m.files["proc/mounts"] = "\nx\nshm /dev/shm tmpfs size=99999999999999999999k\n";
         },
         "shared-memory", "ok: /dev/shm is not limited"},
    });
}

TEST(Doctor, CudaVisibleDevicesIsReadAsCudaDoes) {
    const auto set = [](const char* value) {
        return [value](GpuMachine& m) { m.environment["CUDA_VISIBLE_DEVICES"] = value; };
    };
    expect_rows({
        {"unset", [](GpuMachine&) {}, "cuda-visible-devices", "absent:"},
        {"index", set("0"), "cuda-visible-devices", "ok:"},
        {"uuid", set("GPU-1, MIG-2"), "cuda-visible-devices", "ok:"},
        {"empty", set(""), "cuda-visible-devices", "warning:", "unset"},
        {"too far", set("0,1"), "cuda-visible-devices",
         "warning: CUDA_VISIBLE_DEVICES is `0,1`: there is no GPU 1"},
        {"hidden", set("-1"), "cuda-visible-devices", "warning:"},
        {"a word", set("PCI_BUS_ID"), "cuda-visible-devices",
         "warning: CUDA_VISIBLE_DEVICES is `PCI_BUS_ID`: `PCI_BUS_ID` is no index"},
        {"too big a number", set("99999999999999999999"), "cuda-visible-devices", "warning:"},
    });
}

TEST(Doctor, TheToolkitIsComparedWithTheDriver) {
    const auto toolkit = [](const char* version) {
        return [version](GpuMachine& m) {
            m.files[std::string("usr/local/cuda-") + version + "/bin/nvcc"] = "";
            m.links["usr/local/cuda"] = std::string("cuda-") + version;
        };
    };
    expect_rows({
        {"none", [](GpuMachine&) {}, "cuda-toolkit", "absent:"},
        {"older", toolkit("12.1"), "cuda-toolkit", "ok: CUDA 12.1"},
        {"newer", toolkit("12.8"), "cuda-toolkit", "warning: CUDA 12.8", "driver 570"},
        {"too new", toolkit("13.0"), "cuda-toolkit", "problem: what CUDA 13.0", "driver 580"},
        {"too new but for cuda-compat",
         [&](GpuMachine& m) {
             toolkit("13.0")(m);
             driver().cuda_path = "/usr/local/cuda-13.0/compat/libcuda.so.580.65.06";
             driver().library_cuda = 13000;
         },
         "cuda-toolkit", "ok: CUDA 13.0"},
    });
}

TEST(Doctor, WslAndJetsonHaveNoPciBus) {
    const auto wsl = [](GpuMachine& m) {
        m.files = {{"proc/sys/kernel/osrelease", "5.15.146.1-microsoft-standard-WSL2\n"},
                   {"usr/lib/wsl/lib/libcuda.so.1", ""}};
        m.nodes = {{"dev/dxg", 0666}};
        driver().nvml_path = "/usr/lib/wsl/lib/libnvidia-ml.so.1";
    };
    expect_rows({
        {"WSL", wsl, "gpu-hardware", "ok: WSL"},
        {"WSL has no module", wsl, "kernel-driver", "absent: WSL uses the driver of Windows"},
        {"WSL has GPUs", wsl, "gpus", "ok:"},
        {"WSL 1",
         [&](GpuMachine& m) {
             wsl(m);
             m.nodes.clear();
         },
         "gpu-hardware", "warning: this is WSL without /dev/dxg", "wsl --update"},
        {"no driver of Windows",
         [&](GpuMachine& m) {
             wsl(m);
             m.files.erase("usr/lib/wsl/lib/libcuda.so.1");
         },
         "gpu-hardware", "warning: this is WSL, and the driver", "on Windows"},
        {"Jetson",
         [](GpuMachine& m) {
             m.files = {{"etc/nv_tegra_release", "# R36\n"}};
         },
         "gpu-hardware", "ok: a Jetson"},
    });
}

TEST(Doctor, ProbesArePrograms) {
    const test::TempFolder scratch;
    const auto program = [&](const std::string& text) {
        const std::filesystem::path path = scratch.write("probe", "#!/bin/sh\n" + text);
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    };
    const auto probe = [&](const std::string& text, double timeout = 60) {
        return GpuMachine().report({.probe = program(text), .timeout_seconds = timeout});
    };
    const DoctorReport good = probe(R"(echo '{"gpus": [{"name": "H100", "ok": true}]}')");
    EXPECT_EQ(told(good, "gpu-probe"), "ok: 1 GPUs compute what the processor does | ");
    const DoctorReport bad = probe(
        R"(echo '{"gpus": [{"name": "A", "ok": true}, {"name": "B", "error": "lost"}]}'; exit 1)");
    EXPECT_EQ(told(bad, "gpu-probe").substr(0, 24), "problem: GPU 1 (B): lost");
    ASSERT_EQ(bad.probed.size(), 2U);
    EXPECT_NE(bad.to_text().find("GPU 0: A: computes\nGPU 1: B: lost\n"), std::string::npos);
    // The driver has a GPU, so a probe that finds none is wrong.
    const DoctorReport none = probe(R"(echo '{"error": "none", "gpus": []}'; exit 4)");
    EXPECT_EQ(told(none, "gpu-probe").substr(0, 36), "problem: the probe found no GPU: non");
    for (const char* text : {"echo '{'; exit 0", "kill -SEGV $$", "echo '[1]'", "exit 1",
                             "echo '{\"gpus\": [3, null]}'; exit 1"}) {
        EXPECT_EQ(told(probe(text), "gpu-probe").substr(0, 8), "problem:") << text;
    }
    EXPECT_EQ(told(probe("exec sleep 600", 0.01), "gpu-probe").substr(0, 18), "problem: the probe");
}

TEST(Doctor, ARootThatIsNoFolderIsAnError) {
    EXPECT_EQ(doctor({.root = "/no/such/folder"}, {}).error().code(), ErrorCode::not_found);
}

TEST(Doctor, AMountedRootIsJudgedByItsFilesAlone) {
    const test::TempFolder scratch;
    scratch.write("etc/docker/daemon.json", "{");
    scratch.write("sys/module/nvidia/version", "550.54.14\n");
    const DoctorReport report =
        doctor({.root = scratch.path()},
               {.environment = {{"CUDA_VISIBLE_DEVICES", ""}, {"KUBERNETES_SERVICE_HOST", "x"}}})
            .value();
    EXPECT_EQ(report.container, "");
    EXPECT_EQ(report.driver->to_string(), "550.54.14");
    EXPECT_EQ(told(report, "cuda-visible-devices").substr(0, 7), "absent:");
    EXPECT_EQ(told(report, "docker").substr(0, 8), "problem:");
    EXPECT_EQ(told(report, "driver-library").substr(0, 7), "absent:");
}

}  // namespace
}  // namespace envpack::pipeline
