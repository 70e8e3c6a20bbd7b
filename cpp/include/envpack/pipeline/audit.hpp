#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/code_verdict.hpp"
#include "envpack/cuda/driver_version.hpp"
#include "envpack/cuda/file_code.hpp"
#include "envpack/cuda/gpu_table.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

struct AuditOptions {
    std::string source = ".";  ///< as Source::parse() reads it
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
    std::string package = {};  ///< that brought it: "torch 2.6.0"; empty when nobody tells
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
    std::uint64_t binaries = 0;                 ///< ELF files and static archives that were read
    std::uint64_t binary_bytes = 0;             ///< their size
    std::uint64_t shipped_twice = 0;            ///< bytes of libraries that are there again
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
Result<AuditReport> audit(const AuditOptions& options, const UserConfig& user = user_config(),
                          const RunContext& run = {});

}  // namespace envpack::pipeline
