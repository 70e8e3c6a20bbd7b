#include "git_config.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/direct_url.hpp"

#include <algorithm>
#include <array>

namespace envpack::env {
namespace {

constexpr std::array<std::string_view, 4> shared_schemes = {"https", "http", "ssh", "git"};

bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// RFC 3986: the characters of a URL without a fragment.
bool is_url_text(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) {
        return is_word(c) ||
               std::string_view("-.~:/?@!&'()*+,;=%[]").find(c) != std::string_view::npos;
    });
}

/// `"name"]` of a section header, and what is left of the line behind it.
std::string quoted_name(std::string_view& line) {
    std::string name;
    bool quoted = false;
    std::size_t i = 0;
    for (; i < line.size() && (quoted || line[i] != ']'); ++i) {
        if (line[i] == '"') {
            quoted = !quoted;
        } else if (quoted) {
            i += line[i] == '\\' && i + 1 < line.size() ? 1 : 0;
            name += line[i];
        }
    }
    line.remove_prefix(std::min(i + 1, line.size()));
    return name;
}

/// A value without quotes, escapes and comments.
std::string plain_value(std::string_view text) {
    std::string value;
    std::size_t kept = 0;  // white space at the end counts only inside quotes
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '"') {
            quoted = !quoted;
            kept = value.size();
        } else if (!quoted && (text[i] == '#' || text[i] == ';')) {
            break;
        } else {
            i += text[i] == '\\' && i + 1 < text.size() ? 1 : 0;
            value += text[i];
            kept = quoted || (text[i] != ' ' && text[i] != '\t') ? value.size() : kept;
        }
    }
    value.resize(kept);
    return value;
}

}  // namespace

std::optional<std::string> git_remote_url(std::string_view config) {
    std::optional<std::string> first;
    std::string section;
    std::string remote;
    for (std::string_view line : text::lines(config)) {
        line = text::trim(line);
        if (line.starts_with('[')) {
            const std::size_t end = std::min(line.find_first_of(" \t]"), line.size());
            section = text::to_lower(line.substr(1, end - 1));
            line.remove_prefix(end);
            remote = quoted_name(line);
            line = text::trim(line);
        }
        const std::size_t equals = line.find('=');
        if (section != "remote" || equals == std::string_view::npos ||
            !text::equals_ignoring_case(text::trim(line.substr(0, equals)), "url")) {
            continue;
        }
        std::string url = plain_value(text::trim(line.substr(equals + 1)));
        if (remote == "origin") {
            return url;
        }
        if (!first) {
            first = std::move(url);
        }
    }
    return first;
}

std::optional<std::string> shared_git_url(std::string_view remote) {
    std::string url(remote);
    if (const std::size_t scheme = remote.find("://"); scheme != std::string_view::npos) {
        if (std::find(shared_schemes.begin(), shared_schemes.end(), remote.substr(0, scheme)) ==
            shared_schemes.end()) {
            return std::nullopt;
        }
    } else {
        // [user@]host:path, as scp and git write it; anything else is a path of the machine.
        const std::size_t colon = remote.find(':');
        if (colon == std::string_view::npos || colon == 0 || remote.find('/') < colon ||
            colon + 1 == remote.size() || !is_word(remote[colon + 1]) ||
            remote.find(':', colon + 1) != std::string_view::npos) {
            return std::nullopt;
        }
        url = "ssh://" + std::string(remote.substr(0, colon)) + '/' +
              std::string(remote.substr(colon + 1));
    }
    // PEP 610 says which parts of a URL are secrets, and its writer leaves them out.
    const auto shown = packaging::DirectUrl::parse(packaging::DirectUrl{
        .url = std::move(url),
        .info = packaging::DirectUrl::Directory{}}.to_json());
    if (!shown || !is_url_text(shown->url)) {
        return std::nullopt;
    }
    return shown->url;
}

}  // namespace envpack::env
