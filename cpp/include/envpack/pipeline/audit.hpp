#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/code_verdict.hpp"
#include "envpack/cuda/driver_version.hpp"
#include "envpack/cuda/file_code.hpp"
#include "envpack/cuda/gpu_table.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/pipeline/user_indexes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

struct AuditOptions {
    /// As Source::parse() reads it; or the path of a wheel (`X.whl`) or of a lock (`X.toml`).
    std::string source = ".";
    std::vector<std::string> more_wheels = {};  ///< with a source that is a wheel
    /// Of a wheel or lock: the image that they are meant for. None: that of the lock, if it names
    /// an image; else they are looked at alone.
    std::optional<std::string> base = std::nullopt;
    BuildLayout layout = BuildLayout::venv;  ///< as build() places them
    std::string prefix = {};                 ///< the same
    bool no_build = false;                   ///< packages of a lock without a wheel are an error
    IndexOptions indexes = {};               ///< where the wheels of a lock are fetched
    /// The interpreter or prefix inside an image or root file system; else its PATH decides.
    std::optional<std::string> python = std::nullopt;
    std::vector<std::string> gpus = {};  ///< as GpuTable::find_list() reads them
    std::string driver = {};             ///< `550.54.14`; empty: not known
};

/// Something that a person should know. Value; not synchronised.
struct AuditFinding {
    enum class Level : std::uint8_t {
        error,    ///< it would not run
        warning,  ///< a part of it would not, or not as it was meant
        note,
    };
    Level level = Level::note;
    std::string rule = {};     ///< "audit.no-code", "audit.missing-library": see the reference
    std::string text = {};     ///< one line
    std::string file = {};     ///< path in the tree that is the reason; may be empty
    std::string package = {};  ///< that brought it: "torch 2.6.0", "zlib1g 1.3-1 (dpkg)", or empty
    std::string fix = {};      ///< what to install or do instead; may be empty
};

/// A file with GPU code.
struct AuditedCode {
    std::string file;
    std::string package = {};  ///< as AuditFinding::package
    std::uint64_t size = 0;
    bool is_loaded = true;  ///< false for objects and static archives, which no process loads
    cuda::FileCode code = {};
    std::vector<cuda::CodeVerdict> verdicts = {};  ///< of AuditReport::gpus, in their order
};

/// The GPU code of a package, or of one file that no package brought.
struct AuditedPackage {
    std::string name = {};                         ///< "torch 2.6.0"; empty for such a file
    std::string file = {};                         ///< its path
    std::vector<cuda::CodeVerdict> verdicts = {};  ///< of AuditReport::gpus, in their order
};

/// Whether it will run there, and why not. Value; not synchronised.
struct AuditReport {
    std::string source;  ///< as it was given
    std::vector<cuda::Gpu> gpus = {};
    std::optional<cuda::DriverVersion> driver = std::nullopt;
    std::uint64_t binaries = 0;       ///< ELF files and static archives that were read
    std::uint64_t binary_bytes = 0;   ///< their size
    std::uint64_t shipped_twice = 0;  ///< bytes of libraries that are there again
    /// Of wheels and locks: for whom they were looked at, and what was not but counts as there.
    std::vector<std::string> assumptions = {};
    std::vector<AuditedPackage> packages = {};  ///< with GPU code, by name
    std::vector<AuditedCode> code = {};         ///< by path
    std::vector<AuditFinding> findings = {};    ///< errors first

    bool ok() const noexcept;  ///< no error among the findings
    json::Value to_json() const;
    std::string to_text() const;
};

/// Reads every ELF file and static archive of a source, without running any of it: the libraries
/// that each needs, as the loader would find them, and the GPU code in it. Of an image and a root
/// file system all files are read, of an environment those that its Python can import. Nothing of
/// the machine that envpack runs on is asked but, for an environment, its libraries. What is wrong
/// is a finding, not an error. invalid_argument for a GPU that nobody knows; errors of opening the
/// source.
///
/// Wheels and the packages of a lock are looked at as build() would put them onto the base, without
/// being unpacked or written: the answer is that of the finished image, whose files all count.
/// Without a base only what the wheels bring counts, and what every system has is there (see
/// AuditReport::assumptions). Errors are those of build(): a lock for another base, a wheel for
/// another Python, two files at one path.
Result<AuditReport> audit(const AuditOptions& options, const UserConfig& user = user_config(),
                          const RunContext& run = {});

}  // namespace envpack::pipeline
