#include "envpack/resolver/dependency_provider.hpp"

namespace envpack::resolver {

std::string Package::to_string() const {
    std::string text(name.str());
    if (extra) {
        text += '[';
        text += extra->str();
        text += ']';
    }
    return text;
}

Result<void> DependencyProvider::prepare(std::span<const Wanted>) {
    return {};
}

Result<std::vector<Exclusion>> DependencyProvider::exclusions(const Package&) {
    return std::vector<Exclusion>{};
}

}  // namespace envpack::resolver
