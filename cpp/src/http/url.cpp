#include "envpack/http/url.hpp"

#include "curl_library.hpp"
#include "envpack/base/assert.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <utility>

#include <fmt/format.h>

namespace envpack::http {

namespace {

constexpr std::size_t max_url = 16u << 10;

using Handle = std::unique_ptr<CURLU, decltype(&::curl_url_cleanup)>;

std::optional<std::string> part(const CurlLibrary& curl, const Handle& handle, CURLUPart what,
                                unsigned flags = 0) {
    char* text = nullptr;
    if (curl.url_get(handle.get(), what, &text, flags) != CURLUE_OK || text == nullptr) {
        return std::nullopt;
    }
    std::string copy(text);
    curl.free(text);
    return copy;
}

bool is_decimal(std::string_view text, unsigned max) noexcept {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value <= max &&
           (text.size() == 1 || text.front() != '0');
}

/// A host name of letters, digits and hyphens that begins with a letter, or an IPv4 address with
/// four plain numbers.
bool is_plain_host(std::string_view host) {
    const auto labels = text::split(host, '.');
    if (host.empty() || host.size() > 253) {
        return false;
    }
    if (host.front() >= '0' && host.front() <= '9') {
        return labels.size() == 4 && std::all_of(labels.begin(), labels.end(), [](const auto& it) {
                   return is_decimal(it, 255);
               });
    }
    return host.front() != '-' &&
           std::all_of(labels.begin(), labels.end(), [](const std::string_view label) {
               return !label.empty() && std::all_of(label.begin(), label.end(), [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
               });
           });
}

/// "host" or "host:port" where no two readers can differ. Most are: reading them here saves
/// loading libcurl for those who need no network, and much time on pages with thousands of links.
struct PlainAuthority {
    std::string_view host;
    std::uint16_t port = 0;  ///< 0: none is written
};
std::optional<PlainAuthority> plain_authority(std::string_view text) {
    PlainAuthority plain;
    const auto colon = text.find(':');
    plain.host = text.substr(0, colon);
    if (colon != std::string_view::npos) {
        const std::string_view digits = text.substr(colon + 1);
        if (!is_decimal(digits, 65535) || digits == "0") {
            return std::nullopt;
        }
        std::from_chars(digits.data(), digits.data() + digits.size(), plain.port);
    }
    return is_plain_host(plain.host) ? std::optional(plain) : std::nullopt;
}

std::uint16_t default_port(std::string_view scheme) noexcept {
    return scheme == "https" ? 443 : scheme == "http" ? 80 : 0;
}

/// The scheme in front of `:`; empty when the text has none (RFC 3986 section 3.1).
std::string scheme_of(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) {
        return {};
    }
    std::string scheme = text::to_lower(text.substr(0, colon));
    for (std::size_t i = 0; i < scheme.size(); ++i) {
        const char c = scheme[i];
        const bool letter = c >= 'a' && c <= 'z';
        const bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !other)) {
            return {};
        }
    }
    return scheme;
}

bool is_known_scheme(std::string_view scheme) noexcept {
    return scheme == "https" || scheme == "http" || scheme == "file";
}

tl::unexpected<Error> bad_url(std::string_view text, std::string_view why, const char* rule) {
    return fail(
        Error(ErrorCode::parse_error, fmt::format("`{}` is not a usable URL: {}",
                                                  text::printable(text::redact_url(text)), why))
            .with_rule(rule));
}

Result<void> check_text(std::string_view text) {
    if (text.size() > max_url) {
        return fail(Error(ErrorCode::limit_exceeded,
                          fmt::format("a URL of {} bytes is longer than {}", text.size(), max_url))
                        .with_rule("url.length"));
    }
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            return bad_url(text, "it has control characters", "url.control-character");
        }
    }
    return {};
}

/// Escapes what a URL may not hold as it is, and keeps every escape that is there.
std::string encode_illegal(std::string_view text) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool illegal = byte <= 0x20 || byte >= 0x7f ||
                             std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos;
        if (illegal) {
            out += '%';
            out += digits[byte >> 4U];
            out += digits[byte & 0xfU];
        } else {
            out += c;
        }
    }
    return out;
}

/// RFC 3986 section 5.2.4.
std::string remove_dot_segments(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        if (path.starts_with("/./")) {
            path.remove_prefix(2);
        } else if (path == "/.") {
            path = "/";
        } else if (path.starts_with("/../") || path == "/..") {
            path = path.size() > 3 ? path.substr(3) : std::string_view("/");
            out.resize(out.find_last_of('/') == std::string::npos ? 0 : out.find_last_of('/'));
        } else {
            const auto end = path.find('/', 1);
            out += path.substr(0, end);
            path = end == std::string_view::npos ? std::string_view() : path.substr(end);
        }
    }
    return out.empty() ? "/" : out;
}

/// A reference's parts behind scheme and authority: path, ?query, #fragment.
struct Tail {
    std::string_view path;
    std::optional<std::string> query;
    std::optional<std::string> fragment;
};

Tail split_tail(std::string_view text) {
    Tail tail;
    if (const auto hash = text.find('#'); hash != std::string_view::npos) {
        tail.fragment = std::string(text.substr(hash + 1));
        text = text.substr(0, hash);
    }
    if (const auto mark = text.find('?'); mark != std::string_view::npos) {
        tail.query = std::string(text.substr(mark + 1));
        text = text.substr(0, mark);
    }
    tail.path = text;
    return tail;
}

}  // namespace

std::string Origin::to_string() const {
    return fmt::format("{}://{}:{}", scheme, host, port);
}

Result<Url> Url::parse(std::string_view raw) {
    ENVPACK_CHECK(check_text(raw));
    const std::string scheme = scheme_of(raw);
    if (!is_known_scheme(scheme)) {
        return bad_url(raw, "only https, http and file are known", "url.scheme");
    }
    // Without `//` curl guesses a host; RFC 3986 says it is none.
    if (!raw.substr(scheme.size() + 1).starts_with("//")) {
        return bad_url(raw, "`//` is missing after the scheme", "url.syntax");
    }
    const std::string text = encode_illegal(raw);
    Url url;
    url.scheme_ = scheme;
    // Everything behind the authority is taken from the text itself: curl's getters cannot tell
    // an empty query from none.
    const auto authority_end = text.find_first_of("/?#", scheme.size() + 3);
    const Tail tail = split_tail(authority_end == std::string::npos
                                     ? std::string_view()
                                     : std::string_view(text).substr(authority_end));
    url.path_ = remove_dot_segments(tail.path);
    url.query_ = tail.query;
    url.fragment_ = tail.fragment;
    const auto authority =
        std::string_view(text).substr(scheme.size() + 3, authority_end - scheme.size() - 3);
    if (scheme == "file" && authority.empty() && tail.path.starts_with('/')) {
        return url;
    }
    if (const auto plain = scheme == "file" ? std::nullopt : plain_authority(authority)) {
        url.host_ = plain->host;
        url.port_ = plain->port == 0 ? default_port(scheme) : plain->port;
        return url;
    }
    ENVPACK_TRY(const CurlLibrary* curl, curl_library());
    const Handle handle(curl->url(), curl->url_cleanup);
    if (!handle) {
        std::abort();  // out of memory
    }
    if (const CURLUcode code = curl->url_set(handle.get(), CURLUPART_URL, text.c_str(), 0);
        code != CURLUE_OK) {
        return bad_url(raw, text::to_lower(curl->url_strerror(code)), "url.syntax");
    }
    if (scheme == "file") {
        if (!authority.empty() && !text::equals_ignoring_case(authority, "localhost")) {
            return bad_url(raw, "a file URL names a file of this machine only", "url.syntax");
        }
        return url;
    }
    url.host_ = text::to_lower(part(*curl, handle, CURLUPART_HOST).value_or(""));
    if (url.host_.empty()) {
        return bad_url(raw, "it has no host", "url.syntax");
    }
    url.port_ = default_port(scheme);
    if (const auto port = part(*curl, handle, CURLUPART_PORT)) {
        std::from_chars(port->data(), port->data() + port->size(), url.port_);
        if (url.port_ == 0) {
            return bad_url(raw, "port 0 cannot be asked", "url.syntax");
        }
    }
    url.user_ = part(*curl, handle, CURLUPART_USER, CURLU_URLDECODE);
    url.password_ = part(*curl, handle, CURLUPART_PASSWORD, CURLU_URLDECODE);
    return url;
}

Url Url::from_path(const std::filesystem::path& path) {
    ENVPACK_ASSERT(path.is_absolute());
    Url url;
    url.scheme_ = "file";
    url.path_ = text::percent_encode(path.lexically_normal().string(), "/+@=:,!$&'()*;");
    return url;
}

Result<Url> Url::resolve(std::string_view reference) const {
    ENVPACK_CHECK(check_text(reference));
    // RFC 3986 section 5.2.2, in its order.
    if (!scheme_of(reference).empty()) {
        return parse(reference);
    }
    if (reference.starts_with("//")) {
        return parse(scheme_ + ":" + std::string(reference));
    }
    const std::string encoded = encode_illegal(reference);
    Tail tail = split_tail(encoded);
    Url url = *this;
    url.fragment_ = std::move(tail.fragment);
    if (tail.path.empty()) {
        if (tail.query) {
            url.query_ = std::move(tail.query);
        }
        return url;
    }
    url.query_ = std::move(tail.query);
    if (tail.path.starts_with('/')) {
        url.path_ = remove_dot_segments(tail.path);
    } else {
        const std::string folder = path_.substr(0, path_.find_last_of('/') + 1);
        url.path_ = remove_dot_segments(folder + std::string(tail.path));
    }
    return url;
}

Origin Url::origin() const {
    return {scheme_, host_, port_};
}

Result<std::string> Url::file_name() const {
    const std::string_view last = std::string_view(path_).substr(path_.find_last_of('/') + 1);
    const auto refuse = [&](std::string_view why) {
        return bad_url(to_string(), why, "url.file-name");
    };
    // Once and only once: what still looks like an escape afterwards is part of the name.
    const auto name = text::percent_decode(last);
    if (!name) {
        return refuse("its file name has a malformed escape");
    }
    if (*name == "." || *name == ".." || name->find_first_of("/\\") != std::string::npos) {
        return refuse("its file name leads elsewhere");
    }
    for (const char c : *name) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            return refuse("its file name has control characters");
        }
    }
    if (!text::is_utf8(*name)) {
        return refuse("its file name is not UTF-8");
    }
    return *name;
}

Result<std::filesystem::path> Url::file_path() const {
    if (!is_file()) {
        return fail(ErrorCode::invalid_argument, fmt::format("`{}` is not a file URL", shown()));
    }
    const auto decoded = text::percent_decode(path_);
    if (!decoded || decoded->find('\0') != std::string::npos) {
        return bad_url(to_string(), "its path has a malformed escape", "url.syntax");
    }
    return std::filesystem::path(*decoded);
}

Url Url::without_userinfo() const {
    return with_userinfo(std::nullopt, std::nullopt);
}

Url Url::without_fragment() const {
    Url url = *this;
    url.fragment_.reset();
    return url;
}

Url Url::with_userinfo(std::optional<std::string> user, std::optional<std::string> password) const {
    Url url = *this;
    url.user_ = std::move(user);
    url.password_ = std::move(password);
    return url;
}

Url Url::with_path_suffix(std::string_view suffix) const {
    ENVPACK_ASSERT(suffix.find_first_of("?#% ") == std::string_view::npos);
    Url url = *this;
    url.path_ += suffix;
    return url;
}

std::string Url::to_string() const {
    std::string out = scheme_ + "://";
    if (user_ || password_) {
        out += text::percent_encode(user_.value_or(""));
        if (password_) {
            out += ':';
            out += text::percent_encode(*password_);
        }
        out += '@';
    }
    out += host_;
    if (port_ != default_port(scheme_)) {
        out += ':';
        out += std::to_string(port_);
    }
    out += path_;
    if (query_) {
        out += '?';
        out += *query_;
    }
    if (fragment_) {
        out += '#';
        out += *fragment_;
    }
    return out;
}

}  // namespace envpack::http
