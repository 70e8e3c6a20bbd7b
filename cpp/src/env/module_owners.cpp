#include "envpack/env/package_files.hpp"

#include <algorithm>

namespace envpack::env {
namespace {

bool is_below(std::string_view module, std::string_view parent) noexcept {
    return module.starts_with(parent) &&
           (module.size() == parent.size() || module[parent.size()] == '.');
}

}  // namespace

ModuleOwners::ModuleOwners(const std::vector<PackageFiles>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) {
        for (const std::string& module : files[i].modules) {
            modules_.emplace_back(module, i);
        }
        for (const std::string& module : files[i].whole_modules) {
            whole_.emplace_back(module, i);
        }
    }
    std::sort(modules_.begin(), modules_.end());
    std::sort(whole_.begin(), whole_.end());
}

std::vector<std::size_t> ModuleOwners::exactly(std::string_view module) const {
    std::vector<std::size_t> found;
    const auto by_name = [](const auto& entry, std::string_view name) {
        return std::string_view(entry.first) < name;
    };
    auto place = std::lower_bound(modules_.begin(), modules_.end(), module, by_name);
    for (; place != modules_.end() && place->first == module; ++place) {
        found.push_back(place->second);
    }
    if (found.empty()) {
        // Nobody has the module itself, but parts of it: a namespace. `a.b-c` sorts between `a.b`
        // and `a.b.c`, so the parts begin at `a.b.`.
        const std::string part = std::string(module) + '.';
        place = std::lower_bound(modules_.begin(), modules_.end(), part, by_name);
        for (; place != modules_.end() && place->first.starts_with(part); ++place) {
            found.push_back(place->second);
        }
    }
    for (const auto& [whole, package] : whole_) {
        if (is_below(module, whole)) {
            found.push_back(package);
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

std::vector<std::size_t> ModuleOwners::owners(std::string_view module) const {
    for (;;) {
        std::vector<std::size_t> found = exactly(module);
        const std::size_t dot = module.rfind('.');
        if (!found.empty() || dot == std::string_view::npos) {
            return found;
        }
        module = module.substr(0, dot);
    }
}

}  // namespace envpack::env
