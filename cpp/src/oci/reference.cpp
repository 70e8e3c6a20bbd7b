#include "envpack/oci/reference.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

constexpr std::string_view default_registry = "docker.io";
constexpr std::string_view legacy_default_registry = "index.docker.io";
constexpr std::string_view official_prefix = "library/";
constexpr std::size_t max_name_length = 255;

bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_alnum(char c) {
    return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/// path-component := [a-z0-9]+ ((\.|_|__|-+) [a-z0-9]+)*
bool is_path_component(std::string_view text) {
    if (text.empty() || !is_lower_alnum(text.front()) || !is_lower_alnum(text.back())) {
        return false;
    }
    for (std::size_t i = 0; i < text.size();) {
        if (is_lower_alnum(text[i])) {
            ++i;
            continue;
        }
        std::size_t end = i;
        while (end < text.size() && text[end] == text[i]) {
            ++end;
        }
        const std::size_t length = end - i;
        const bool ok =
            text[i] == '-' || (text[i] == '_' && length <= 2) || (text[i] == '.' && length == 1);
        if (!ok || !is_lower_alnum(text[end])) {
            return false;
        }
        i = end;
    }
    return true;
}

bool is_port(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= 65535;
}

bool is_domain_name(std::string_view text) {
    const std::vector<std::string_view> labels = text::split(text, '.');
    return std::ranges::all_of(labels, [](std::string_view label) {
        return !label.empty() && is_alnum(label.front()) && is_alnum(label.back()) &&
               std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
    });
}

bool is_bracketed_ipv6(std::string_view text) {
    return text.size() > 4 && text.front() == '[' && text.back() == ']' &&
           std::ranges::count(text, ':') >= 2 &&
           std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) {
               return c == ':' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
                      (c >= 'A' && c <= 'F');
           });
}

bool is_registry(std::string_view text) {
    const std::size_t bracket = text.find(']');
    const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view host = text.substr(0, colon);
    if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) {
        return false;
    }
    return host.starts_with('[') ? is_bracketed_ipv6(host) : is_domain_name(host);
}

/// Docker's rule for telling a registry from the first part of a repository.
bool names_registry(std::string_view first) {
    return first == "localhost" || first.find_first_of(".:[") != std::string_view::npos ||
           std::ranges::any_of(first, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_image_id(std::string_view text) {
    return text.size() == 64 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

/// An error about `part`, which lies inside `text`.
Error refused(std::string_view text, std::string_view part, std::string message) {
    Error error = Error(ErrorCode::parse_error, std::move(message)).with_rule("oci.reference");
    if (text.size() > max_name_length * 2) {
        return error;
    }
    return std::move(error).with_span(std::string(text),
                                      static_cast<std::size_t>(part.data() - text.data()),
                                      std::max<std::size_t>(part.size(), 1));
}

}  // namespace

Result<Reference> Reference::parse(std::string_view text) {
    Reference result;
    std::string_view name = text;
    if (const std::size_t at = name.find('@'); at != std::string_view::npos) {
        const std::string_view part = name.substr(at + 1);
        Result<Digest> digest = Digest::parse(part);
        if (!digest) {
            return fail(refused(
                text, part, fmt::format("`{}` is no sha256 digest", text::printable(part, 80))));
        }
        result.digest_ = *digest;
        name = name.substr(0, at);
    }
    const std::size_t slash = name.rfind('/');
    const std::size_t colon = name.rfind(':');
    if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
        const std::string_view part = name.substr(colon + 1);
        if (!is_tag(part)) {
            return fail(
                refused(text, part, fmt::format("`{}` is no tag", text::printable(part, 130))));
        }
        result.tag_ = std::string(part);
        name = name.substr(0, colon);
    }

    std::string_view registry;
    std::string_view repository = name;
    if (const std::size_t first = name.find('/');
        first != std::string_view::npos && names_registry(name.substr(0, first))) {
        registry = name.substr(0, first);
        repository = name.substr(first + 1);
        if (!is_registry(registry)) {
            return fail(
                refused(text, registry,
                        fmt::format("`{}` is no registry host", text::printable(registry, 80))));
        }
    } else if (is_image_id(name)) {
        return fail(refused(text, name, fmt::format("`{}` is an image id, not a name", name)));
    }
    for (const std::string_view part : text::split(repository, '/')) {
        if (!is_path_component(part)) {
            return fail(
                refused(
                    text, part,
                    fmt::format("`{}` is no part of a repository name", text::printable(part, 80)))
                    .with_hint("repository names are lower-case letters, digits, and single "
                               "`.`, `_`, `__` or `-` between them"));
        }
    }
    const bool is_default =
        registry.empty() || registry == default_registry || registry == legacy_default_registry;
    result.registry_ = is_default ? default_registry : registry;
    if (is_default && repository.find('/') == std::string_view::npos) {
        result.repository_ = official_prefix;
    }
    result.repository_ += repository;
    if (result.registry_.size() + 1 + result.repository_.size() > max_name_length) {
        return fail(refused(text, name,
                            fmt::format("the name is longer than {} characters", max_name_length)));
    }
    return result;
}

std::variant<std::string, Digest> Reference::identifier() const {
    if (digest_) {
        return *digest_;
    }
    return tag_.value_or("latest");
}

std::string Reference::to_string() const {
    return fmt::format("{}/{}{}{}", registry_, repository_, tag_ ? ":" + *tag_ : "",
                       digest_ ? "@" + digest_->to_string() : "");
}

std::string Reference::to_full_string() const {
    return to_string() + (tag_ || digest_ ? "" : ":latest");
}

bool is_tag(std::string_view text) noexcept {
    const auto word = [](char c) { return is_alnum(c) || c == '_'; };
    return !text.empty() && text.size() <= 128 && word(text.front()) &&
           std::ranges::all_of(text, [&](char c) { return word(c) || c == '.' || c == '-'; });
}

}  // namespace envpack::oci
