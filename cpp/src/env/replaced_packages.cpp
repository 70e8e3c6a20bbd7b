#include "envpack/env/replaced_packages.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::env {

using packaging::PackageName;
using packaging::Requirement;
using packaging::Version;

std::string names_text(const std::vector<std::string>& names) {
    constexpr std::size_t max_shown = 5;
    std::vector<std::string> shown(
        names.begin(),
        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), max_shown)));
    std::string text = text::join(shown, ", ");
    if (names.size() > max_shown) {
        text += fmt::format(" and {} more", names.size() - max_shown);
    }
    return text;
}

std::string ReplacedPackage::to_string() const {
    std::string text = is_shadow ? fmt::format("{} {} hides the base's {}, whose files stay",
                                               name.str(), to.to_string(), from)
                                 : fmt::format("{} {} takes the place of the base's {}", name.str(),
                                               to.to_string(), from);
    if (!breaks.empty()) {
        text += fmt::format("; breaks {}", names_text(breaks));
    }
    if (!built_against.empty()) {
        text += fmt::format("; built against the base's: {}", names_text(built_against));
    }
    return text;
}

std::vector<ReplacedPackage> replaced_packages(const PackageProvider& provider,
                                               const resolver::Resolution& resolution) {
    const auto holds = [&](const Requirement& wanted) {
        return !wanted.marker ||
               wanted.marker->evaluate_with_extra(provider.options().environment, nullptr);
    };
    const auto stays = [&](const PackageName& name) {
        const Provided& base = *provider.find_provided(name);
        const auto chosen = resolution.versions.find({name});
        return chosen == resolution.versions.end() || base.version == chosen->second;
    };
    std::vector<ReplacedPackage> replaced;
    for (const Provided& base : provider.provided()) {
        if (stays(base.name)) {
            continue;
        }
        ReplacedPackage one{.name = base.name,
                            .from = base.version ? base.version->to_string() : base.raw_version,
                            .to = resolution.versions.at({base.name}),
                            .is_shadow = base.unremovable};
        for (const Provided& other : provider.provided()) {
            if (other.name == base.name || !stays(other.name)) {
                continue;
            }
            for (const Requirement& wanted : other.requires_dist) {
                if (wanted.name != base.name || !holds(wanted)) {
                    continue;
                }
                if (base.version && wanted.specifiers.contains(*base.version, true) &&
                    !wanted.specifiers.contains(one.to, true)) {
                    one.breaks.push_back(other.name.to_string());
                } else if (is_torch_stack(other.name) && is_torch_stack(base.name)) {
                    one.built_against.push_back(other.name.to_string());
                }
                break;
            }
        }
        replaced.push_back(std::move(one));
    }
    return replaced;
}

}  // namespace envpack::env
