#include "envpack/pipeline/install.hpp"
#include "package_hooks.hpp"

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

json::Array items_of(const std::vector<InstalledPackage>& packages) {
    json::Array items;
    for (const InstalledPackage& package : packages) {
        json::Value item;
        item.set("name", package.name);
        item.set("version", package.version);
        if (!package.replaced.empty()) {
            item.set("replaced", package.replaced);
        }
        items.push_back(std::move(item));
    }
    return items;
}

}  // namespace

json::Value InstallReport::to_json() const {
    json::Value report;
    report.set("prefix", prefix);
    report.set("new", is_new);
    report.set("kept", static_cast<std::uint64_t>(kept));
    report.set("installed", items_of(installed));
    report.set("removed", items_of(removed));
    report.set("startup_hooks", hook_list(startup_hooks));
    report.set("notes", json::Array(notes.begin(), notes.end()));
    return report;
}

std::string InstallReport::to_text() const {
    std::string text;
    for (const InstalledPackage& package : removed) {
        text += fmt::format("- {} {}\n", package.name, package.version);
    }
    for (const InstalledPackage& package : installed) {
        text += package.replaced.empty() ? fmt::format("+ {} {}\n", package.name, package.version)
                                         : fmt::format("+ {} {} (was {})\n", package.name,
                                                       package.version, package.replaced);
    }
    text += hook_lines(startup_hooks);
    return text + fmt::format("{}: {} installed, {} removed, {} kept\n", prefix, installed.size(),
                              removed.size(), kept);
}

}  // namespace envpack::pipeline
