#include "envpack/packaging/specifier.hpp"

#include "envpack/base/text.hpp"
#include "white_space.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace envpack::packaging {
namespace {

struct OperatorText {
    std::string_view text;
    Operator op;
};

// The longer ones first, so that the first that fits is the one meant.
constexpr std::array<OperatorText, 8> operators = {{{"===", Operator::arbitrary},
                                                    {"~=", Operator::compatible},
                                                    {"==", Operator::equal},
                                                    {"!=", Operator::not_equal},
                                                    {"<=", Operator::less_equal},
                                                    {">=", Operator::greater_equal},
                                                    {"<", Operator::less},
                                                    {">", Operator::greater}}};

constexpr std::string_view wildcard_suffix = ".*";

tl::unexpected<Error> invalid(std::string_view text, const std::string& why) {
    return fail(Error(ErrorCode::parse_error,
                      "`" + text::printable(text) + "` is not a version specifier: " + why)
                    .with_span(std::string(text), 0, text.size()));
}

bool has_white_space(std::string_view text) noexcept {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (white_space_at(text, i) != 0) {
            return true;
        }
    }
    return false;
}

/// `1!2.3` for `1!2.3.0`, so that texts of equal versions are equal.
std::string without_trailing_zeros(const Version& version) {
    VersionParts parts = version.parts();
    while (parts.release.size() > 1 && parts.release.back() == 0) {
        parts.release.pop_back();
    }
    return Version::from_parts(std::move(parts)).to_string();
}

bool has_release_prefix(const Version& version, const Version& prefix, std::size_t size) {
    if (version.epoch() != prefix.epoch()) {
        return false;
    }
    for (std::size_t i = 0; i < size; ++i) {
        if (version.release_at(i) != prefix.release_at(i)) {
            return false;
        }
    }
    return true;
}

bool has_same_public_version(const Version& a, const Version& b) {
    return is_eq(a.compare_release(b)) && a.pre() == b.pre() && a.post() == b.post() &&
           a.dev() == b.dev();
}

/// PEP 440: "if the specified version is a public version, local parts of candidates are
/// ignored".
bool equals(const Version& candidate, const Version& wanted) {
    return wanted.has_local() ? candidate == wanted : has_same_public_version(candidate, wanted);
}

// PEP 440, exclusive comparison: `>1.7` must not match 1.7.0.post1 or 1.7+local; `>1.7.post1`
// does match 1.7.post2.
bool is_greater(const Version& candidate, const Version& bound) {
    if (candidate <= bound || equals(candidate, bound)) {
        return false;
    }
    if (bound.is_postrelease() || bound.is_devrelease()) {
        return true;
    }
    return is_neq(candidate.compare_release(bound)) || candidate.pre() != bound.pre();
}

// PEP 440, exclusive comparison: `<1.7` must not match a pre-release of 1.7, `<1.7rc1` may.
bool is_less(const Version& candidate, const Version& bound) {
    if (candidate >= bound) {
        return false;
    }
    if (bound.is_prerelease() || is_neq(candidate.compare_release(bound))) {
        return true;
    }
    // Of the same release: everything below a final bound is one of its pre-releases; below a
    // post-release only its own dev releases are.
    return bound.is_postrelease() && (candidate.pre() || candidate.post() != bound.post());
}

}  // namespace

std::string_view to_string(Operator op) noexcept {
    for (const OperatorText& entry : operators) {
        if (entry.op == op) {
            return entry.text;
        }
    }
    return "";
}

Result<Specifier> Specifier::parse(std::string_view text) {
    text = trim_white_space(text);
    const auto* const found =
        std::find_if(operators.begin(), operators.end(),
                     [text](const OperatorText& entry) { return text.starts_with(entry.text); });
    if (found == operators.end()) {
        return invalid(text, "it has to begin with one of ~= == != <= >= < > ===");
    }
    const Operator op = found->op;
    const std::string_view version = trim_white_space(text.substr(found->text.size()));
    Specifier specifier(op, std::string(version));

    if (op == Operator::arbitrary) {
        // The characters that packaging leaves out, since `;` and `)` end it in a requirement.
        if (has_white_space(version) || version.find_first_of(";)") != std::string_view::npos) {
            return invalid(text, "white space, `;` and `)` cannot follow ===");
        }
        if (auto parsed = Version::parse(version)) {
            specifier.version_ = *std::move(parsed);
        }
        specifier.canonical_ = "===" + text::to_lower(version);
        return specifier;
    }

    const bool is_equality = op == Operator::equal || op == Operator::not_equal;
    std::string_view release = version;
    if (is_equality && version.ends_with(wildcard_suffix)) {
        specifier.wildcard_ = true;
        release.remove_suffix(wildcard_suffix.size());
    }
    auto parsed = Version::parse(release);
    if (!parsed) {
        if (parsed.error().code() == ErrorCode::limit_exceeded) {
            return fail(std::move(parsed).error());
        }
        return invalid(text, release.empty()
                                 ? "the version is missing"
                                 : "`" + text::printable(release) + "` is not a version");
    }
    if (specifier.wildcard_ && (trim_white_space(release) != release || parsed->is_prerelease() ||
                                parsed->is_postrelease() || parsed->has_local())) {
        return invalid(text, "`.*` can only follow the release numbers");
    }
    if (!is_equality && parsed->has_local()) {
        return invalid(text, "only == and != take a local version");
    }
    if (op == Operator::compatible && parsed->release_size() < 2) {
        return invalid(text, "~= needs at least two release numbers, such as ~=" +
                                 std::to_string(parsed->major()) + ".0");
    }
    specifier.canonical_ = found->text;
    if (specifier.wildcard_) {
        specifier.canonical_ += parsed->to_string();
        specifier.canonical_ += wildcard_suffix;
    } else {
        // ~=1.0 and ~=1.0.0 accept different versions; for the others zeros mean nothing.
        specifier.canonical_ +=
            op == Operator::compatible ? parsed->to_string() : without_trailing_zeros(*parsed);
    }
    specifier.version_ = *std::move(parsed);
    return specifier;
}

bool Specifier::is_pin() const noexcept {
    return op_ == Operator::arbitrary || (op_ == Operator::equal && !wildcard_);
}

bool Specifier::contains(const Version& version) const {
    switch (op_) {
        case Operator::compatible:
            return version >= *version_ &&
                   has_release_prefix(version, *version_, version_->release_size() - 1);
        case Operator::equal:
            return wildcard_ ? has_release_prefix(version, *version_, version_->release_size())
                             : equals(version, *version_);
        case Operator::not_equal:
            return wildcard_ ? !has_release_prefix(version, *version_, version_->release_size())
                             : !equals(version, *version_);
        case Operator::less_equal:
            return version <= *version_ || equals(version, *version_);
        case Operator::greater_equal:
            return version >= *version_;
        case Operator::less:
            return is_less(version, *version_);
        case Operator::greater:
            return is_greater(version, *version_);
        case Operator::arbitrary:
            return text::equals_ignoring_case(version.to_string(), text_);
    }
    return false;
}

bool Specifier::contains(std::string_view text) const {
    if (op_ == Operator::arbitrary) {
        return text::equals_ignoring_case(text, text_);
    }
    const auto version = Version::parse(text);
    return version && contains(*version);
}

bool Specifier::names_prerelease() const noexcept {
    return op_ != Operator::not_equal && version_ && version_->is_prerelease();
}

std::string Specifier::to_string() const {
    return std::string(packaging::to_string(op_)) + text_;
}

}  // namespace envpack::packaging
