#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/constraints.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/selection.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

struct FreezeOptions {
    std::string source = ".";  ///< as Source::parse() reads it
    /// The interpreter or prefix inside an image or root file system; else its PATH decides.
    std::optional<std::string> python = std::nullopt;
    env::InventoryDetail detail = env::InventoryDetail::full;
    std::vector<std::string> exclude = {};  ///< names of packages
    env::PinScope pin = env::PinScope::all;
    /// Only what the Python files and notebooks of this folder, or this file, import.
    std::optional<std::filesystem::path> used_by = std::nullopt;
    /// Look at files and requirements too: what is missing or does not fit becomes a Problem.
    bool check = false;
};

/// The packages installed in a base, read without running any of it; render() makes it a file. The
/// inventory of an image is kept in the cache and taken from there for the same manifest and
/// options, without reading a layer, unless ENVPACK_NO_CACHE is set or its files are asked for
/// (used_by, pin).
/// not_found for a source that is not there or has no Python; parse_error for an excluded name that
/// is none; invalid_argument for a selection by files of a source that is only a text.
Result<env::Inventory> freeze(const FreezeOptions& options, const UserConfig& user = user_config(),
                              const RunContext& run = {});

/// The forms in which an inventory can be written.
enum class FreezeFormat : std::uint8_t {
    requirements,
    constraints,
    json,
    pylock,
    uv,
    cyclonedx,
    spdx,
};

/// By its name on the command line; nullopt for another word.
std::optional<FreezeFormat> parse_freeze_format(std::string_view name) noexcept;

/// cyclonedx or spdx, as the name of a file tells by custom: `app.cdx.json`, `app.spdx.json`.
/// invalid_argument (rule `sbom.file-name`) for any other name.
Result<FreezeFormat> sbom_format_of(const std::filesystem::path& file);

/// The text of a file, with a final LF. SOURCE_DATE_EPOCH is the time that a bill of materials
/// tells; invalid_argument when it is malformed.
Result<std::string> render(const env::Inventory& inventory, FreezeFormat format,
                           const env::ConstraintsOptions& options = {},
                           const UserConfig& user = user_config());

}  // namespace envpack::pipeline
