#include "envpack/base/json.hpp"
#include "envpack/env/inventory_output.hpp"
#include "envpack/env/sbom.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/pipeline/source.hpp"
#include "sbom_subject.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr std::array<std::pair<std::string_view, FreezeFormat>, 7> formats{{
    {"requirements", FreezeFormat::requirements},
    {"constraints", FreezeFormat::constraints},
    {"json", FreezeFormat::json},
    {"pylock", FreezeFormat::pylock},
    {"uv", FreezeFormat::uv},
    {"cyclonedx", FreezeFormat::cyclonedx},
    {"spdx", FreezeFormat::spdx},
}};

}  // namespace

std::optional<FreezeFormat> parse_freeze_format(std::string_view name) noexcept {
    const auto found = std::find_if(formats.begin(), formats.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    return found == formats.end() ? std::nullopt : std::optional(found->second);
}

Result<FreezeFormat> sbom_format_of(const std::filesystem::path& file) {
    const std::string name = file.filename().string();
    for (const auto& [suffix, format] : {std::pair(".cdx.json", FreezeFormat::cyclonedx),
                                         std::pair(".spdx.json", FreezeFormat::spdx)}) {
        if (name.ends_with(suffix)) {
            return format;
        }
    }
    return fail(Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` tells no format of a bill of materials", file.string()))
                    .with_rule("sbom.file-name")
                    .with_hint("name it *.cdx.json for CycloneDX, *.spdx.json for SPDX"));
}

Result<std::string> render(const env::Inventory& inventory, FreezeFormat format,
                           const env::ConstraintsOptions& options, const UserConfig& user) {
    env::SbomOptions sbom{.envpack_version = options.envpack_version};
    ENVPACK_TRY(const auto epoch, user.source_date_epoch());
    if (epoch) {
        sbom.created = *epoch;
    }
    if (const auto source = Source::parse(inventory.source)) {
        sbom.subject = subject_of(*source);
    }
    sbom.subject.digest = inventory.source_digest;
    switch (format) {
        case FreezeFormat::requirements:
            return env::to_requirements_text(inventory, options);
        case FreezeFormat::constraints:
            return env::constraints_from(inventory, options).to_text();
        case FreezeFormat::json:
            return json::to_pretty(env::to_json(inventory));
        case FreezeFormat::pylock:
            return env::to_lock(inventory, options).to_toml();
        case FreezeFormat::uv:
            return env::to_uv_text(inventory, options);
        case FreezeFormat::cyclonedx:
            return json::to_pretty(env::to_cyclonedx(inventory, sbom));
        case FreezeFormat::spdx:
            return json::to_pretty(env::to_spdx(inventory, sbom));
    }
    return fail(ErrorCode::internal, "no such format");
}

}  // namespace envpack::pipeline
