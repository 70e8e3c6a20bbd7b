#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/cuda/driver_library.hpp"
#include "envpack/cuda/driver_version.hpp"
#include "envpack/cuda/gpu_code.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Looks at this machine: the driver, its GPUs, and what container engines need to hand them on.
//
// * Nothing is run but the probe, and that only where it is named: files are read and the driver's
//   libraries are asked (cuda/driver_library.hpp). So versions of engines are not known, and what
//   changed its default between two versions is told as such.
// * CDI specs in JSON are read as JSON. There is no reader of YAML: of those the lines are looked
//   at, in the block style that nvidia-ctk writes. A file in another style is told as not checked,
//   never as wrong.
// * The machine is only told about. Nothing that is found here steers a build or a resolve.

namespace envpack::pipeline {

struct DoctorOptions {
    /// Where the machine's files are. With another root than `/` (the host's, mounted into a
    /// container) the libraries of its driver are not loaded, and the environment counts for
    /// nothing but HOME.
    std::filesystem::path root = "/";
    bool gpu = false;  ///< a machine without a usable GPU is a problem
    /// The probe, which computes on every GPU; none: it is not run.
    std::optional<std::filesystem::path> probe = std::nullopt;
    double timeout_seconds = 60.0;  ///< for the driver's answers; four times that for the probe
};

/// One thing that was looked at. Value; not synchronised.
struct DoctorCheck {
    enum class Status : std::uint8_t {
        ok,
        warning,  ///< some uses fail, or soon will
        problem,  ///< what it is there for does not work
        absent,   ///< not installed or does not apply: nothing to check
    };
    std::string id;  ///< "kernel-driver", "cdi-specs": see the reference
    Status status = Status::ok;
    std::string text;      ///< one sentence
    std::string fix = {};  ///< a command, or what to do; empty where nothing is to be done
};

std::string_view to_string(DoctorCheck::Status status) noexcept;

/// A GPU that containers of this machine could get. Value; not synchronised.
struct DoctorGpu {
    std::string name;
    std::string uuid = {};
    std::optional<cuda::ComputeCapability> capability = std::nullopt;
    bool is_from_table = false;  ///< the capability is not the driver's word but that of the name
    std::uint64_t memory = 0;    ///< bytes; 0 when it is not told
};

/// What the probe found on one GPU. Value; not synchronised.
struct ProbedGpu {
    std::string name;
    std::string uuid = {};
    bool ok = false;
    std::string error = {};
};

/// Value; not synchronised.
struct DoctorReport {
    std::string root;
    std::string container = {};  ///< "docker", "podman", …; empty: not in a container
    std::optional<cuda::DriverVersion> driver = std::nullopt;  ///< of the kernel
    std::optional<cuda::CudaVersion> cuda = std::nullopt;      ///< up to which it has everything
    std::vector<DoctorGpu> gpus = {};
    std::vector<ProbedGpu> probed = {};
    std::vector<DoctorCheck> checks = {};  ///< every id once, always in the same order

    bool ok() const noexcept;  ///< no problem among the checks
    /// nullptr when there is no such check.
    const DoctorCheck* find(std::string_view id) const noexcept;
    json::Value to_json() const;
    std::string to_text() const;
};

/// A machine as values. doctor() makes one of `/` and this process.
struct DoctorMachine {
    std::shared_ptr<const archive::FileTree> files;
    UserConfig user = {};                  ///< variables of the process that asks
    std::uint64_t uid = 0;                 ///< of that process
    std::vector<std::uint64_t> gids = {};  ///< of that process
    cuda::LibraryLoader libraries = {};    ///< empty: they are not loaded
    bool is_mounted = false;               ///< not the machine that this process runs on
};

/// Looks at the machine; DoctorOptions::root is only shown.
Result<DoctorReport> examine(const DoctorMachine& machine, const DoctorOptions& options,
                             const RunContext& run = {});

/// Looks at this machine. What is wrong with it is a check, not an error. not_found for a root that
/// is no directory, or a probe that is not there.
Result<DoctorReport> doctor(const DoctorOptions& options, const UserConfig& user = user_config(),
                            const RunContext& run = {});

}  // namespace envpack::pipeline
