#include "envpack/packaging/format_control.hpp"

#include "envpack/base/text.hpp"

namespace envpack::packaging {
namespace {

constexpr std::string_view all_packages = ":all:";
constexpr std::string_view none = ":none:";

}  // namespace

// As pip documents it: "accepts :all:, :none:, or names; can be given several times, each adds".
Result<void> FormatControl::add(std::string_view value, Names& target, Names& other) {
    for (const std::string_view piece : text::split(value, ',')) {
        const std::string_view item = text::trim(piece);
        if (item == all_packages) {
            target = {std::string(all_packages)};
            other.clear();
        } else if (item == none) {
            target.clear();
        } else {
            ENVPACK_TRY(const PackageName name, PackageName::parse(item));
            other.erase(name.to_string());
            target.emplace(name.str());
        }
    }
    return {};
}

Result<void> FormatControl::only_binary(std::string_view value) {
    return add(value, only_binary_, no_binary_);
}

Result<void> FormatControl::no_binary(std::string_view value) {
    return add(value, no_binary_, only_binary_);
}

// A name wins over `:all:`, and a name is never in both sets.
bool FormatControl::allows_wheel(const PackageName& name) const {
    return !no_binary_.contains(name.str()) &&
           (only_binary_.contains(name.str()) || only_binary_.contains(all_packages) ||
            !no_binary_.contains(all_packages));
}

bool FormatControl::allows_sdist(const PackageName& name) const {
    return !only_binary_.contains(name.str()) &&
           (no_binary_.contains(name.str()) || !only_binary_.contains(all_packages));
}

}  // namespace envpack::packaging
