#include "dpkg_status.hpp"

#include "envpack/base/text.hpp"

namespace envpack::env {

std::vector<DpkgPackage> installed_dpkg_packages(std::string_view status) {
    constexpr std::string_view name_field = "Package: ";
    constexpr std::string_view version_field = "Version: ";
    constexpr std::string_view status_field = "Status: ";
    std::vector<DpkgPackage> packages;
    DpkgPackage package;
    bool is_installed = true;  // entries of distroless images have no Status
    const auto finish = [&] {
        if (is_installed && !package.name.empty() && !package.version.empty()) {
            packages.push_back(package);
        }
        package = {};
        is_installed = true;
    };
    for (const std::string_view line : text::lines(status)) {
        if (line.empty()) {
            finish();
        } else if (line.starts_with(name_field)) {
            package.name = text::trim(line.substr(name_field.size()));
        } else if (line.starts_with(version_field)) {
            package.version = text::trim(line.substr(version_field.size()));
            package.version.remove_prefix(package.version.find(':') + 1);  // the epoch, or nothing
        } else if (line.starts_with(status_field)) {
            is_installed = line.ends_with(" installed");
        }
    }
    finish();
    return packages;
}

}  // namespace envpack::env
