#include "simple_link.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace envpack::index {

namespace {

/// I1: https leads to https only; http to both; a local page to local files and https.
bool may_link(const http::Url& page, const http::Url& target) {
    if (target.scheme() == "https") {
        return true;
    }
    return target.scheme() == page.scheme();
}

/// `/a/b/name` of unreserved characters alone (RFC 3986 section 2.3) and without a segment that
/// begins with a dot, so that every reader takes it as it is.
bool is_plain_path(std::string_view path) {
    constexpr std::size_t longest = 4096;
    if (path.size() > longest || path.ends_with('/')) {
        return false;
    }
    char before = 0;
    for (const char c : path) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '~' || c == '/' ||
                           (c == '.' && before != '/');
        if (!plain) {
            return false;
        }
        before = c;
    }
    return true;
}

}  // namespace

std::optional<std::pair<std::string, std::string>> parse_hash(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string algorithm = text::to_lower(text.substr(0, equals));
    const std::string hex = text::to_lower(text.substr(equals + 1));
    const bool named =
        !algorithm.empty() && std::all_of(algorithm.begin(), algorithm.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    const bool is_hex = !hex.empty() && std::all_of(hex.begin(), hex.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (!named || !is_hex) {
        return std::nullopt;
    }
    return std::pair(algorithm, hex);
}

bool is_known_api_version(std::string_view text) {
    return text == "1" || text.starts_with("1.");
}

std::optional<SimpleLink> LinkMaker::make(std::string_view href) {
    if (server_.empty() || !href.starts_with(server_) ||
        !is_plain_path(href.substr(server_.size() - 1))) {
        return make_any(href);
    }
    // As make_any() would find it: there is nothing to decode, to resolve or to take away.
    SimpleLink link;
    link.filename = href.substr(href.find_last_of('/') + 1);
    link.url = href;
    return link;
}

std::optional<SimpleLink> LinkMaker::make_any(std::string_view href) {
    const auto url = base_.resolve(text::trim(href));
    if (!url || !may_link(page_, *url)) {
        return std::nullopt;
    }
    auto filename = url->file_name();
    if (!filename || filename->empty()) {
        return std::nullopt;
    }
    SimpleLink link;
    link.filename = *std::move(filename);
    link.url = url->without_userinfo().without_fragment().to_string();
    const std::string fragment = url->fragment().value_or("");
    for (const std::string_view piece : text::split(fragment, '&')) {
        if (const auto hash = parse_hash(piece)) {
            link.hashes.insert(*hash);
        }
    }
    if (link.url == href && !url->query()) {
        server_ = link.url.substr(0, link.url.size() - url->path().size() + 1);
    }
    return link;
}

namespace {

/// to_dist_file() without Requires-Python.
std::optional<DistFile> file_of(const SimpleLink& link) {
    const auto sha256 = [](const std::map<std::string, std::string>& hashes,
                           std::optional<Digest>& into) {
        const auto found = hashes.find("sha256");
        if (found == hashes.end()) {
            return true;
        }
        const auto digest = Digest::parse_hex(found->second);
        if (digest) {
            into = *digest;
        }
        return digest.has_value();
    };
    DistFile file{.filename = link.filename,
                  .url = link.url,
                  .size = link.size,
                  .has_metadata = link.has_metadata,
                  .yanked = link.yanked,
                  .upload_time = link.upload_time};
    if (!sha256(link.hashes, file.sha256) || !sha256(link.metadata_hashes, file.metadata_sha256)) {
        return std::nullopt;
    }
    return file;
}

std::optional<packaging::SpecifierSet> requires_python_of(std::string_view text) {
    if (!text::trim(text).empty()) {
        if (auto set = packaging::SpecifierSet::parse(text)) {
            return *std::move(set);
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<DistFile> to_dist_file(const SimpleLink& link) {
    auto file = file_of(link);
    if (file) {
        file->requires_python = requires_python_of(link.requires_python);
    }
    return file;
}

bool belongs_to(std::string_view filename, const packaging::PackageName& project) {
    if (filename.ends_with(".whl")) {
        const auto wheel = packaging::WheelFilename::parse(filename);
        return wheel && wheel->name == project.str();
    }
    const auto sdist = packaging::SdistFilename::parse(filename);
    return sdist && sdist->name == project.str();
}

Project project_from(const std::vector<SimpleLink>& links, const packaging::PackageName& name) {
    // The files of a page share a few texts of Requires-Python.
    std::unordered_map<std::string_view, std::optional<packaging::SpecifierSet>> pythons;
    std::unordered_set<std::string_view> filenames;
    std::vector<DistFile> files;
    files.reserve(links.size());
    for (const SimpleLink& link : links) {
        if (!belongs_to(link.filename, name) || filenames.contains(link.filename)) {
            continue;
        }
        if (auto file = file_of(link)) {
            auto [python, is_new] = pythons.try_emplace(link.requires_python);
            if (is_new) {
                python->second = requires_python_of(link.requires_python);
            }
            file->requires_python = python->second;
            filenames.insert(link.filename);
            files.push_back(*std::move(file));
        }
    }
    return Project{.name = name, .files = std::move(files)};
}

}  // namespace envpack::index
