#include "ecosystem_text.hpp"

#include "envpack/base/text.hpp"

#include <fmt/format.h>

namespace envpack::cuda {

using packaging::PackageName;
using packaging::Requirement;

std::string without_marker(Requirement requirement) {
    requirement.marker = std::nullopt;
    return requirement.to_string();
}

std::string with_extras(std::string name, const std::vector<PackageName>& extras) {
    std::vector<std::string> names;
    for (const PackageName& extra : extras) {
        names.emplace_back(extra.str());
    }
    return names.empty() ? name : fmt::format("{}[{}]", name, text::join(names, ","));
}

std::string text_with(std::string text, std::string_view key, std::string_view value) {
    if (const std::size_t at = text.find(key); at != std::string::npos) {
        text.replace(at, key.size(), value);
    }
    return text;
}

const packaging::Version* pinned_version(const packaging::SpecifierSet& specifiers) noexcept {
    for (const packaging::Specifier& one : specifiers.specifiers()) {
        if (one.is_pin() && one.version()) {
            return &*one.version();
        }
    }
    return nullptr;
}

}  // namespace envpack::cuda
