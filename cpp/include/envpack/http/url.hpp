#pragma once

#include "envpack/base/result.hpp"

#include <compare>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace envpack::http {

/// Who answers: what decides whether credentials may be sent. Value; not synchronised.
struct Origin {
    std::string scheme;      ///< lower case
    std::string host;        ///< lower case; an IPv6 address in brackets; empty for file URLs
    std::uint16_t port = 0;  ///< the scheme's own port when none is written; 0 for file URLs
    std::string to_string() const;  ///< "https://host:443"
    friend auto operator<=>(const Origin&, const Origin&) = default;
};

/// An absolute http, https or file URL (RFC 3986), read by the library that connects to it, so
/// that what is checked is what is asked. Value; not synchronised.
class Url {
public:
    /// parse_error for anything but an absolute URL of a known scheme: other schemes (rule
    /// `url.scheme`), control characters (rule `url.control-character`), more than 16 KiB.
    /// Spaces and bytes beyond ASCII are percent-encoded.
    static Result<Url> parse(std::string_view text);
    /// `file:///…` for an absolute path; asserts that it is absolute.
    static Url from_path(const std::filesystem::path& path);

    /// RFC 3986 section 5.2: `reference` as a link on the page that this URL names. A reference
    /// with its own userinfo keeps it; nothing else inherits userinfo across origins.
    Result<Url> resolve(std::string_view reference) const;

    const std::string& scheme() const noexcept { return scheme_; }
    const std::string& host() const noexcept { return host_; }
    std::uint16_t port() const noexcept { return port_; }       ///< as Origin::port
    const std::string& path() const noexcept { return path_; }  ///< encoded; never empty
    const std::optional<std::string>& query() const noexcept { return query_; }
    const std::optional<std::string>& fragment() const noexcept { return fragment_; }
    /// Decoded; nullopt when the URL has none.
    const std::optional<std::string>& user() const noexcept { return user_; }
    const std::optional<std::string>& password() const noexcept { return password_; }

    Origin origin() const;
    bool is_file() const noexcept { return scheme_ == "file"; }
    /// The last segment of the path, percent-decoded once; empty when the path ends in `/`.
    /// parse_error (rule `url.file-name`) for a malformed escape, a `/`, `\`, `.` or `..`, control
    /// characters or text that is not UTF-8.
    Result<std::string> file_name() const;
    /// Of a file URL on this machine; invalid_argument for any other URL.
    Result<std::filesystem::path> file_path() const;

    Url without_userinfo() const;
    Url without_fragment() const;
    Url with_userinfo(std::optional<std::string> user, std::optional<std::string> password) const;
    /// Appended to the path as it is ("…/x.whl" and ".metadata"); asserts that it stays a path.
    Url with_path_suffix(std::string_view suffix) const;

    /// With userinfo and fragment: parse(to_string()) == *this.
    std::string to_string() const;
    /// What may be shown and stored: without userinfo.
    std::string shown() const { return without_userinfo().to_string(); }

    friend bool operator==(const Url&, const Url&) = default;

private:
    Url() = default;
    std::string scheme_;
    std::string host_;
    std::uint16_t port_ = 0;
    std::string path_ = "/";
    std::optional<std::string> query_;
    std::optional<std::string> fragment_;
    std::optional<std::string> user_;
    std::optional<std::string> password_;
};

}  // namespace envpack::http
