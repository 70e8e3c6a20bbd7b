#include "envpack/oci/descriptor.hpp"

#include "document.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, section 4, padded, canonical: no spare bits, nothing else between the digits.
std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);
    std::string result;
    result.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        const std::size_t digit = base64_digits.find(c);
        if (digit == std::string_view::npos) {
            return std::nullopt;
        }
        bits = (bits << 6) | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count >= 8) {
            count -= 8;
            result.push_back(static_cast<char>((bits >> count) & 0xffu));
        }
    }
    if ((bits & ((1u << count) - 1u)) != 0) {
        return std::nullopt;
    }
    return result;
}

std::string encode_base64(std::string_view data) {
    std::string result;
    result.reserve((data.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < data.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, data.size() - i);
        std::uint32_t bits = 0;
        for (std::size_t k = 0; k < 3; ++k) {
            bits = (bits << 8) | (k < count ? static_cast<unsigned char>(data[i + k]) : 0u);
        }
        for (std::size_t k = 0; k < 4; ++k) {
            result.push_back(k <= count ? base64_digits[(bits >> (18 - 6 * k)) & 63u] : '=');
        }
    }
    return result;
}

/// RFC 6838, section 4.2: type/subtype, as the schema of image-spec has it.
bool is_media_type(std::string_view text) {
    const auto is_name = [](std::string_view name) {
        const auto alnum = [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        };
        return !name.empty() && name.size() <= 127 && alnum(name.front()) &&
               std::ranges::all_of(name, [&](char c) {
                   return alnum(c) ||
                          std::string_view("!#$&^_.+-").find(c) != std::string_view::npos;
               });
    };
    const std::size_t slash = text.find('/');
    return slash != std::string_view::npos && is_name(text.substr(0, slash)) &&
           is_name(text.substr(slash + 1));
}

Result<std::string> embedded_data(const std::string& encoded, const Descriptor& descriptor) {
    std::optional<std::string> data = decode_base64(encoded);
    if (!data) {
        return refuse("oci.descriptor", "`data` of a descriptor is no base64");
    }
    if (data->size() != descriptor.size || Digest::of(as_bytes(*data)) != descriptor.digest) {
        return fail(Error(ErrorCode::digest_mismatch,
                          fmt::format("`data` of the descriptor of {} is other content",
                                      descriptor.digest.to_string()))
                        .with_rule("oci.descriptor-data"));
    }
    return *std::move(data);
}

}  // namespace

Result<Descriptor> Descriptor::from_json(const json::Value& value) {
    if (value.as_object() == nullptr) {
        return refuse("oci.descriptor", "a descriptor is no JSON object");
    }
    Descriptor result;
    const auto ruled = [](auto looked_up) {
        return std::move(looked_up).map_error(
            [](Error&& error) { return std::move(error).with_rule("oci.descriptor"); });
    };
    ENVPACK_TRY(const std::string_view type, ruled(json::string_at(value, "mediaType")));
    if (!is_media_type(type)) {
        return refuse("oci.descriptor",
                      fmt::format("`{}` is no media type", text::printable(type)));
    }
    result.media_type = type;
    ENVPACK_TRY(const std::string_view digest, ruled(json::string_at(value, "digest")));
    ENVPACK_TRY(result.digest, parse_digest(digest));
    ENVPACK_TRY(const std::int64_t size, ruled(json::integer_at(value, "size")));
    if (size < 0) {
        return refuse("oci.descriptor", fmt::format("size {} of {} is negative", size, digest));
    }
    result.size = static_cast<std::uint64_t>(size);
    ENVPACK_TRY(const std::string* artifact,
                ruled(json::optional_string_at(value, "artifactType")));
    result.artifact_type = artifact == nullptr ? std::string() : *artifact;
    ENVPACK_TRY(auto urls, ruled(string_list_at(value, "urls")));
    result.urls = std::move(urls).value_or(std::vector<std::string>());
    ENVPACK_TRY(const std::string* data, ruled(json::optional_string_at(value, "data")));
    if (data != nullptr && !data->empty()) {
        ENVPACK_TRY(result.data, embedded_data(*data, result));
    }
    ENVPACK_TRY(result.annotations, ruled(string_map_at(value, "annotations")));
    if (const json::Value* platform = value.find("platform");
        platform != nullptr && !platform->is_null()) {
        ENVPACK_TRY(result.platform, Platform::from_json(*platform));
    }
    return result;
}

json::Value Descriptor::to_json() const {
    json::Value value = json::Object{};
    value.set("mediaType", media_type);
    value.set("digest", digest.to_string());
    value.set("size", size);
    if (!artifact_type.empty()) {
        value.set("artifactType", artifact_type);
    }
    if (!urls.empty()) {
        value.set("urls", oci::to_json(urls));
    }
    if (!data.empty()) {
        value.set("data", encode_base64(data));
    }
    if (!annotations.empty()) {
        value.set("annotations", oci::to_json(annotations));
    }
    if (platform) {
        value.set("platform", platform->to_json());
    }
    return value;
}

Descriptor describe(std::string_view media_type, std::string_view content) {
    return Descriptor{.media_type = std::string(media_type),
                      .digest = Digest::of(as_bytes(content)),
                      .size = content.size()};
}

}  // namespace envpack::oci
