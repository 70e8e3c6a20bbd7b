#include "envpack/env/provider_inventory.hpp"

#include <string>

#include <fmt/format.h>

namespace envpack::env {

std::vector<Provided> provided_from(const Inventory& inventory, std::string_view base) {
    std::vector<Provided> provided;
    provided.reserve(inventory.packages.size());
    for (const FrozenPackage& package : inventory.packages) {
        std::string origin(base);
        if (package.layer) {
            origin += fmt::format("{}layer {}", origin.empty() ? "" : ", ", *package.layer + 1);
        }
        if (!package.installer.empty()) {
            origin +=
                fmt::format("{}installed by {}", origin.empty() ? "" : ", ", package.installer);
        }
        provided.push_back({.name = package.name,
                            .version = package.version,
                            .requires_dist = package.requires_dist,
                            .extras = package.provides_extra,
                            .origin = std::move(origin),
                            .raw_version = package.raw_version,
                            .unremovable = package.is_unremovable()});
    }
    return provided;
}

}  // namespace envpack::env
