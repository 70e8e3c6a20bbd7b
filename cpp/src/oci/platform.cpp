#include "envpack/oci/platform.hpp"

#include "document.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

bool is_word(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    });
}

/// The variant that an absent one stands for (containerd platforms, normalizeArch).
std::string_view effective_variant(const Platform& platform) {
    if (platform.variant.empty()) {
        return platform.architecture == "arm64" ? "v8" : platform.architecture == "arm" ? "v7" : "";
    }
    if (platform.architecture == "amd64" && platform.variant == "v1") {
        return "";
    }
    return platform.variant;
}

}  // namespace

Result<Platform> Platform::parse(std::string_view text) {
    const std::vector<std::string_view> parts = text::split(text, '/');
    if (parts.size() < 2 || parts.size() > 3 || !std::ranges::all_of(parts, is_word)) {
        return fail(
            Error(ErrorCode::parse_error, fmt::format("`{}` is no platform", text::printable(text)))
                .with_rule("oci.platform")
                .with_hint("write it as `linux/amd64` or `linux/arm64`"));
    }
    return Platform{.os = std::string(parts[0]),
                    .architecture = std::string(parts[1]),
                    .variant = std::string(parts.size() == 3 ? parts[2] : std::string_view())};
}

std::string Platform::to_string() const {
    return variant.empty() ? fmt::format("{}/{}", os, architecture)
                           : fmt::format("{}/{}/{}", os, architecture, variant);
}

Result<Platform> Platform::from_json(const json::Value& value) {
    if (value.as_object() == nullptr) {
        return fail(Error(ErrorCode::parse_error, "`platform` is no JSON object")
                        .with_rule("oci.platform"));
    }
    ENVPACK_TRY(const std::string* os, json::optional_string_at(value, "os"));
    ENVPACK_TRY(const std::string* architecture, json::optional_string_at(value, "architecture"));
    ENVPACK_TRY(const std::string* variant, json::optional_string_at(value, "variant"));
    ENVPACK_TRY(const std::string* os_version, json::optional_string_at(value, "os.version"));
    ENVPACK_TRY(auto os_features, string_list_at(value, "os.features"));
    const auto text = [](const std::string* of) { return of == nullptr ? std::string() : *of; };
    return Platform{.os = text(os),
                    .architecture = text(architecture),
                    .variant = text(variant),
                    .os_version = text(os_version),
                    .os_features = std::move(os_features).value_or(std::vector<std::string>())};
}

json::Value Platform::to_json() const {
    json::Value value = json::Object{};
    value.set("architecture", architecture);
    value.set("os", os);
    if (!os_version.empty()) {
        value.set("os.version", os_version);
    }
    if (!os_features.empty()) {
        value.set("os.features", oci::to_json(os_features));
    }
    if (!variant.empty()) {
        value.set("variant", variant);
    }
    return value;
}

bool satisfies(const Platform& offered, const Platform& wanted) noexcept {
    if (offered.os != wanted.os || offered.architecture != wanted.architecture) {
        return false;
    }
    const std::string_view has = effective_variant(offered);
    const std::string_view needs = effective_variant(wanted);
    // 32-bit ARM runs code for its older variants; elsewhere only the same one is sure to run.
    return has == needs || (wanted.architecture == "arm" && has < needs);
}

}  // namespace envpack::oci
