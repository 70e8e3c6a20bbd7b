#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace envpack::oci {

/// `registry/repository[:tag][@digest]`, the name of an image in a registry. Docker's shorthand is
/// read (`ubuntu` is `docker.io/library/ubuntu`) and never written: to_string() is always fully
/// qualified, except that a missing tag stays missing. Source: the grammar of
/// github.com/distribution/reference; distribution-spec, "Pulling manifests".
/// Value; not synchronised.
class Reference {
public:
    /// parse_error (rule `oci.reference`) with a span at the offending part.
    static Result<Reference> parse(std::string_view text);

    const std::string& registry() const noexcept { return registry_; }  ///< host[:port]
    const std::string& repository() const noexcept { return repository_; }
    const std::optional<std::string>& tag() const noexcept { return tag_; }
    const std::optional<Digest>& digest() const noexcept { return digest_; }
    /// What to ask the registry for: the digest when there is one, else the tag, else "latest".
    std::variant<std::string, Digest> identifier() const;
    std::string to_string() const;  ///< parse(to_string()) gives an equal reference
    /// to_string(), with Docker's `:latest` where there is neither tag nor digest.
    std::string to_full_string() const;

    friend auto operator<=>(const Reference&, const Reference&) = default;

private:
    Reference() = default;
    std::string registry_;
    std::string repository_;
    std::optional<std::string> tag_;
    std::optional<Digest> digest_;
};

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`: a tag in a registry (distribution-spec).
bool is_tag(std::string_view text) noexcept;

}  // namespace envpack::oci
