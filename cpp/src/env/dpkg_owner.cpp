#include "dpkg_owner.hpp"

#include "read_limits.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace envpack::env {
namespace {

constexpr std::string_view dpkg_info = "var/lib/dpkg/info";
constexpr std::string_view list_suffix = ".list";

bool is_list_name(std::string_view name) noexcept {
    return name.starts_with("python3-") && name.ends_with(list_suffix);
}

}  // namespace

bool is_dpkg_list(const SafePath& path) {
    return is_list_name(path.name()) && path.parent().str() == dpkg_info;
}

Result<std::optional<std::string>> dpkg_owner(const archive::FileTree& tree, const SafePath& path) {
    ENVPACK_TRY(const auto folder, find_directory(tree, dpkg_info));
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
            // python3-x:amd64.list, where packages of several machines can be there
            const std::string package = name.substr(0, name.size() - list_suffix.size());
            return package.substr(0, package.find(':'));
        }
    }
    return std::nullopt;
}

}  // namespace envpack::env
