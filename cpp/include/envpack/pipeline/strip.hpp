#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

struct StripOptions {
    std::filesystem::path requirements = {};           ///< a requirements file
    std::string base = ".";                            ///< as Source::parse() reads it
    std::optional<std::string> python = std::nullopt;  ///< as FreezeOptions::python
};

/// A requirement that the base fulfils, or has in another version.
struct StrippedLine {
    packaging::PackageName name;
    std::string requirement;  ///< as it is written
    std::string version;      ///< the base's
    bool fits = true;         ///< whether the requirement accepts that version
};

struct StripReport {
    std::string text;  ///< the file as UTF-8 without those lines, otherwise byte for byte
    std::vector<StrippedLine> removed = {};
};

/// Takes out of a requirements file what the base provides, whatever version it asks for: other
/// lines, comments and options stay as they are. Lines with extras stay, since an extra may need
/// more than the base has; so do lines whose marker is false for the base, files that are included
/// (`-r`) and places. Errors as freeze(), and those of reading the file.
Result<StripReport> strip(const StripOptions& options, const UserConfig& user = user_config(),
                          const RunContext& run = {});

}  // namespace envpack::pipeline
