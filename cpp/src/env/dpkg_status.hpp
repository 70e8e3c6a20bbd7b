#pragma once

#include <string_view>
#include <vector>

namespace envpack::env {

/// The views live as long as the text that was read.
struct DpkgPackage {
    std::string_view name;
    std::string_view version;  ///< without epoch, with the Debian revision: `12.4.127-1`
};

/// What is installed according to the text of /var/lib/dpkg/status, in its order. Packages of which
/// only the configuration is left are passed over.
std::vector<DpkgPackage> installed_dpkg_packages(std::string_view status);

}  // namespace envpack::env
