#include "build_materials.hpp"

#include "envpack/archive/planned_tree.hpp"
#include "envpack/pipeline/user_indexes.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

namespace envpack::pipeline {
namespace {

std::string_view without_slash(std::string_view url) {
    return url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
}

/// Of the files that describe distributions: the layer that each is in.
std::map<std::string, std::size_t> layers_of_metadata(const std::vector<PlacedLayer>& layers,
                                                      std::size_t below) {
    std::map<std::string, std::size_t> numbers;
    std::size_t number = below;
    for (const PlacedLayer& layer : layers) {
        if (layer.entries.empty()) {
            continue;  // it is not written
        }
        for (const archive::PlannedEntry& entry : layer.entries) {
            if (entry.path.name() == "METADATA" || entry.path.name() == "PKG-INFO") {
                numbers.insert_or_assign(entry.path.str(), number);
            }
        }
        ++number;
    }
    return numbers;
}

/// The Python that sees all packages, as it would be found in the image: nothing of the base has to
/// be read again for it.
env::Interpreter interpreter_of(const BuildBase& base) {
    env::Interpreter python = base.inventory.python;
    if (base.place.is_environment && base.place.makes_environment) {
        python.prefix = base.place.prefix;
        python.is_venv = true;
        python.system_site_packages = true;  // plan_from_lock()
    }
    return python;
}

}  // namespace

bool wants_materials(const BuildOptions& options) noexcept {
    return !options.sbom.empty() || options.provenance.has_value();
}

Result<std::vector<env::PackageOrigin>> public_origins(std::vector<env::PackageOrigin> origins,
                                                       const UserConfig& user,
                                                       const RunContext& run) {
    const bool named = std::any_of(origins.begin(), origins.end(),
                                   [](const auto& origin) { return !origin.index.empty(); });
    if (!named) {
        return origins;
    }
    const Result<std::string> known = default_index(user, run);
    ENVPACK_CHECK(run.check());
    for (env::PackageOrigin& origin : origins) {
        // Without a pip to ask every index is named: what is said then is more, and true.
        if (known && without_slash(origin.index) == without_slash(*known)) {
            origin.index.clear();
        }
    }
    return origins;
}

Result<env::Inventory> planned_inventory(const BuildBase& base,
                                         const std::vector<PlacedLayer>& layers,
                                         const env::Environment& environment, bool is_copied,
                                         const RunContext& run) {
    if (base.inventory.python.executable.is_root()) {
        return env::Inventory();
    }
    const auto tree = std::make_shared<archive::PlannedTree>(base.tree);
    for (const PlacedLayer& layer : layers) {
        tree->add(layer.entries);
    }
    env::InventoryOptions wanted{.environment = environment, .detail = env::InventoryDetail::full};
    if (is_copied) {
        wanted.python = base.place.prefix;  // what it sees is for its pyvenv.cfg to say
    } else {
        wanted.interpreter = interpreter_of(base);
    }
    ENVPACK_TRY(env::Inventory inventory, env::take_inventory(*tree, wanted, run));
    const auto numbers = layers_of_metadata(layers, base.image->layers().size());
    const auto set_layer = [&](const std::string& location, std::optional<std::size_t>& layer) {
        for (const char* const file : {"/METADATA", "/PKG-INFO"}) {
            if (const auto found = numbers.find(location + file); found != numbers.end()) {
                layer = found->second;
            }
        }
    };
    for (env::FrozenPackage& package : inventory.packages) {
        set_layer(package.location, package.layer);
        for (env::ShadowedPackage& shadowed : package.shadowed) {
            set_layer(shadowed.location, shadowed.layer);
        }
    }
    return inventory;
}

}  // namespace envpack::pipeline
