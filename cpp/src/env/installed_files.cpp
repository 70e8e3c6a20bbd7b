#include "installed_files.hpp"

#include "envpack/packaging/record.hpp"
#include "read_limits.hpp"
#include "tree_text.hpp"

#include <string_view>

namespace envpack::env {

Result<std::optional<InstalledFile>> find_installed_file(const archive::FileTree& tree,
                                                         const SafePath& folder,
                                                         std::string_view row) {
    // Lexically: installers write `../../../bin/x` from the real site-packages folder.
    const auto path = SafePath::normalize(
        row.starts_with('/') ? std::string(row) : folder.str() + '/' + std::string(row));
    if (!path) {
        return std::optional<InstalledFile>();
    }
    ENVPACK_TRY(auto info, tree.lookup(*path));
    if (info && info->type != archive::FileType::symlink) {
        return InstalledFile{.path = *path, .info = *std::move(info)};
    }
    ENVPACK_TRY(const auto behind, archive::resolve(tree, *path));
    if (behind) {
        ENVPACK_TRY(auto target, tree.lookup(*behind));
        if (target) {
            return InstalledFile{.path = *behind, .info = *std::move(target)};
        }
    }
    if (!info) {
        return std::optional<InstalledFile>();
    }
    return InstalledFile{.path = *path, .info = *std::move(info)};
}

bool RecordFit::is_better_than(const RecordFit& other) const noexcept {
    // No row with a size proves nothing: as if every file were another.
    const auto part = [](const RecordFit& fit) {
        return fit.sized == 0 ? 1.0
                              : static_cast<double>(fit.misfit) / static_cast<double>(fit.sized);
    };
    return part(*this) < part(other);
}

Result<std::optional<RecordFit>> compare_record(const archive::FileTree& tree,
                                                const SafePath& dist_info, const Limits& limits,
                                                const RunContext& run) {
    ENVPACK_TRY(const auto text, read_if_small(tree, dist_info / "RECORD", max_captured_record));
    if (!text) {
        return std::optional<RecordFit>();
    }
    const auto record = packaging::Record::read(*text, limits);
    if (!record) {
        return std::optional<RecordFit>();
    }
    ENVPACK_TRY(const auto folder, archive::resolve(tree, dist_info.parent()));
    const std::string own = std::string(dist_info.name()) + '/';
    RecordFit fit;
    for (const packaging::RecordRow& row : record->rows) {
        ENVPACK_CHECK(run.check());
        if (row.path.ends_with(".pyc")) {
            continue;
        }
        ENVPACK_TRY(const auto file,
                    find_installed_file(tree, folder.value_or(SafePath()), row.path));
        if (!file) {
            fit.first_missing = fit.missing++ == 0 ? row.path : fit.first_missing;
        }
        if (row.size && !row.path.starts_with(own)) {
            ++fit.sized;
            const bool fits = file && (file->info.type != archive::FileType::regular ||
                                       file->info.size == *row.size);
            fit.misfit += fits ? 0 : 1;
        }
    }
    return std::optional(std::move(fit));
}

}  // namespace envpack::env
