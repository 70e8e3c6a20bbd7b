#include "envpack/packaging/requirement.hpp"

namespace envpack::packaging {

std::string Requirement::to_string() const {
    std::string text(name.str());
    if (!extras.empty()) {
        char before = '[';
        for (const PackageName& extra : extras) {
            text.push_back(before);
            text.append(extra.str());
            before = ',';
        }
        text.push_back(']');
    }
    text += specifiers.to_string();
    if (!url.empty()) {
        // The space ends the URL, which could contain a semicolon.
        text.append(" @ ").append(url).append(marker ? " " : "");
    }
    if (marker) {
        text.append("; ").append(marker->to_string());
    }
    return text;
}

}  // namespace envpack::packaging
