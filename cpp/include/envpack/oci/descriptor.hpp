#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/oci/platform.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace envpack::oci {

using Annotations = std::map<std::string, std::string, std::less<>>;

/// A pointer to content: what it is, its sha256, its size. Source: image-spec, descriptor.md.
/// Value; not synchronised.
struct Descriptor {
    std::string media_type;
    Digest digest = {};
    std::uint64_t size = 0;
    std::string artifact_type = {};
    std::vector<std::string> urls = {};  ///< kept, never followed
    std::string data = {};               ///< the content itself, decoded from base64; empty if none
    Annotations annotations = {};
    std::optional<Platform> platform = std::nullopt;

    /// Strict: the digest and size are checked before anybody can use them as a path, a URL or an
    /// allocation. parse_error with rule `oci.descriptor`; unsupported with rule
    /// `oci.digest-algorithm` for other algorithms than sha256; digest_mismatch with rule
    /// `oci.descriptor-data` when `data` is not the content that digest and size describe.
    static Result<Descriptor> from_json(const json::Value& value);
    json::Value to_json() const;

    friend bool operator==(const Descriptor&, const Descriptor&) = default;
};

/// The descriptor of `content`.
Descriptor describe(std::string_view media_type, std::string_view content);

}  // namespace envpack::oci
