#include "envpack/pipeline/strip.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/env/target_environment.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "envpack/pipeline/freeze.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// The requirement of the base that the line is; nullopt for a line that stays.
std::optional<StrippedLine> provided_line(const packaging::RequirementLine& line,
                                          const env::Inventory& base,
                                          const packaging::MarkerEnvironment& environment) {
    if (!line.requirement || line.editable || !line.location.empty() ||
        !line.requirement->url.empty() || !line.requirement->extras.empty() ||
        (line.requirement->marker &&
         !line.requirement->marker->evaluate_with_extra(environment, nullptr))) {
        return std::nullopt;
    }
    const env::FrozenPackage* package = base.find(line.requirement->name);
    if (package == nullptr) {
        return std::nullopt;
    }
    return StrippedLine{
        .name = package->name,
        .requirement = line.text,
        .version = package->raw_version,
        .fits = package->version && line.requirement->specifiers.contains(*package->version, true)};
}

}  // namespace

Result<StripReport> strip(const StripOptions& options, const UserConfig& user,
                          const RunContext& run) {
    constexpr Limits limits;
    ENVPACK_TRY(const std::string bytes, read_file(options.requirements, limits.max_text));
    // As a whole: a file that pip would refuse is no file to edit.
    ENVPACK_TRY(
        const auto whole,
        packaging::RequirementsFile::parse(
            bytes, options.requirements.string(),
            {.load = [](std::string_view) -> Result<std::string> { return std::string(); }}));
    ENVPACK_TRY(const std::string text, packaging::decode_requirements(bytes));
    ENVPACK_TRY(const env::Inventory base, freeze({.source = options.base,
                                                   .python = options.python,
                                                   .detail = env::InventoryDetail::pins},
                                                  user, run));
    const packaging::MarkerEnvironment environment = env::marker_environment(base.python);
    StripReport report;
    std::size_t kept = 0;
    for (const packaging::RequirementLine& line : whole.requirements) {
        if (auto removed = provided_line(line, base, environment)) {
            report.removed.push_back(*std::move(removed));
            report.text += text.substr(kept, line.begin - kept);
            kept = line.end;
        }
    }
    report.text += text.substr(kept);
    return report;
}

}  // namespace envpack::pipeline
