#include "envpack/env/system_owners.hpp"

#include "dpkg_owner.hpp"
#include "dpkg_status.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"
#include "read_limits.hpp"
#include "rpm_packages.hpp"
#include "tree_text.hpp"

#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>

namespace envpack::env {
namespace {

constexpr std::string_view dpkg_status_file = "var/lib/dpkg/status";
constexpr std::string_view conda_folder = "conda-meta";
constexpr std::string_view conda_suffix = ".json";

/// The file that a line of dpkg or rpm means. Packages that were built before Debian moved
/// everything below /usr still name `/lib/x`, behind a link.
std::optional<SafePath> listed_file(std::string_view line,
                                    const std::unordered_set<SafePath>& files) {
    if (!line.starts_with('/')) {
        return std::nullopt;
    }
    for (const std::string_view root : {"", "/usr"}) {
        const auto path = SafePath::normalize(std::string(root) + std::string(line));
        if (path && files.contains(*path)) {
            return *path;
        }
    }
    return std::nullopt;
}

}  // namespace

Result<void> SystemOwners::read_dpkg(const archive::FileTree& tree,
                                     const std::unordered_set<SafePath>& files,
                                     const RunContext& run) {
    ENVPACK_TRY(const auto folder, find_directory(tree, dpkg_lists_folder));
    if (!folder) {
        return {};
    }
    ENVPACK_TRY(const SafePath status, SafePath::parse(dpkg_status_file));
    ENVPACK_TRY(const auto text, read_if_small(tree, status, max_captured_metadata));
    std::map<std::string_view, std::string_view> versions;
    for (const DpkgPackage& package :
         installed_dpkg_packages(text ? std::string_view(*text) : std::string_view())) {
        versions.emplace(package.name, package.version);
    }
    ENVPACK_TRY(const std::vector<std::string> names, tree.list(*folder));
    for (const std::string& name : names) {
        ENVPACK_CHECK(run.check());
        const auto package = package_of_dpkg_list(name);
        if (!package) {
            continue;
        }
        ENVPACK_TRY(const auto list, read_if_small(tree, *folder / name, max_captured_metadata));
        const auto version = versions.find(*package);
        const std::string said = version == versions.end()
                                     ? std::string(*package)
                                     : fmt::format("{} {}", *package, version->second);
        for (const std::string_view line : text::lines(list ? std::string_view(*list) : "")) {
            if (const auto path = listed_file(line, files)) {
                owners_.try_emplace(*path, text::printable(said) + " (dpkg)");
            }
        }
    }
    return {};
}

Result<void> SystemOwners::read_rpm(const archive::FileTree& tree,
                                    const std::unordered_set<SafePath>& files,
                                    const RunContext& run) {
    const Result<void> done = for_each_rpm_package(
        tree,
        [&](const RpmHeader& package) {
            std::string said;
            package.for_each_file([&](std::string_view file) {
                const auto path = listed_file(file, files);
                if (path && said.empty()) {
                    said = text::printable(
                               fmt::format("{} {}", package.name(), package.full_version())) +
                           " (rpm)";
                }
                if (path) {
                    owners_.try_emplace(*path, said);
                }
            });
        },
        run);
    if (!done && done.error().code() == ErrorCode::cancelled) {
        return done;
    }
    return {};
}

Result<void> SystemOwners::read_conda(const archive::FileTree& tree,
                                      const std::unordered_set<SafePath>& files,
                                      const SafePath& prefix, const RunContext& run) {
    const SafePath folder = prefix / conda_folder;
    ENVPACK_TRY(const auto info, tree.lookup(folder));
    if (!info || info->type != archive::FileType::directory) {
        return {};
    }
    ENVPACK_TRY(const std::vector<std::string> names, tree.list(folder));
    for (const std::string& name : names) {
        ENVPACK_CHECK(run.check());
        if (!name.ends_with(conda_suffix)) {
            continue;
        }
        ENVPACK_TRY(const auto text, read_if_small(tree, folder / name, max_captured_metadata));
        const auto record = json::parse(text.value_or(""));
        if (!record) {
            continue;
        }
        const auto package = json::string_at(*record, "name");
        const auto version = json::string_at(*record, "version");
        const auto listed = json::array_at(*record, "files");
        if (!package || !version || !listed) {
            continue;
        }
        const std::string said =
            text::printable(fmt::format("{} {}", *package, *version)) + " (conda)";
        for (const json::Value& file : **listed) {
            const auto path = file.as_string() == nullptr
                                  ? std::nullopt
                                  : std::optional(SafePath::normalize(*file.as_string()));
            if (path && *path && files.contains(prefix.join(**path))) {
                owners_.try_emplace(prefix.join(**path), said);
            }
        }
    }
    return {};
}

Result<SystemOwners> SystemOwners::read(const archive::FileTree& tree,
                                        const std::unordered_set<SafePath>& files,
                                        const SafePath& prefix, const RunContext& run) {
    SystemOwners result;
    ENVPACK_CHECK(result.read_conda(tree, files, prefix, run));
    ENVPACK_CHECK(result.read_dpkg(tree, files, run));
    ENVPACK_CHECK(result.read_rpm(tree, files, run));
    return result;
}

std::string SystemOwners::owner(const SafePath& path) const {
    const auto found = owners_.find(path);
    return found == owners_.end() ? std::string() : found->second;
}

bool system_owners_want(const SafePath& path, const archive::FileInfo& info) {
    if (is_rpm_database(path, info)) {
        return true;
    }
    if (info.type != archive::FileType::regular || info.size > max_captured_metadata) {
        return false;
    }
    return (package_of_dpkg_list(path.name()) && path.parent().str() == dpkg_lists_folder) ||
           path.str() == dpkg_status_file ||
           (path.name().ends_with(conda_suffix) && path.parent().name() == conda_folder);
}

}  // namespace envpack::env
