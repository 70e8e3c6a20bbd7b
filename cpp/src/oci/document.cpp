#include "document.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

/// `sha512:…` and the like: `[a-z0-9]+` with separators, then the encoded part.
bool looks_like_other_algorithm(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == 0 || colon == std::string_view::npos || text.substr(0, colon) == "sha256") {
        return false;
    }
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '.' ||
               c == '_' || c == '-';
    };
    const auto encoded = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '=' || c == '_' || c == '-';
    };
    const std::string_view algorithm = text.substr(0, colon);
    const std::string_view rest = text.substr(colon + 1);
    return std::ranges::all_of(algorithm, plain) && rest.size() >= 32 &&
           std::ranges::all_of(rest, encoded);
}

}  // namespace

Result<json::Value> parse_document(std::string_view raw, std::string_view what) {
    Result<json::Value> document = json::parse(raw);
    if (!document) {
        return with_context(std::move(document), fmt::format("while reading an {}", what));
    }
    if (document->as_object() == nullptr) {
        return refuse("oci.document", fmt::format("the {} is no JSON object", what));
    }
    return document;
}

Result<void> check_schema_version(const json::Value& document, std::string_view what) {
    const json::Value* version = document.find("schemaVersion");
    const std::int64_t* number = version == nullptr ? nullptr : version->as_integer();
    if (number == nullptr) {
        return refuse("oci.schema-version",
                      fmt::format("the {} has no number `schemaVersion`", what));
    }
    if (*number == 1) {
        return fail(
            Error(ErrorCode::unsupported, fmt::format("the {} is of Docker's old schema 1", what))
                .with_rule("oci.schema1")
                .with_hint("copy the image with `skopeo copy --format oci` first"));
    }
    if (*number != 2) {
        return refuse("oci.schema-version",
                      fmt::format("the {} has schemaVersion {} instead of 2", what, *number));
    }
    return {};
}

Result<std::string> agreed_media_type(const json::Value& document, std::string_view promised,
                                      MediaKind expected, std::string_view what) {
    ENVPACK_TRY(const std::string* declared, json::optional_string_at(document, "mediaType"));
    const bool names_itself = declared != nullptr && !declared->empty();
    if (names_itself && !promised.empty() && *declared != promised) {
        return refuse("oci.media-type",
                      fmt::format("the {} says that it is `{}`, but was announced as `{}`", what,
                                  text::printable(*declared), text::printable(promised)));
    }
    const std::string type(names_itself ? std::string_view(*declared) : promised);
    const MediaTypeInfo info = media_type_info(type);
    if (info.kind == MediaKind::schema1) {
        return fail(
            Error(ErrorCode::unsupported, fmt::format("the {} is of Docker's old schema 1", what))
                .with_rule("oci.schema1"));
    }
    if (info.kind != expected) {
        return refuse("oci.media-type",
                      type.empty() ? fmt::format("nothing says what media type the {} has", what)
                                   : fmt::format("`{}` is not the media type of an {}",
                                                 text::printable(type), what));
    }
    // image-spec makes the field optional in its own documents; schema 2 does not.
    if (info.family == Family::docker && !names_itself) {
        return refuse("oci.media-type",
                      fmt::format("the {} of Docker's family has no `mediaType`", what));
    }
    return type;
}

Result<void> refuse_keys(const json::Value& document, std::initializer_list<std::string_view> keys,
                         std::string_view what) {
    for (const std::string_view key : keys) {
        if (document.find(key) != nullptr) {
            return refuse(
                "oci.ambiguous-document",
                fmt::format("the {} has `{}` and could be read as something else", what, key));
        }
    }
    return {};
}

Result<Annotations> string_map_at(const json::Value& object, std::string_view key) {
    Annotations result;
    const json::Value* value = object.find(key);
    if (value == nullptr || value->is_null()) {
        return result;
    }
    ENVPACK_CHECK(json::object_at(object, key));
    for (const auto& [name, text] : *value->as_object()) {
        if (text.as_string() == nullptr) {
            return refuse("oci.document",
                          fmt::format("`{}` in `{}` is no string", text::printable(name), key));
        }
        result.emplace(name, *text.as_string());
    }
    return result;
}

json::Value to_json(const Annotations& annotations) {
    json::Object members;
    for (const auto& [name, text] : annotations) {
        members.emplace_back(name, text);
    }
    return json::Value(std::move(members));
}

Result<std::optional<std::vector<std::string>>> string_list_at(const json::Value& object,
                                                               std::string_view key) {
    const json::Value* value = object.find(key);
    if (value == nullptr || value->is_null()) {
        return std::nullopt;
    }
    ENVPACK_TRY(const json::Array* items, json::array_at(object, key));
    std::vector<std::string> result;
    result.reserve(items->size());
    for (const json::Value& item : *items) {
        if (item.as_string() == nullptr) {
            return refuse("oci.document", fmt::format("`{}` holds more than strings", key));
        }
        result.push_back(*item.as_string());
    }
    return result;
}

json::Value to_json(const std::vector<std::string>& texts) {
    json::Array items;
    for (const std::string& text : texts) {
        items.emplace_back(text);
    }
    return json::Value(std::move(items));
}

Result<std::vector<Descriptor>> descriptors_at(const json::Value& object, std::string_view key) {
    std::vector<Descriptor> result;
    const json::Value* value = object.find(key);
    if (value != nullptr && value->is_null()) {
        return result;  // Go writes an empty list so
    }
    ENVPACK_TRY(const json::Array* items, json::array_at(object, key));
    result.reserve(items->size());
    for (std::size_t i = 0; i < items->size(); ++i) {
        ENVPACK_TRY(Descriptor descriptor,
                    with_context(Descriptor::from_json((*items)[i]),
                                 fmt::format("while reading `{}[{}]`", key, i)));
        result.push_back(std::move(descriptor));
    }
    return result;
}

void erase_member(json::Value& object, std::string_view key) {
    if (json::Object* members = object.as_object()) {
        std::erase_if(*members, [&](const auto& member) { return member.first == key; });
    }
}

Result<Digest> parse_digest(std::string_view text) {
    if (looks_like_other_algorithm(text)) {
        return fail(Error(ErrorCode::unsupported,
                          fmt::format("digest `{}` is not sha256", text::printable(text)))
                        .with_rule("oci.digest-algorithm"));
    }
    Result<Digest> digest = Digest::parse(text);
    if (!digest) {
        return fail(std::move(digest).error().with_rule("oci.descriptor"));
    }
    return digest;
}

}  // namespace envpack::oci
