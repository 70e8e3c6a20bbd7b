#include "dpkg_owner.hpp"

#include "read_limits.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace envpack::env {
namespace {

bool is_list_name(std::string_view name) {
    return name.starts_with("python3-") && package_of_dpkg_list(name).has_value();
}

}  // namespace

std::optional<std::string_view> package_of_dpkg_list(std::string_view filename) {
    constexpr std::string_view suffix = ".list";
    if (!filename.ends_with(suffix)) {
        return std::nullopt;
    }
    filename.remove_suffix(suffix.size());
    return filename.substr(0, filename.find(':'));
}

bool is_dpkg_list(const SafePath& path) {
    return is_list_name(path.name()) && path.parent().str() == dpkg_lists_folder;
}

Result<std::optional<std::string>> dpkg_owner(const archive::FileTree& tree, const SafePath& path) {
    ENVPACK_TRY(const auto folder, find_directory(tree, dpkg_lists_folder));
    if (!folder) {
        return std::nullopt;
    }
    ENVPACK_TRY(std::vector<std::string> names, tree.list(*folder));
    std::sort(names.begin(), names.end());
    const std::string line = "/" + path.str() + "\n";
    for (const std::string& name : names) {
        if (!is_list_name(name)) {
            continue;
        }
        ENVPACK_TRY(const auto list, read_if_small(tree, *folder / name, max_captured_text));
        const std::size_t found = list ? list->find(line) : std::string::npos;
        if (found == 0 || (found != std::string::npos && (*list)[found - 1] == '\n')) {
            return std::string(*package_of_dpkg_list(name));
        }
    }
    return std::nullopt;
}

}  // namespace envpack::env
