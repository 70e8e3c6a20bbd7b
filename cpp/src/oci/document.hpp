#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/oci/descriptor.hpp"
#include "envpack/oci/media_type.hpp"

#include <string>
#include <string_view>

namespace envpack::oci {

/// A document of image-spec: one JSON object. `what` names it in errors ("image manifest").
Result<json::Value> parse_document(std::string_view raw, std::string_view what);

/// schemaVersion must be 2: 1 is unsupported (rule `oci.schema1`), others a parse_error.
Result<void> check_schema_version(const json::Value& document, std::string_view what);

/// The media type that both the body and whoever pointed at it agree on, of kind `expected`;
/// otherwise a parse_error with rule `oci.media-type`.
Result<std::string> agreed_media_type(const json::Value& document, std::string_view promised,
                                      MediaKind expected, std::string_view what);

/// Refuses a document that has one of `keys`: it could be read as another kind of document
/// (CVE-2021-41190). Rule `oci.ambiguous-document`.
Result<void> refuse_keys(const json::Value& document, std::initializer_list<std::string_view> keys,
                         std::string_view what);

/// An object of strings; empty when absent or null.
Result<Annotations> string_map_at(const json::Value& object, std::string_view key);
json::Value to_json(const Annotations& annotations);

/// An array of strings; nullopt when absent or null.
Result<std::optional<std::vector<std::string>>> string_list_at(const json::Value& object,
                                                               std::string_view key);
json::Value to_json(const std::vector<std::string>& texts);

/// The array of descriptors at `key`; empty when null.
Result<std::vector<Descriptor>> descriptors_at(const json::Value& object, std::string_view key);

/// Takes a member out; nothing happens when there is none.
void erase_member(json::Value& object, std::string_view key);

/// `digest` of another algorithm is unsupported (rule `oci.digest-algorithm`), anything malformed
/// a parse_error (rule `oci.descriptor`).
Result<Digest> parse_digest(std::string_view text);

}  // namespace envpack::oci
