#include "envpack/packaging/wheel_metadata.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/core_metadata.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace envpack::packaging {
namespace {

constexpr unsigned newest_major = 1;

std::optional<unsigned> number(std::string_view text) {
    unsigned value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, value);
    return failure == std::errc{} && rest == end ? std::optional(value) : std::nullopt;
}

Result<void> read_version(const MetadataHeaders& headers, WheelMetadata& wheel) {
    const std::string* text = find_header(headers, "Wheel-Version");
    const std::string_view version = text == nullptr ? std::string_view() : *text;
    const std::size_t dot = version.find('.');
    const auto major = number(version.substr(0, dot));
    const auto minor = number(dot == std::string_view::npos ? "0" : version.substr(dot + 1));
    if (!major || !minor) {
        return fail(Error(ErrorCode::parse_error,
                          text == nullptr ? "WHEEL has no field `Wheel-Version`"
                                          : "the Wheel-Version `" + text::printable(version) +
                                                "` is not `major.minor`")
                        .with_rule("wheel.version"));
    }
    // PEP 427, "Installing a wheel", step 1: a newer major version fails, a newer minor one warns.
    if (*major > newest_major) {
        return fail(Error(ErrorCode::unsupported, "the wheel has the format version " +
                                                      text::printable(version) +
                                                      ", and only version 1 is known")
                        .with_rule("wheel.version"));
    }
    wheel.major = *major;
    wheel.minor = *minor;
    return {};
}

}  // namespace

Result<WheelMetadata> WheelMetadata::parse(std::string_view text, const Limits& limits) {
    ENVPACK_TRY(const MetadataHeaders headers, parse_metadata_headers(text, limits));
    WheelMetadata wheel;
    ENVPACK_CHECK(read_version(headers, wheel));
    for (const auto& [name, value] : headers) {
        if (text::equals_ignoring_case(name, "Tag")) {
            if (auto tags = parse_tag_set(value)) {
                wheel.tags.insert(wheel.tags.end(), tags->begin(), tags->end());
            }
        } else if (text::equals_ignoring_case(name, "Root-Is-Purelib")) {
            wheel.root_is_purelib = text::equals_ignoring_case(value, "true");
        } else if (text::equals_ignoring_case(name, "Generator")) {
            wheel.generator = value;
        } else if (text::equals_ignoring_case(name, "Build")) {
            wheel.build = value;
        }
    }
    std::sort(wheel.tags.begin(), wheel.tags.end());
    wheel.tags.erase(std::unique(wheel.tags.begin(), wheel.tags.end()), wheel.tags.end());
    return wheel;
}

std::string WheelMetadata::to_string() const {
    std::string text =
        "Wheel-Version: " + std::to_string(major) + "." + std::to_string(minor) + "\n";
    if (!generator.empty()) {
        text.append("Generator: ").append(generator).append("\n");
    }
    text.append("Root-Is-Purelib: ").append(root_is_purelib ? "true\n" : "false\n");
    for (const Tag& tag : tags) {
        text.append("Tag: ").append(tag.to_string()).append("\n");
    }
    if (!build.empty()) {
        text.append("Build: ").append(build).append("\n");
    }
    return text;
}

}  // namespace envpack::packaging
