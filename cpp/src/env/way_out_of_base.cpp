#include "envpack/cuda/ngc_images.hpp"
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
    ProviderOptions changed = provider.options();
    changed.unfrozen.insert(name);
    ENVPACK_TRY(const auto resolution, attempt(provider.with_options(changed), requirements, run));
    const Provided& base = *provider.find_provided(name);
    if (!resolution || !base.version) {
        return std::optional<WayOut>();
    }
    const auto chosen = resolution->versions.find({name});
    if (chosen == resolution->versions.end() || chosen->second == *base.version) {
        return std::optional<WayOut>();
    }
    std::vector<std::string> broken;
    std::vector<std::string> built_against;
    for (const Provided& other : provider.provided()) {
        if (other.name == name || resolution->versions.contains({other.name})) {
            continue;
        }
        for (const packaging::Requirement& needed : other.requires_dist) {
            if (needed.name != name || (needed.marker && !needed.marker->evaluate_with_extra(
                                                             changed.environment, nullptr))) {
                continue;
            }
            if (needed.specifiers.contains(*base.version, true) &&
                !needed.specifiers.contains(chosen->second, true)) {
                broken.push_back(other.name.to_string());
            } else if (is_torch_stack(other.name) && is_torch_stack(name)) {
                built_against.push_back(other.name.to_string());
            }
            break;
        }
    }
    std::string description =
        fmt::format("replace the {} of the base by {}", name.str(), chosen->second.to_string());
    if (!broken.empty()) {
        description += fmt::format("; breaks {}", names_text(broken));
    }
    if (!built_against.empty()) {
        description +=
            fmt::format("; built against the present one: {}", names_text(built_against));
    }
    return WayOut{"unfreeze", std::move(description),
                  fmt::format("{} … --unfreeze {}", options.command, name.str())};
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
    return WayOut{
        "relax",
        fmt::format("keep {} {} against what {} {} asks for; whether it works is yours "
                    "to test",
                    demand.dependency.str(), base->version->to_string(), demand.package.str(),
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
