#include "envpack/pipeline/doctor.hpp"
#include "support/gpu_machine.hpp"

#include <string>

#include <gtest/gtest.h>

// The container toolkit, CDI, and the engines; and files that somebody damaged.

namespace envpack::pipeline {
namespace {

using test::expect_rows;
using test::GpuMachine;
using test::told;

std::string json_spec(const std::string& driver) {
    return R"({"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": [{"name": "all",
        "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0"}]}}], "containerEdits":
        {"hooks": [{"hookName": "createContainer", "path": "/usr/bin/nvidia-ctk", "args":
        ["nvidia-cdi-hook", "--host-driver-version=)" +
           driver + R"("]}]}})";
}

/// The spec of the healthy machine with one text for another.
std::string spec_with(const std::string& before, const std::string& after) {
    std::string spec = GpuMachine::spec_text;
    for (std::size_t at = 0; (at = spec.find(before, at)) != std::string::npos;) {
        spec.replace(at, before.size(), after);
        at += after.size();
    }
    return spec;
}

TEST(DoctorCdi, SpecsAreComparedWithTheMachine) {
    const auto yaml = [](std::string text) {
        return [text = std::move(text)](GpuMachine& m) { m.files["etc/cdi/nvidia.yaml"] = text; };
    };
    const auto json = [](std::string text) {
        return [text = std::move(text)](GpuMachine& m) {
            m.files.erase("etc/cdi/nvidia.yaml");
            m.files["var/run/cdi/nvidia.json"] = text;
        };
    };
    expect_rows({
        {"fits", [](GpuMachine&) {}, "cdi-specs",
         "ok: /etc/cdi/nvidia.yaml: 2 devices of nvidia.com/gpu |"},
        {"fits as JSON", json(json_spec("550.54.14")), "cdi-specs",
         "ok: /var/run/cdi/nvidia.json: 1 devices"},
        {"stale by its hook", yaml(spec_with("=550.54.14", "=535.129.03")), "cdi-specs",
         "problem: /etc/cdi/nvidia.yaml is stale: it is for driver 535.129.03, and 550.54.14",
         "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"},
        {"stale as JSON", json(json_spec("535.129.03")), "cdi-specs",
         "problem: /var/run/cdi/nvidia.json is stale"},
        {"stale by its library", yaml(spec_with("--host-driver-version=550.54.14", "x")),
         "cdi-specs", "ok:"},
        {"stale by its library alone",
         [](GpuMachine& m) {
             std::string spec = spec_with("--host-driver-version=550.54.14", "x");
             const std::string old = "libcuda.so.550.54.14";
             spec.replace(spec.rfind(old), old.size(), "libcuda.so.535.129.03");
             m.files["etc/cdi/nvidia.yaml"] = spec;
         },
         "cdi-specs", "problem: /etc/cdi/nvidia.yaml is stale: it is for driver 535.129.03"},
        {"a mount is gone", [](GpuMachine& m) { m.files.erase("usr/bin/nvidia-smi"); }, "cdi-specs",
         "problem: /etc/cdi/nvidia.yaml is stale: it mounts /usr/bin/nvidia-smi, which is not"},
        {"a hook is gone", [](GpuMachine& m) { m.files.erase("usr/bin/nvidia-ctk"); }, "cdi-specs",
         "problem: /etc/cdi/nvidia.yaml is stale: it runs /usr/bin/nvidia-ctk"},
        {"a device is gone", [](GpuMachine& m) { m.nodes.erase("dev/nvidia-uvm"); }, "cdi-specs",
         "problem: /etc/cdi/nvidia.yaml is stale: it hands on /dev/nvidia-uvm"},
        {"in two files",
         [](GpuMachine& m) { m.files["etc/cdi/other.yaml"] = GpuMachine::spec_text; }, "cdi-specs",
         "problem: nvidia.com/gpu=0 is in both /etc/cdi/nvidia.yaml and /etc/cdi/other.yaml",
         "sudo rm"},
        {"in two folders, of which the later one counts",
         [](GpuMachine& m) { m.files["var/run/cdi/nvidia.yaml"] = GpuMachine::spec_text; },
         "cdi-specs", "ok:"},
        {"none", [](GpuMachine& m) { m.files.erase("etc/cdi/nvidia.yaml"); }, "cdi-specs",
         "problem: no CDI spec for nvidia.com/gpu in /etc/cdi and /var/run/cdi: podman"},
        {"none, and no podman",
         [](GpuMachine& m) {
             m.files.erase("etc/cdi/nvidia.yaml");
             m.files.erase("usr/bin/podman");
         },
         "cdi-specs", "warning: no CDI spec"},
        {"of somebody else", json(R"({"kind": "intel.com/gpu", "devices": []})"), "cdi-specs",
         "problem: no CDI spec for nvidia.com/gpu"},
        {"no JSON", json("{\"kind\": "), "cdi-specs",
         "problem: /var/run/cdi/nvidia.json is no CDI"},
        {"no spec", json("[]"), "cdi-specs", "problem: /var/run/cdi/nvidia.json is no CDI spec"},
        {"other types", json(R"({"kind": "nvidia.com/gpu", "devices": [3, {"name": 4,
            "containerEdits": {"deviceNodes": "x", "mounts": [null], "hooks": {}}}]})"),
         "cdi-specs", "problem: /var/run/cdi/nvidia.json has no device"},
        {"YAML of another style",
         yaml("{cdiVersion: 0.5.0, kind: nvidia.com/gpu, devices: [{name: all}]}\n"), "cdi-specs",
         "problem: no CDI spec for nvidia.com/gpu"},
        {"YAML partly of another style",
         yaml("kind: nvidia.com/gpu\ndevices:\n- name: all\n  containerEdits: {env: [A=b]}\n"),
         "cdi-specs", "ok: /etc/cdi/nvidia.yaml: 1 devices of nvidia.com/gpu; not all of it"},
        {"paths of the host, in a container",
         [](GpuMachine& m) {
             m.into_container();
             m.files.erase("usr/bin/nvidia-smi");
         },
         "cdi-specs", "ok:"},
        {"a folder", [](GpuMachine& m) { m.files["etc/cdi/x.yaml/y"] = ""; }, "cdi-specs",
         "warning: /etc/cdi/x.yaml: it is no file"},
    });
}

TEST(DoctorCdi, HostPathsOfDevicesCountInAnyOrder) {
    for (const char* node : {"  - hostPath: /dev/other\n    path: /dev/nvidia0\n",
                             "  - path: /dev/nvidia0\n    hostPath: /dev/other\n"}) {
        GpuMachine machine;
        machine.files["etc/cdi/nvidia.yaml"] =
            std::string(
                "kind: nvidia.com/gpu\ndevices:\n  - name: all\ncontainerEdits:\n"
                "  deviceNodes:\n") +
            node;
        EXPECT_NE(told(machine.report(), "cdi-specs").find("hands on /dev/other"),
                  std::string::npos);
        machine.nodes["dev/other"] = 0666;
        EXPECT_EQ(told(machine.report(), "cdi-specs").substr(0, 3), "ok:");
    }
}

TEST(DoctorToolkit, ProgramsAndConfigurationAreChecked) {
    const auto config = [](const char* text) {
        return
            [text](GpuMachine& m) { m.files["etc/nvidia-container-runtime/config.toml"] = text; };
    };
    expect_rows({
        {"there", [](GpuMachine&) {}, "container-toolkit", "ok: /usr/bin/nvidia-ctk |"},
        {"base package", [](GpuMachine& m) { m.files.erase("usr/bin/nvidia-container-cli"); },
         "container-toolkit", "ok: /usr/bin/nvidia-ctk; without nvidia-container-cli"},
        {"old", [](GpuMachine& m) { m.files.erase("usr/bin/nvidia-ctk"); }, "container-toolkit",
         "warning: nvidia-container-runtime, nvidia-container-cli is there"},
        {"none",
         [](GpuMachine& m) {
             for (const char* p : {"ctk", "container-runtime", "container-cli"}) {
                 m.files.erase(std::string("usr/bin/nvidia-") + p);
             }
         },
         "container-toolkit", "problem: there is a GPU and a container engine", "install"},
        {"good", [](GpuMachine&) {}, "toolkit-config", "ok:"},
        {"default",
         [](GpuMachine& m) { m.files.erase("etc/nvidia-container-runtime/config.toml"); },
         "toolkit-config", "absent:"},
        {"no TOML", config("mode = "), "toolkit-config", "problem:", "nvidia-ctk config"},
        {"no mode", config("[nvidia-container-runtime]\nmode = \"magic\""), "toolkit-config",
         "problem: /etc/nvidia-container-runtime/config.toml has the unknown mode `magic`"},
        {"other types", config("nvidia-container-cli = 3\nnvidia-container-runtime = []"),
         "toolkit-config", "ok:"},
        {"no-cgroups", config("[nvidia-container-cli]\nno-cgroups = true"), "toolkit-config",
         "warning: /etc/nvidia-container-runtime/config.toml sets no-cgroups"},
        {"disable-require", config("disable-require = true"), "toolkit-config",
         "ok: /etc/nvidia-container-runtime/config.toml: mode auto, NVIDIA_REQUIRE_CUDA"},
        {"another place",
         [](GpuMachine& m) {
             m.environment["NVIDIA_CTK_CONFIG_FILE_PATH"] = "/opt/ctk.toml";
             m.files["opt/ctk.toml"] = "x";
         },
         "toolkit-config", "problem: /opt/ctk.toml"},
    });
}

TEST(DoctorDocker, TheDaemonsConfigurationIsChecked) {
    const auto daemon = [](const char* text) {
        return [text](GpuMachine& m) { m.files["etc/docker/daemon.json"] = text; };
    };
    const auto no_way = [](GpuMachine& m) {
        m.files["etc/docker/daemon.json"] = R"({"features": {"cdi": false}})";
        m.files.erase("usr/bin/nvidia-container-runtime-hook");
    };
    expect_rows({
        {"three ways", [](GpuMachine&) {}, "docker",
         "ok: Docker hands on GPUs by --runtime=nvidia, --gpus, --device nvidia.com/gpu="},
        {"not there",
         [](GpuMachine& m) {
             m.files.erase("usr/bin/docker");
             m.files.erase("etc/docker/daemon.json");
         },
         "docker", "absent: not installed"},
        {"no configuration", [](GpuMachine& m) { m.files.erase("etc/docker/daemon.json"); },
         "docker", "ok: Docker hands on GPUs by --gpus, --device"},
        {"empty", daemon(""), "docker", "ok:"},
        {"truncated", daemon("{\"runtimes\": {"), "docker",
         "problem: /etc/docker/daemon.json is no JSON object", "dockerd --validate"},
        {"no object", daemon("[]"), "docker", "problem: /etc/docker/daemon.json is no JSON object"},
        {"a key twice", daemon(R"({"a": 1, "a": 2})"), "docker", "problem:"},
        {"other types", daemon(R"({"runtimes": {"x": 3, "y": {"path": []}}, "features": [1],
            "default-runtime": {}})"),
         "docker", "ok:"},
        {"a runtime that is gone",
         daemon(R"({"runtimes": {"nvidia": {"path": "/opt/nvidia-container-runtime"}}})"), "docker",
         "problem: /etc/docker/daemon.json: its runtime `nvidia` is "
         "`/opt/nvidia-container-runtime`",
         "nvidia-ctk runtime configure"},
        {"a default that is none", daemon(R"({"default-runtime": "nvidia"})"), "docker",
         "problem: /etc/docker/daemon.json: its default-runtime `nvidia` is none"},
        {"docker's own default", daemon(R"({"default-runtime": "io.containerd.runc.v2"})"),
         "docker", "ok:"},
        {"no way", no_way, "docker", "problem: Docker has no way to hand on GPUs",
         "nvidia-ctk runtime configure"},
        {"a snap",
         [](GpuMachine& m) {
             m.files.erase("usr/bin/docker");
             m.files["snap/bin/docker"] = "";
         },
         "docker", "warning: this Docker is a snap"},
        {"socket", [](GpuMachine&) {}, "docker-socket", "ok: /var/run/docker.sock"},
        {"no socket", [](GpuMachine& m) { m.nodes.erase("var/run/docker.sock"); }, "docker-socket",
         "warning: /var/run/docker.sock is not there", "systemctl"},
        {"no right to it", [](GpuMachine& m) { m.nodes["var/run/docker.sock"] = 0660; },
         "docker-socket", "warning: this user may not use", "usermod -aG docker"},
        {"another daemon",
         [](GpuMachine& m) { m.environment["DOCKER_HOST"] = "tcp://me:secret@far:2376"; },
         "docker-socket", "ok: DOCKER_HOST names the daemon: tcp://far:2376"},
        {"rootless", [](GpuMachine& m) { m.files["home/mina/.config/docker/daemon.json"] = "{}"; },
         "docker-rootless", "ok: rootless Docker hands on GPUs by --gpus"},
        {"rootless, broken",
         [](GpuMachine& m) { m.files["home/mina/.config/docker/daemon.json"] = "{"; },
         "docker-rootless", "problem: /home/mina/.config/docker/daemon.json is no JSON"},
        {"no rootless", [](GpuMachine&) {}, "docker-rootless", "absent:"},
    });
}

TEST(DoctorPodman, ItsFilesAndTheUsersIdsAreChecked) {
    const auto file = [](const char* path, const char* text) {
        return [path, text](GpuMachine& m) { m.files[path] = text; };
    };
    expect_rows({
        {"there", [](GpuMachine&) {}, "podman", "ok: /usr/bin/podman"},
        {"not there", [](GpuMachine& m) { m.files.erase("usr/bin/podman"); }, "podman", "absent:"},
        {"no TOML", file("etc/containers/containers.conf", "[engine"), "podman",
         "problem: /etc/containers/containers.conf is no TOML"},
        {"no TOML of the user", file("home/mina/.config/containers/containers.conf", "="), "podman",
         "problem: /home/mina/.config/containers/containers.conf is no TOML"},
        {"no runtime", [](GpuMachine& m) { m.files.erase("usr/bin/crun"); }, "podman",
         "problem: podman has neither crun nor runc", "crun"},
        {"a runtime that is gone",
         file("etc/containers/containers.conf", "[engine]\nruntime = \"kata\""), "podman",
         "problem: containers.conf names the runtime `kata`"},
        {"a hook beside CDI",
         file("usr/share/containers/oci/hooks.d/oci-nvidia-hook.json",
              R"({"hook": {"path": "/usr/bin/nvidia-container-runtime-hook"}})"),
         "podman", "warning: /usr/share/containers/oci/hooks.d/oci-nvidia-hook.json", "sudo rm"},
        {"another hook",
         file("usr/share/containers/oci/hooks.d/other.json", R"({"hook": {"path": "/bin/x"}})"),
         "podman", "ok:"},
        {"specs in another folder",
         file("etc/containers/containers.conf.d/cdi.conf", "[engine]\ncdi_spec_dirs = [\"/x\"]"),
         "cdi-specs", "problem: no CDI spec for nvidia.com/gpu in /x"},
        {"storage", [](GpuMachine&) {}, "podman-storage", "ok: podman's default"},
        {"vfs", file("etc/containers/storage.conf", "[storage]\ndriver = \"vfs\""),
         "podman-storage", "warning: driver `vfs`", "overlay"},
        {"the user's word counts",
         [](GpuMachine& m) {
             m.files["etc/containers/storage.conf"] = "[storage]\ndriver = \"vfs\"";
             m.files["home/mina/.config/containers/storage.conf"] =
                 "[storage]\ndriver = \"overlay\"";
         },
         "podman-storage", "ok: driver overlay"},
        {"no fuse-overlayfs",
         file("etc/containers/storage.conf",
              "[storage.options.overlay]\nmount_program = \"/usr/bin/fuse-overlayfs\""),
         "podman-storage", "problem: mount_program is `/usr/bin/fuse-overlayfs`"},
        {"ids", [](GpuMachine&) {}, "podman-rootless", "ok:"},
        {"ids by number", file("etc/subuid", "1000:100000:65536\n"), "podman-rootless", "ok:"},
        {"no ids", file("etc/subgid", "other:100000:65536\nmina\n"), "podman-rootless",
         "warning: /etc/subgid gives no ids", "usermod --add-subuids"},
        {"no newuidmap", [](GpuMachine& m) { m.files.erase("usr/bin/newuidmap"); },
         "podman-rootless", "problem: newuidmap is not there", "uidmap"},
        {"root", [](GpuMachine& m) { m.uid = 0; }, "podman-rootless", "absent: this user is root"},
    });
}

TEST(DoctorSecurity, NamespacesAndSelinuxAreChecked) {
    const auto file = [](const char* path, const char* text) {
        return [path, text](GpuMachine& m) { m.files[path] = text; };
    };
    expect_rows({
        {"on", [](GpuMachine&) {}, "user-namespaces", "ok:"},
        {"off", file("proc/sys/user/max_user_namespaces", "0\n"), "user-namespaces",
         "problem:", "sysctl"},
        {"off, for root",
         [](GpuMachine& m) {
             m.uid = 0;
             m.files["proc/sys/user/max_user_namespaces"] = "0\n";
         },
         "user-namespaces", "warning:"},
        {"Debian's switch", file("proc/sys/kernel/unprivileged_userns_clone", "0\n"),
         "user-namespaces", "problem: user namespaces are kept to root"},
        {"Ubuntu's switch", file("proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n"),
         "user-namespaces", "warning: AppArmor"},
        {"no SELinux", [](GpuMachine&) {}, "selinux", "absent: SELinux is off"},
        {"permissive", file("sys/fs/selinux/enforce", "0"), "selinux",
         "absent: SELinux only warns"},
        {"enforcing", file("sys/fs/selinux/enforce", "1"), "selinux",
         "warning: SELinux is on and keeps devices", "container_use_devices"},
        {"enforcing, devices allowed",
         [](GpuMachine& m) {
             m.files["sys/fs/selinux/enforce"] = "1";
             m.files["sys/fs/selinux/booleans/container_use_devices"] = "1 1";
         },
         "selinux", "ok: SELinux is on: volumes of containers need :z"},
    });
}

TEST(DoctorCluster, ApptainerAndEnrootAreChecked) {
    const auto conf = [](const char* text) {
        return [text](GpuMachine& m) { m.files["etc/apptainer/apptainer.conf"] = text; };
    };
    expect_rows({
        {"apptainer", [](GpuMachine&) {}, "apptainer", "ok: --nv hands on GPUs, by the libraries"},
        {"always", conf("Always Use NV = yes\n"), "apptainer", "ok: GPUs are handed on always"},
        {"by the toolkit", conf("use nvidia-container-cli = yes"), "apptainer",
         "ok: --nv hands on GPUs, by /usr/bin/nvidia-container-cli"},
        {"by a toolkit that is gone",
         conf("use nvidia-container-cli = yes\nnvidia-container-cli path = /opt/cli"), "apptainer",
         "problem: /etc/apptainer/apptainer.conf wants /opt/cli"},
        {"no list", [](GpuMachine& m) { m.files.erase("etc/apptainer/nvliblist.conf"); },
         "apptainer", "problem: /etc/apptainer/nvliblist.conf is not there"},
        {"a list without libcuda",
         [](GpuMachine& m) { m.files["etc/apptainer/nvliblist.conf"] = "# libcuda.so\n"; },
         "apptainer", "problem: /etc/apptainer/nvliblist.conf does not list libcuda.so"},
        {"no configuration", [](GpuMachine& m) { m.files.erase("etc/apptainer/apptainer.conf"); },
         "apptainer", "warning:"},
        {"singularity",
         [](GpuMachine& m) {
             m.files.erase("usr/bin/apptainer");
             m.files["usr/local/bin/singularity"] = "";
             m.files["usr/local/etc/singularity/singularity.conf"] = "always use nv = yes";
             m.files["usr/local/etc/singularity/nvliblist.conf"] = "libcuda.so";
         },
         "apptainer", "ok: GPUs are handed on always"},
        {"not there", [](GpuMachine& m) { m.files.erase("usr/bin/apptainer"); }, "apptainer",
         "absent:"},
        {"enroot", [](GpuMachine&) {}, "enroot", "ok: /etc/enroot/hooks.d/98-nvidia.sh"},
        {"no hook", [](GpuMachine& m) { m.files.erase("etc/enroot/hooks.d/98-nvidia.sh"); },
         "enroot", "problem: /etc/enroot/hooks.d/98-nvidia.sh is not there"},
        {"no cli", [](GpuMachine& m) { m.files.erase("usr/bin/nvidia-container-cli"); }, "enroot",
         "problem: /etc/enroot/hooks.d/98-nvidia.sh needs nvidia-container-cli"},
        {"no enroot", [](GpuMachine& m) { m.files.erase("usr/bin/enroot"); }, "enroot", "absent:"},
    });
}

TEST(DoctorHostile, NoFileOfAMachineBreaksIt) {
    // Every file of the machine in turn becomes something else; there is always a report.
    const std::string deep(200'000, '[');
    const std::string huge(std::size_t{5} << 20, 'x');
    const std::vector<std::pair<const char*, std::string>> bad{
        {"empty", ""},
        {"binary", std::string("\0\xff\xfe\x1b[2J\n", 8)},
        {"deep", deep},
        {"huge", huge},
        {"lines", std::string(100'000, '\n')},
        {"colons", std::string(100'000, ':')},
        {"dashes", "- - - - - - - -:\n  - :\n:\n- \n\t- x: y\n" + std::string(5000, '-')}};
    const GpuMachine healthy;
    for (const auto& [path, text] : healthy.files) {
        for (const auto& [name, content] : bad) {
            GpuMachine machine;
            machine.files[path] = content;
            const DoctorReport report = machine.report();
            for (const DoctorCheck& check : report.checks) {
                EXPECT_LE(check.text.size(), 610U) << path << name;
                EXPECT_EQ(check.text.find('\x1b'), std::string::npos) << path << name;
            }
        }
        GpuMachine loop;
        loop.files.erase(path);
        loop.links[path] = "/" + path;
        EXPECT_FALSE(loop.report().checks.empty());
    }
}

TEST(DoctorHostile, AFolderWithMoreThanAnyoneHasIsLookedAtInPart) {
    GpuMachine machine;
    for (int i = 0; i < 6000; ++i) {
        machine.files["etc/cdi/a" + std::to_string(i) + ".json"] = "{}";
    }
    EXPECT_EQ(told(machine.report(), "cdi-specs").substr(0, 8), "problem:");
}

}  // namespace
}  // namespace envpack::pipeline
