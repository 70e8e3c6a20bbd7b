#include "place.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/base/text.hpp"
#include "envpack/http/url.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

/// Hashes that pip checks and envpack does not.
constexpr std::array<std::string_view, 5> other_hashes = {"md5", "sha1", "sha224", "sha384",
                                                          "sha512"};

/// Hashes by algorithm, from wherever they were stated.
struct StatedHashes {
    std::set<Digest> sha256 = {};
    std::string other = {};  ///< the name of an algorithm
};

Result<void> read_hash(std::string_view algorithm, std::string_view hex, StatedHashes& hashes) {
    if (algorithm == "sha256") {
        ENVPACK_TRY(const Digest digest, Digest::parse_hex(hex));
        hashes.sha256.insert(digest);
    } else if (std::find(other_hashes.begin(), other_hashes.end(), algorithm) !=
               other_hashes.end()) {
        hashes.other = algorithm;
    }
    return {};
}

/// `#sha256=…&subdirectory=…` (pip documentation, "VCS Support"; PEP 610).
Result<void> read_fragment(std::string_view fragment, Place& place, StatedHashes& hashes) {
    for (const std::string_view piece : text::split(fragment, '&')) {
        const std::size_t equals = piece.find('=');
        const std::string_view key = piece.substr(0, equals);
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
        if (key == "subdirectory") {
            const std::optional<std::string> folder = text::percent_decode(value);
            ENVPACK_TRY(const SafePath path,
                        SafePath::normalize(folder.value_or(std::string(value))));
            place.subdirectory = path.str();
        } else {
            ENVPACK_CHECK(read_hash(key, value, hashes));
        }
    }
    return {};
}

/// The revision is behind the last @ of the path; an @ before it names a user.
void read_repository(std::string_view text, Place& place) {
    place.is_git = true;
    const std::size_t authority = text.find("://") + 3;
    const std::size_t path = text.find('/', authority);
    const std::size_t at = text.rfind('@');
    if (at != std::string_view::npos && path != std::string_view::npos && at > path) {
        place.revision = text.substr(at + 1);
        text = text.substr(0, at);
    }
    place.url = text;
}

Result<void> read_url(std::string_view text, Place& place) {
    const std::size_t scheme_end = text.find("://");
    const std::string scheme = text::to_lower(text.substr(0, scheme_end));
    if (scheme_end == std::string_view::npos && !scheme.starts_with("file:")) {
        ENVPACK_TRY(const fs::path absolute, absolute_path(fs::path(text)));
        place.url = http::Url::from_path(absolute).to_string();
        return {};
    }
    const std::size_t plus =
        scheme_end == std::string_view::npos ? std::string_view::npos : scheme.find('+');
    if (plus == std::string_view::npos) {
        ENVPACK_TRY(const http::Url url, http::Url::parse(text));
        place.url = url.to_string();
        return {};
    }
    if (scheme.substr(0, plus) != "git") {
        return fail(
            place_refused(ErrorCode::unsupported,
                          fmt::format("`{}` is no git repository; others are not supported",
                                      text::printable(text::redact_url(std::string(text))))));
    }
    read_repository(text.substr(plus + 1), place);
    return {};
}

}  // namespace

Error place_refused(ErrorCode code, std::string message) {
    return Error(code, std::move(message)).with_rule("resolve.direct");
}

bool Place::is_folder() const {
    const auto parsed = is_git ? fail(ErrorCode::invalid_argument, "") : http::Url::parse(url);
    if (!parsed || !parsed->is_file()) {
        return false;
    }
    const auto path = parsed->file_path();
    std::error_code ignored;
    return path && fs::is_directory(*path, ignored);
}

bool is_direct(const packaging::RequirementLine& line) {
    return !line.requirement || line.editable || !line.requirement->url.empty() ||
           !line.location.empty();
}

Result<Place> read_place(const packaging::RequirementLine& line) {
    std::string_view text = line.requirement && !line.requirement->url.empty()
                                ? std::string_view(line.requirement->url)
                                : std::string_view(line.location);
    Place place;
    StatedHashes hashes;
    const bool is_path =
        text.find("://") == std::string_view::npos && text::to_lower(text.substr(0, 5)) != "file:";
    if (const std::size_t hash = text.find('#'); !is_path && hash != std::string_view::npos) {
        ENVPACK_CHECK(read_fragment(text.substr(hash + 1), place, hashes));
        text = text.substr(0, hash);
    }
    for (const packaging::HashOption& hash : line.hashes) {
        ENVPACK_CHECK(read_hash(hash.algorithm, hash.hex, hashes));
    }
    ENVPACK_CHECK(read_url(text, place));
    place.sha256 = std::move(hashes.sha256);
    if (place.is_git && (!place.sha256.empty() || !hashes.other.empty())) {
        return fail(place_refused(ErrorCode::unsupported,
                                  fmt::format("`{}`: a repository has no hash", line.text))
                        .with_hint("name its commit, which says what it holds"));
    }
    if (place.sha256.empty() && !hashes.other.empty()) {
        return fail(place_refused(ErrorCode::unsupported,
                                  fmt::format("`{}` states a hash of {}, envpack checks sha256",
                                              line.text, hashes.other))
                        .with_hint("state the sha256 of the file"));
    }
    return place;
}

}  // namespace envpack::pipeline
