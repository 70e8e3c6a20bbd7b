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

/// The next logical line with its line ends: up to one that does not end in a backslash (pip
/// documentation, "Line continuations").
std::string_view take_line(std::string_view& rest) {
    std::size_t end = 0;
    while (end < rest.size()) {
        const std::size_t newline = rest.find('\n', end);
        end = newline == std::string_view::npos ? rest.size() : newline + 1;
        std::string_view line = rest.substr(0, end);
        while (line.ends_with('\n') || line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (!line.ends_with('\\')) {
            break;
        }
    }
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end);
    return line;
}

/// The requirement of the base that the line is; nullopt for a line that stays.
std::optional<StrippedLine> provided_line(std::string_view line, const env::Inventory& base,
                                          const packaging::MarkerEnvironment& environment) {
    const auto file = packaging::RequirementsFile::parse(line, "", {});
    if (!file || file->requirements.size() != 1) {
        return std::nullopt;
    }
    const packaging::RequirementLine& only = file->requirements.front();
    if (!only.requirement || only.editable || !only.location.empty() ||
        !only.requirement->url.empty() || !only.requirement->extras.empty() ||
        (only.requirement->marker &&
         !only.requirement->marker->evaluate_with_extra(environment, nullptr))) {
        return std::nullopt;
    }
    const env::FrozenPackage* package = base.find(only.requirement->name);
    if (package == nullptr) {
        return std::nullopt;
    }
    return StrippedLine{
        .name = package->name,
        .requirement = only.text,
        .version = package->raw_version,
        .fits = package->version && only.requirement->specifiers.contains(*package->version, true)};
}

}  // namespace

Result<StripReport> strip(const StripOptions& options, const UserConfig& user,
                          const RunContext& run) {
    constexpr Limits limits;
    ENVPACK_TRY(const std::string text, read_file(options.requirements, limits.max_text));
    // As a whole first: a file that pip would refuse is no file to edit.
    ENVPACK_TRY(
        const auto whole,
        packaging::RequirementsFile::parse(
            text, options.requirements.string(),
            {.load = [](std::string_view) -> Result<std::string> { return std::string(); }}));
    ENVPACK_TRY(const env::Inventory base, freeze({.source = options.base,
                                                   .python = options.python,
                                                   .detail = env::InventoryDetail::pins},
                                                  user, run));
    const packaging::MarkerEnvironment environment = env::marker_environment(base.python);
    StripReport report;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view line = take_line(rest);
        if (auto removed = provided_line(line, base, environment)) {
            report.removed.push_back(*std::move(removed));
        } else {
            report.text += line;
        }
    }
    return report;
}

}  // namespace envpack::pipeline
