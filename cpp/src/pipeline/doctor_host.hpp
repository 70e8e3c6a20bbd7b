#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/pipeline/doctor.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The machine as the checks of the doctor see it: files below a root, an environment, a user.
// Every path is written as people write it, with a `/` in front.

namespace envpack::pipeline {

/// A small text of the machine.
struct HostText {
    enum class State : std::uint8_t { absent, unreadable, read };
    State state = State::absent;
    std::string text = {};  ///< at most `max_host_text` bytes
    std::string why = {};   ///< it is unreadable
    bool was_read() const noexcept { return state == State::read; }
};
constexpr std::size_t max_host_text = std::size_t{4} << 20;
constexpr std::size_t max_host_names = 4096;  ///< of a folder that are looked at

class DoctorHost {
public:
    DoctorHost(const DoctorMachine& described, const RunContext& context)
        : machine(described),
          files(*described.files),
          config(described.user),
          run(context),
          is_this_machine(!described.is_mounted) {}

    const DoctorMachine& machine;
    const archive::FileTree& files;
    const UserConfig& config;
    const RunContext& run;
    bool is_this_machine;

    HostText read(const std::string& path) const;
    /// The first line without white space around it; empty where there is none.
    std::string first_line(const std::string& path) const;
    /// Behind all links; nothing where it cannot be seen.
    std::optional<archive::FileInfo> info(const std::string& path) const;
    bool has(const std::string& path) const { return info(path).has_value(); }
    bool has_folder(const std::string& path) const;
    /// A device or a file, but no folder: a container engine makes one for a mount that is absent.
    bool has_node(const std::string& path) const;
    /// Sorted; empty where there is none or it cannot be listed.
    std::vector<std::string> list(const std::string& folder) const;
    /// The path of a program on PATH, or in a folder that programs of root and of the container
    /// toolkit are in; empty where there is none.
    std::string program(std::string_view name) const;
    /// The same for a configured value: a path, or a name. Empty where it leads nowhere.
    std::string program_behind(std::string_view value) const;
    /// Below the user's folder for configuration; empty where no home is known.
    std::string user_path(std::string_view below) const;
    /// Whether the user may read and write a file with these facts.
    bool may_use(const archive::FileInfo& file) const;
    /// Of the passwd of the machine; empty where it is not told.
    std::string user_name() const;

    // What the first checks find out for those that follow.
    std::string container = {};  ///< as DoctorReport::container
    bool is_wsl = false;
    bool is_tegra = false;              ///< Jetson: the GPU is on no PCI bus
    std::vector<std::string> pci = {};  ///< NVIDIA's GPUs: "0000:01:00.0"
    bool has_nvswitch = false;
    bool driver_loaded = false;
    bool has_gpu_nodes = false;  ///< /dev/nvidiactl and at least one /dev/nvidia<n>
    std::optional<cuda::CudaVersion> compat = std::nullopt;  ///< of a cuda-compat that works
    bool has_cdi_gpus = false;                               ///< a CDI spec with nvidia.com/gpu
    std::vector<std::string> cdi_folders = {"/etc/cdi", "/var/run/cdi"};

    /// Whether there is anything of NVIDIA's that containers could be given.
    bool has_gpu() const noexcept {
        return driver_loaded || !pci.empty() || has_gpu_nodes || is_tegra;
    }
};

/// `text` with whatever is foreign in it made printable.
DoctorCheck& add_check(DoctorReport& report, std::string_view id, DoctorCheck::Status status,
                       std::string_view text, std::string_view fix = {});

// Each adds the checks of its name to the report, and what others need to the host.
void check_surroundings(DoctorHost& host, DoctorReport& report);
void check_hardware(DoctorHost& host, DoctorReport& report);
void check_kernel_driver(DoctorHost& host, DoctorReport& report);
void check_device_nodes(DoctorHost& host, DoctorReport& report);
/// And what follows from the libraries: versions, reach, compatibility, GPUs.
Result<void> check_driver_libraries(DoctorHost& host, DoctorReport& report,
                                    const DoctorOptions& options);
void check_fabric_manager(DoctorHost& host, DoctorReport& report);
void check_visibility(DoctorHost& host, DoctorReport& report);
Result<void> check_cuda_toolkit(DoctorHost& host, DoctorReport& report);
void check_podman_files(DoctorHost& host, DoctorReport& report);
void check_container_toolkit(DoctorHost& host, DoctorReport& report);
void check_cdi(DoctorHost& host, DoctorReport& report);
void check_docker(DoctorHost& host, DoctorReport& report);
void check_podman(DoctorHost& host, DoctorReport& report);
void check_security(DoctorHost& host, DoctorReport& report);
void check_apptainer(DoctorHost& host, DoctorReport& report);
void check_enroot(DoctorHost& host, DoctorReport& report);
Result<void> check_probe(DoctorHost& host, DoctorReport& report, const DoctorOptions& options);

}  // namespace envpack::pipeline
