#include "envpack/env/package_files.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/record.hpp"
#include "package_source.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace envpack::env {
namespace {

constexpr std::size_t max_list = 64u << 20;
/// Files that are looked at below the modules of one package without a list.
constexpr std::size_t max_walk = 20'000;

bool is_identifier(std::string_view text) noexcept {
    return !text.empty() && !(text.front() >= '0' && text.front() <= '9') &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                      (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
           });
}

bool is_shared_object(std::string_view name) noexcept {
    return name.ends_with(".so") || name.find(".so.") != std::string_view::npos;
}

/// `numpy/linalg/__init__.py` as `numpy.linalg`; empty for what is no module.
std::string module_of(std::string_view path) {
    std::vector<std::string_view> parts = text::split(path, '/');
    std::string_view& file = parts.back();
    if (file.ends_with(".py") || file.ends_with(".so") || file.ends_with(".pyc")) {
        file = file.substr(0, file.find('.'));  // `_core.cpython-311-x86_64-linux-gnu.so`
    } else {
        return {};
    }
    if (file == "__init__") {
        parts.pop_back();
    }
    std::string module;
    for (const std::string_view part : parts) {
        if (!is_identifier(part) || part == "__pycache__") {
            return {};
        }
        module += module.empty() ? "" : ".";
        module += part;
    }
    return module;
}

/// Reads the files of one package. One thread.
class Reader {
public:
    Reader(const archive::FileTree& tree, const FrozenPackage& package)
        : tree_(tree), package_(package) {}

    Result<PackageFiles> run() {
        ENVPACK_TRY(const SafePath location, SafePath::parse(package_.location));
        ENVPACK_TRY(const auto info, archive::stat(tree_, location));
        if (package_.editable) {
            ENVPACK_CHECK(editable());
        }
        const SafePath site = location.parent();
        if (info && info->type == archive::FileType::directory) {
            ENVPACK_TRY(const bool listed, by_list(location));
            if (!listed) {
                ENVPACK_CHECK(by_top_level(location, site));
            }
        } else {
            ENVPACK_CHECK(by_name(site));
        }
        std::sort(files_.modules.begin(), files_.modules.end());
        files_.modules.erase(std::unique(files_.modules.begin(), files_.modules.end()),
                             files_.modules.end());
        return std::move(files_);
    }

private:
    void add(std::string_view path) {
        files_.compiled = files_.compiled || is_shared_object(path);
        if (std::string module = module_of(path); !module.empty()) {
            files_.modules.push_back(std::move(module));
        }
    }

    /// RECORD, or what older setuptools left beside PKG-INFO; false when there is neither.
    Result<bool> by_list(const SafePath& folder) {
        ENVPACK_TRY(const auto text, read_if_there(tree_, folder / "RECORD", max_list));
        if (text) {
            const auto record = packaging::Record::read(*text);
            if (record) {
                for (const packaging::RecordRow& row : record->rows) {
                    add(row.path);
                }
            }
            return record.has_value();
        }
        ENVPACK_TRY(const auto installed,
                    read_if_there(tree_, folder / "installed-files.txt", max_list));
        const std::string list = installed.value_or("");
        for (const std::string_view line : text::lines(list)) {
            if (line.starts_with("../")) {  // relative to the egg-info folder
                add(line.substr(3));
            }
        }
        return installed.has_value();
    }

    Result<void> by_top_level(const SafePath& folder, const SafePath& site) {
        ENVPACK_TRY(const auto text, read_if_there(tree_, folder / "top_level.txt", max_list));
        if (!text) {
            return by_name(site);
        }
        for (const std::string_view line : text::lines(*text)) {
            const std::string_view name = text::trim(line);
            if (is_identifier(name)) {
                ENVPACK_CHECK(whole(site, std::string(name)));
            }
        }
        return {};
    }

    /// The module that is called as the package, in any spelling.
    Result<void> by_name(const SafePath& site) {
        const auto names = tree_.list(site);
        if (!names) {
            return {};
        }
        for (const std::string& name : *names) {
            const std::string stem = name.substr(0, name.find('.'));
            const auto as_package = packaging::PackageName::parse(stem);
            if (is_identifier(stem) && as_package && *as_package == package_.name) {
                ENVPACK_CHECK(whole(site, stem));
            }
        }
        return {};
    }

    Result<void> whole(const SafePath& site, const std::string& module) {
        const auto place =
            std::lower_bound(files_.whole_modules.begin(), files_.whole_modules.end(), module);
        if (place != files_.whole_modules.end() && *place == module) {
            return {};
        }
        files_.whole_modules.insert(place, module);
        std::size_t left = max_walk;
        return look_for_code(site / module, left);
    }

    Result<void> look_for_code(const SafePath& folder, std::size_t& left) {
        ENVPACK_TRY(const auto info, tree_.lookup(folder));
        if (files_.compiled || !info || info->type != archive::FileType::directory) {
            return {};
        }
        ENVPACK_TRY(const auto names, tree_.list(folder));
        for (const std::string& name : names) {
            if (left == 0 || files_.compiled) {
                return {};
            }
            --left;
            if (is_shared_object(name)) {
                files_.compiled = true;
            } else if (name.find('.') == std::string::npos) {
                ENVPACK_CHECK(look_for_code(folder / name, left));
            }
        }
        return {};
    }

    /// Packages and modules in the source folder, or in `src` below it.
    Result<void> editable() {
        const std::string source = source_path(package_);
        if (source.empty()) {
            return {};
        }
        for (const char* const below : {"", "/src", "/lib"}) {
            ENVPACK_TRY(const auto folder, find_directory(tree_, source + below));
            if (!folder) {
                continue;
            }
            ENVPACK_TRY(const auto names, tree_.list(*folder));
            for (const std::string& name : names) {
                ENVPACK_CHECK(editable_entry(*folder, name));
            }
        }
        return {};
    }

    Result<void> editable_entry(const SafePath& folder, const std::string& name) {
        if (name.ends_with(".py") && name != "setup.py" && name != "conftest.py") {
            add(name);
        } else if (is_identifier(name)) {
            ENVPACK_TRY(const auto init, stat_directly(tree_, folder / name / "__init__.py"));
            if (init) {
                ENVPACK_CHECK(whole(folder, name));
            }
        }
        return {};
    }

    const archive::FileTree& tree_;
    const FrozenPackage& package_;
    PackageFiles files_;
};

}  // namespace

Result<std::vector<PackageFiles>> package_files(const archive::FileTree& tree,
                                                const Inventory& inventory, const RunContext& run) {
    std::vector<PackageFiles> all;
    all.reserve(inventory.packages.size());
    for (const FrozenPackage& package : inventory.packages) {
        ENVPACK_CHECK(run.check());
        if (package.location.empty()) {
            all.emplace_back();
            continue;
        }
        ENVPACK_TRY(PackageFiles files,
                    with_context(Reader(tree, package).run(),
                                 "while listing the files of " + package.name.to_string()));
        all.push_back(std::move(files));
    }
    return all;
}

bool package_files_want(const SafePath& path, const archive::FileInfo& info) {
    if (info.type != archive::FileType::regular || info.size > max_list) {
        return false;
    }
    constexpr std::array<std::string_view, 3> names = {"RECORD", "installed-files.txt",
                                                       "top_level.txt"};
    const std::string parent = path.parent().str();
    return std::find(names.begin(), names.end(), path.name()) != names.end() &&
           (parent.ends_with(".dist-info") || parent.ends_with(".egg-info"));
}

}  // namespace envpack::env
