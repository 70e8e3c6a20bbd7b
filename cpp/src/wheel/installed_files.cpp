#include "envpack/wheel/installed_files.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/record.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace envpack::wheel {
namespace {

using Paths = std::vector<SafePath>;

/// The row as a path in the tree; nullopt for one that leaves it.
std::optional<SafePath> row_path(std::string_view row, std::string_view prefix,
                                 const SafePath& site, const Limits& limits) {
    std::string text;
    if (row.starts_with('/')) {
        if (row.size() <= prefix.size() || !row.starts_with(prefix) || row[prefix.size()] != '/') {
            return std::nullopt;
        }
        text = row.substr(prefix.size() + 1);
    } else {
        text = fmt::format("{}/{}", site.str(), row);
    }
    auto path = SafePath::normalize(text, limits);
    return path && !path->is_root() ? std::optional(*std::move(path)) : std::nullopt;
}

/// Without these there is no environment any more.
bool is_of_environment(const SafePath& path) {
    if (path.str() == "pyvenv.cfg") {
        return true;
    }
    std::string_view name = path.name();
    if (path.parent().str() != "bin" || !name.starts_with("python")) {
        return false;
    }
    name.remove_prefix(std::string_view("python").size());
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == 't'; });
}

Result<std::optional<Paths>> read_rows(const archive::FileTree& tree, std::string_view prefix,
                                       const SafePath& dist_info, const Limits& limits) {
    const Result<std::string> text =
        archive::read_file(tree, dist_info / "RECORD", limits.max_record);
    if (!text) {
        if (text.error().code() == ErrorCode::not_found) {
            return std::nullopt;
        }
        return fail(text.error());
    }
    const auto record = packaging::Record::read(*text, limits);
    if (!record) {
        return std::nullopt;
    }
    Paths paths;
    for (const packaging::RecordRow& row : record->rows) {
        if (auto path = row_path(row.path, prefix, dist_info.parent(), limits)) {
            paths.push_back(*std::move(path));
        }
    }
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return std::optional(std::move(paths));
}

/// The files in `__pycache__` that Python made of the sources (PEP 3147: `name.tag.pyc`).
Result<void> add_byte_code(const archive::FileTree& tree, Paths& paths) {
    std::map<SafePath, Paths> folders;
    for (const SafePath& path : paths) {
        if (path.name().ends_with(".py")) {
            folders[path.parent()].push_back(path);
        }
    }
    for (const auto& [folder, sources] : folders) {
        const SafePath cache = folder / "__pycache__";
        const auto names = tree.list(cache);
        if (!names) {
            continue;
        }
        for (const SafePath& source : sources) {
            const std::string stem(source.name().substr(0, source.name().size() - 2));
            for (auto name = std::lower_bound(names->begin(), names->end(), stem);
                 name != names->end() && name->starts_with(stem); ++name) {
                if (name->ends_with(".pyc")) {
                    paths.push_back(cache / *name);
                }
            }
        }
    }
    return {};
}

}  // namespace

Result<Paths> recorded_files(const archive::FileTree& tree, std::string_view prefix,
                             const SafePath& dist_info, const Limits& limits) {
    ENVPACK_TRY(std::optional<Paths> rows, read_rows(tree, prefix, dist_info, limits));
    return std::move(rows).value_or(Paths());
}

Result<Paths> files_to_remove(const archive::FileTree& tree, std::string_view prefix,
                              const SafePath& dist_info, std::span<const SafePath> others,
                              const Limits& limits) {
    ENVPACK_TRY(std::optional<Paths> rows, read_rows(tree, prefix, dist_info, limits));
    if (!rows) {
        return fail(Error(ErrorCode::unsupported,
                          fmt::format("`{}` has no RECORD that says which files are its own",
                                      text::printable(dist_info.str())))
                        .with_rule("install.no-record")
                        .with_hint("remove the package with the program that installed it, or "
                                   "install into a new environment"));
    }
    ENVPACK_CHECK(add_byte_code(tree, *rows));
    std::erase_if(*rows, [&](const SafePath& path) {
        return is_of_environment(path) || path.is_below(dist_info);
    });
    std::sort(rows->begin(), rows->end());
    rows->erase(std::unique(rows->begin(), rows->end()), rows->end());
    for (const SafePath& other : others) {
        ENVPACK_TRY(const Paths theirs, recorded_files(tree, prefix, other, limits));
        Paths left;
        std::set_difference(rows->begin(), rows->end(), theirs.begin(), theirs.end(),
                            std::back_inserter(left));
        *rows = std::move(left);
    }
    return *std::move(rows);
}

}  // namespace envpack::wheel
