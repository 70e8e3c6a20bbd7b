#include "egg_requires.hpp"

#include "envpack/base/text.hpp"

namespace envpack::env {
namespace {

/// ` ; (marker) and extra == "name"`, or what of it applies.
std::string condition(std::string_view section, std::vector<std::string>& extras) {
    const std::size_t colon = section.find(':');
    const std::string extra(section.substr(0, colon));
    const std::string_view marker =
        colon == std::string_view::npos ? std::string_view() : section.substr(colon + 1);
    std::string text;
    if (!marker.empty()) {
        text = '(' + std::string(marker) + ')';
    }
    if (!extra.empty()) {
        extras.push_back(extra);
        text += (text.empty() ? "" : " and ") + ("extra == \"" + extra + '"');
    }
    return text.empty() ? text : " ; " + text;
}

}  // namespace

EggRequires parse_egg_requires(std::string_view text) {
    EggRequires found;
    std::string suffix;
    for (std::string_view line : text::lines(text)) {
        line = text::trim(line);
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        if (line.starts_with('[') && line.ends_with(']')) {
            suffix = condition(line.substr(1, line.size() - 2), found.extras);
            continue;
        }
        // The space ends a URL, which would otherwise take in the marker.
        found.requirements.push_back(std::string(line) + suffix);
    }
    return found;
}

}  // namespace envpack::env
