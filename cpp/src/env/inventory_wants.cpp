#include "dpkg_owner.hpp"
#include "envpack/env/inventory.hpp"
#include "git_checkout.hpp"
#include "prefix_layout.hpp"
#include "read_limits.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace envpack::env {
namespace {

/// Files with a name of their own, wherever they are.
constexpr std::array<std::string_view, 3> small_names = {"pyvenv.cfg", "patchlevel.h",
                                                         "requires.txt"};
constexpr std::array<std::string_view, 6> whole_paths = {"etc/os-release", "usr/lib/os-release",
                                                         "etc/pip.conf",   "etc/pip/constraint.txt",
                                                         "etc/uv/uv.toml", "lib/apk/db/installed"};

bool is_distribution_file(std::string_view folder, std::string_view name) noexcept {
    if (folder.ends_with(".dist-info")) {
        return name == "METADATA" || name == "INSTALLER" || name == "direct_url.json" ||
               name == "REQUESTED";
    }
    return name == "PKG-INFO" && (folder.ends_with(".egg-info") || folder == "EGG-INFO");
}

bool is_site_file(std::string_view folder, std::string_view name) noexcept {
    const bool is_site = folder == "site-packages" || folder == "dist-packages";
    return name.ends_with(".egg-link") || (is_site && name.ends_with(".pth")) ||
           name.ends_with(".egg-info");
}

/// Interpreters, their shared library, the C library and its loader.
bool is_program(std::string_view folder, std::string_view name) {
    if (folder == "bin" || folder == "sbin") {
        return is_python_name(name);
    }
    return (name.starts_with("libpython") && name.find(".so") != std::string_view::npos) ||
           name == "libc.so.6" || name.starts_with("ld-linux") || name.starts_with("ld-musl-") ||
           (name.ends_with(".so") && (name.starts_with("libc-") || name.starts_with("ld-")));
}

}  // namespace

bool inventory_wants(const SafePath& path, const archive::FileInfo& info) {
    if (info.type != archive::FileType::regular) {
        return false;  // links and folders are known without their content
    }
    const std::string_view text = path.str();
    const std::string_view name = path.name();
    const std::string parent_path = path.parent().str();
    const std::string_view parent =
        std::string_view(parent_path).substr(parent_path.rfind('/') + 1);
    if (info.size <= max_captured_text) {
        if (is_site_file(parent, name) || is_dpkg_list(path) ||
            std::find(small_names.begin(), small_names.end(), name) != small_names.end() ||
            std::find(whole_paths.begin(), whole_paths.end(), text) != whole_paths.end()) {
            return true;
        }
    }
    if (is_git_state(path)) {
        return info.size <= (name == "packed-refs" ? max_captured_metadata : max_captured_text);
    }
    if (info.size <= max_captured_metadata &&
        (is_distribution_file(parent, name) || text == "var/lib/dpkg/status" ||
         parent_path == "var/lib/dpkg/status.d")) {
        return true;
    }
    return info.size <= max_captured_program && is_program(parent, name);
}

archive::CaptureFilter inventory_filter(InventoryDetail detail) {
    if (detail < InventoryDetail::files) {
        return inventory_wants;
    }
    return [](const SafePath& path, const archive::FileInfo& info) {
        const bool is_record = path.name() == "RECORD" &&
                               path.parent().name().ends_with(".dist-info") &&
                               info.type == archive::FileType::regular;
        return (is_record && info.size <= max_captured_record) || inventory_wants(path, info);
    };
}

}  // namespace envpack::env
