#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace envpack::pipeline {

/// The text of PKG-INFO of the source distribution at `path` (.tar.gz or .zip), when it may be
/// trusted: metadata version 2.2 or later, with nothing that a solve needs marked as dynamic
/// (PEP 643). nullopt otherwise, also for an archive that the strict readers refuse: then a build
/// tells.
std::optional<std::string> static_metadata(const std::filesystem::path& path,
                                           const Limits& limits = {});

}  // namespace envpack::pipeline
