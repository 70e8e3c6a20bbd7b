#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/version.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace envpack::packaging {

/// The comparison operators of PEP 440.
enum class Operator : std::uint8_t {
    compatible,     ///< ~=
    equal,          ///< ==, also with `.*`
    not_equal,      ///< !=, also with `.*`
    less_equal,     ///< <=
    greater_equal,  ///< >=
    less,           ///< <
    greater,        ///< >
    arbitrary,      ///< ===
};
std::string_view to_string(Operator op) noexcept;

/// One clause of a specifier set: `>=1.16`, `==2.3.*`, `===whatever`. Value; not synchronised.
class Specifier {
public:
    /// parse_error for anything that PEP 440 does not allow: a missing operator, a local part
    /// with an ordering operator, `.*` elsewhere than after the release of `==` and `!=`, `~=`
    /// with a single release number.
    static Result<Specifier> parse(std::string_view text);

    Operator op() const noexcept { return op_; }
    /// The version as written, with `.*` where there is one; any text after `===`.
    std::string_view version_text() const noexcept { return text_; }
    /// The parsed version, without `.*`; nullopt when the text after `===` is none.
    const std::optional<Version>& version() const noexcept { return version_; }
    /// `==1.0.*` and `!=1.0.*`.
    bool is_wildcard() const noexcept { return wildcard_; }
    /// Exactly one version is meant: `==` without `.*`, or `===`. (PEP 592 lets these, and only
    /// these, choose a yanked file.)
    bool is_pin() const noexcept;

    /// The clause alone, without any policy on pre-releases. `===` compares the normalised text.
    bool contains(const Version& version) const;
    /// As above; `===` compares the text as given. A text that is no version can match only `===`.
    bool contains(std::string_view text) const;
    /// The clause itself names a pre-release, which opts in to pre-releases; `!=` never does.
    bool names_prerelease() const noexcept;

    /// Operator and version as written, without white space.
    std::string to_string() const;
    /// By the meaning of the text: `==1.0 == ==1.0.0`, but `~=1.0` is not `~=1.0.0`.
    friend bool operator==(const Specifier& a, const Specifier& b) {
        return a.canonical_ == b.canonical_;
    }
    /// Equal for equal clauses, and for no others.
    std::string_view canonical() const noexcept { return canonical_; }

private:
    Specifier(Operator op, std::string text) : op_(op), text_(std::move(text)) {}

    Operator op_;
    bool wildcard_ = false;
    std::string text_;
    std::string canonical_;
    std::optional<Version> version_;
};

}  // namespace envpack::packaging
