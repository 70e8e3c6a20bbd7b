#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/package_name.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace envpack::packaging {

/// Which kinds of distribution a project may come as: pip's --only-binary and --no-binary, where
/// the later option wins for a name. Value; not synchronised.
class FormatControl {
public:
    /// `:all:`, `:none:` or names, separated by commas. parse_error for something else.
    Result<void> only_binary(std::string_view value);
    Result<void> no_binary(std::string_view value);

    bool allows_wheel(const PackageName& name) const;
    bool allows_sdist(const PackageName& name) const;
    bool empty() const noexcept { return only_binary_.empty() && no_binary_.empty(); }

    friend bool operator==(const FormatControl&, const FormatControl&) = default;

private:
    using Names = std::set<std::string, std::less<>>;
    static Result<void> add(std::string_view value, Names& target, Names& other);
    Names only_binary_;
    Names no_binary_;
};

}  // namespace envpack::packaging
