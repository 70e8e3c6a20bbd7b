#include "envpack/env/file_owners.hpp"

#include "envpack/packaging/record.hpp"
#include "tree_text.hpp"

#include <string>
#include <string_view>

namespace envpack::env {
namespace {

/// Of all files of a distribution only binaries are asked for.
bool may_be_binary(std::string_view path) {
    for (const std::string_view end : {".py", ".pyc", ".pyi", ".h", ".hpp", ".txt", ".json"}) {
        if (path.ends_with(end)) {
            return false;
        }
    }
    return true;
}

}  // namespace

Result<FileOwners> FileOwners::read(const archive::FileTree& tree, const Inventory& inventory,
                                    const RunContext& run) {
    constexpr Limits limits;
    FileOwners result;
    for (std::size_t i = 0; i < inventory.packages.size(); ++i) {
        ENVPACK_CHECK(run.check());
        const FrozenPackage& package = inventory.packages[i];
        if (!package.location.ends_with(".dist-info")) {
            continue;
        }
        const auto folder = SafePath::normalize(package.location);
        if (!folder) {
            continue;
        }
        ENVPACK_TRY(const auto text, read_if_small(tree, *folder / "RECORD", limits.max_record));
        const auto record = packaging::Record::read(text.value_or(""), limits);
        if (!record) {
            continue;
        }
        const std::string site = folder->parent().str() + '/';
        for (const packaging::RecordRow& row : record->rows) {
            if (!may_be_binary(row.path)) {
                continue;
            }
            const auto path =
                SafePath::normalize(row.path.starts_with('/') ? row.path : site + row.path);
            if (path) {
                result.owners_.try_emplace(*path, i);
            }
        }
    }
    return result;
}

std::optional<std::size_t> FileOwners::owner(const SafePath& path) const {
    const auto found = owners_.find(path);
    return found == owners_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace envpack::env
