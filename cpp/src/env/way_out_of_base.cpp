#include "envpack/cuda/ngc_images.hpp"
#include "envpack/env/replaced_packages.hpp"
#include "way_out.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>

// Changes of what the base provides.

namespace envpack::env::way_out {

using packaging::PackageName;
using packaging::Version;

namespace {

/// How far apart two releases are: the first number that differs counts most.
std::uint64_t distance(const Version& a, const Version& b) {
    const auto of = [](const Version& version) {
        return version.release_at(0) * 1000 + std::min<std::uint64_t>(version.release_at(1), 999);
    };
    return of(a) > of(b) ? of(a) - of(b) : of(b) - of(a);
}

}  // namespace

Result<std::optional<WayOut>> unfreeze(PackageProvider& provider,
                                       std::span<const UserRequirement> requirements,
                                       const PackageName& name, const ExplainOptions& options,
                                       const RunContext& run) {
    const Provided& base = *provider.find_provided(name);
    ProviderOptions changed = provider.options();
    (base.unremovable ? changed.shadowed : changed.unfrozen).insert(name);
    ENVPACK_TRY(const auto resolution,
                attempt(provider.with_options(std::move(changed)), requirements, run));
    if (!resolution) {
        return std::optional<WayOut>();
    }
    const auto replaced = replaced_packages(provider, *resolution);
    const auto own = std::find_if(replaced.begin(), replaced.end(),
                                  [&](const ReplacedPackage& one) { return one.name == name; });
    if (own == replaced.end()) {
        return std::optional<WayOut>();
    }
    std::string description =
        base.unremovable
            ? fmt::format("hide the {} of the base, which cannot be removed, behind {}", name.str(),
                          own->to.to_string())
            : fmt::format("replace the {} of the base by {}", name.str(), own->to.to_string());
    if (!own->breaks.empty()) {
        description += fmt::format("; breaks {}", names_text(own->breaks));
    }
    if (!own->built_against.empty()) {
        description +=
            fmt::format("; built against the present one: {}", names_text(own->built_against));
    }
    return WayOut{base.unremovable ? "shadow" : "unfreeze", std::move(description),
                  fmt::format("{} … --{} {}", options.command,
                              base.unremovable ? "shadow" : "unfreeze", name.str())};
}

Result<std::optional<WayOut>> relax(PackageProvider& provider,
                                    std::span<const UserRequirement> requirements,
                                    const Involved::Demand& demand, const ExplainOptions& options,
                                    const RunContext& run) {
    const Provided* base = provider.find_provided(demand.dependency);
    if (base == nullptr || !base->version || provider.find_provided(demand.package) != nullptr) {
        return std::optional<WayOut>();
    }
    ProviderOptions changed = provider.options();
    changed.relaxed.push_back({.package = demand.package, .dependency = demand.dependency});
    ENVPACK_TRY(const auto resolution,
                attempt(provider.with_options(std::move(changed)), requirements, run));
    if (!resolution) {
        return std::optional<WayOut>();
    }
    return WayOut{"relax",
                  fmt::format("keep {} {} against what {} {} asks for; whether it works is yours "
                              "to test",
                              demand.dependency.str(), base->shown_version(), demand.package.str(),
                              resolution->versions.at({demand.package}).to_string()),
                  fmt::format("{} … --relax {}:{}", options.command, demand.package.str(),
                              demand.dependency.str())};
}

Result<std::optional<WayOut>> other_base(PackageProvider& provider,
                                         std::span<const UserRequirement> requirements,
                                         const RunContext& run) {
    ENVPACK_TRY(const PackageName torch, PackageName::parse("torch"));
    const Provided* present = provider.find_provided(torch);
    if (present == nullptr || !present->version ||
        present->version->local().find("nv") == std::string_view::npos) {
        return std::optional<WayOut>();
    }
    ENVPACK_TRY(std::vector<cuda::NgcPytorchImage> images, cuda::ngc_pytorch_images());
    const std::string python = fmt::format("{}.{}", provider.options().python_version.major(),
                                           provider.options().python_version.release_at(1));
    std::erase_if(images, [&](const auto& image) { return image.python != python; });
    const Version release = present->version->base_version();
    std::stable_sort(images.begin(), images.end(), [&](const auto& a, const auto& b) {
        return distance(a.torch.base_version(), release) <
               distance(b.torch.base_version(), release);
    });
    std::optional<Version> refused;
    std::size_t attempts = 0;
    for (const cuda::NgcPytorchImage& image : images) {
        // Releases of one torch differ in nothing that a solve sees.
        const Version version = image.torch.public_version();
        if (version == present->version->public_version() || refused == version) {
            continue;
        }
        if (attempts++ == max_attempts) {
            break;
        }
        std::vector<Provided> base(provider.provided().begin(), provider.provided().end());
        std::erase_if(base, [&](const Provided& one) {
            return one.name != torch && is_torch_stack(one.name);
        });
        for (Provided& one : base) {
            if (one.name == torch) {
                one.version = image.torch;
                one.requires_dist.clear();
            }
        }
        ENVPACK_TRY(const auto resolution,
                    attempt(provider.with_base(std::move(base)), requirements, run));
        if (resolution) {
            return WayOut{"base-image",
                          fmt::format("a base image with torch {}, which fits; its other packages "
                                      "are not known here",
                                      image.torch.to_string()),
                          "FROM " + image.image};
        }
        refused = version;
    }
    return std::optional<WayOut>();
}

}  // namespace envpack::env::way_out
