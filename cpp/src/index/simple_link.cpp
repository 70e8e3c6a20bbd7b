#include "simple_link.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <array>
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

/// The characters that every reader of URLs takes as they are (RFC 3986 section 2.3), and `/`.
constexpr auto plain_characters = [] {
    std::array<bool, 256> plain{};
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789-._~/")) {
        plain[static_cast<unsigned char>(c)] = true;
    }
    return plain;
}();

bool is_plain(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return plain_characters[static_cast<unsigned char>(c)]; });
}

/// `a/b/name` of those characters alone and without a segment that begins with a dot.
bool is_plain_path(std::string_view path) {
    return !path.empty() && path.front() != '.' && path.front() != '/' && path.back() != '/' &&
           path.find("/.") == std::string_view::npos && is_plain(path);
}

/// "sha256=<hex>", at most, so that there is nothing to trim or to encode.
bool is_plain_fragment(std::string_view fragment) {
    const auto equals = std::min(fragment.find('='), fragment.size());
    return is_plain(fragment.substr(0, equals)) &&
           is_plain(fragment.substr(std::min(equals + 1, fragment.size())));
}

/// What the fragment of a link says of its file: "sha256=<hex>", more than one behind `&`.
void read_fragment(std::string_view fragment, SimpleLink& link) {
    while (!fragment.empty()) {
        const auto end = std::min(fragment.find('&'), fragment.size());
        if (auto hash = parse_hash(fragment.substr(0, end))) {
            link.hashes.insert(*std::move(hash));
        }
        fragment.remove_prefix(std::min(end + 1, fragment.size()));
    }
}

}  // namespace

std::optional<std::pair<std::string, std::string>> parse_hash(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        return std::nullopt;
    }
    std::string algorithm = text::to_lower(text.substr(0, equals));
    std::string hex = text::to_lower(text.substr(equals + 1));
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
    return std::pair(std::move(algorithm), std::move(hex));
}

bool is_known_api_version(std::string_view text) {
    return text == "1" || text.starts_with("1.");
}

void LinkMaker::set_base(http::Url base) {
    base_ = std::move(base);
    const auto folder = base_.resolve(".");
    folder_ = folder && may_link(page_, *folder) ? folder->shown() : std::string();
}

std::optional<SimpleLink> LinkMaker::make(std::string_view href) {
    constexpr std::size_t longest = 4096;
    const auto hash = std::min(href.find('#'), href.size());
    const std::string_view place = href.substr(0, hash);
    const std::string_view fragment = href.substr(std::min(hash + 1, href.size()));
    const bool is_absolute = !server_.empty() && place.starts_with(server_);
    const std::string_view path = is_absolute ? place.substr(server_.size()) : place;
    if (href.size() > longest || (!is_absolute && folder_.empty()) || !is_plain_path(path) ||
        !is_plain_fragment(fragment)) {
        return make_any(href);
    }
    // As make_any() would find it: there is nothing to decode, to resolve or to take away.
    SimpleLink link;
    link.filename = place.substr(place.find_last_of('/') + 1);  // npos + 1: all of it
    link.url = is_absolute ? std::string(place) : folder_ + std::string(place);
    read_fragment(fragment, link);
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
    read_fragment(url->fragment().value_or(""), link);
    if (href.substr(0, href.find('#')) == link.url && !url->query()) {
        server_ = link.url.substr(0, link.url.size() - url->path().size() + 1);
    }
    return link;
}

namespace {

/// to_dist_file() without Requires-Python. Takes the link's texts.
std::optional<DistFile> file_of(SimpleLink& link) {
    const auto sha256 = [](const Hashes& hashes, std::optional<Digest>& into) {
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
    DistFile file{.filename = std::move(link.filename),
                  .url = std::move(link.url),
                  .size = link.size,
                  .has_metadata = link.has_metadata,
                  .yanked = std::move(link.yanked),
                  .upload_time = std::move(link.upload_time)};
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

std::optional<DistFile> to_dist_file(SimpleLink link) {
    auto requires_python = requires_python_of(link.requires_python);
    auto file = file_of(link);
    if (file) {
        file->requires_python = std::move(requires_python);
    }
    return file;
}

std::optional<std::string> project_of(std::string_view filename) {
    if (filename.ends_with(".whl")) {
        auto wheel = packaging::WheelFilename::parse(filename);
        return wheel ? std::optional(std::move(wheel->name)) : std::nullopt;
    }
    auto sdist = packaging::SdistFilename::parse(filename);
    return sdist ? std::optional(std::move(sdist->name)) : std::nullopt;
}

namespace {

/// Whether files are of one project, one after the other. Most wheels of a page differ from the one
/// before in nothing but their version.
class Membership {
public:
    explicit Membership(const packaging::PackageName& project) : project_(project) {}

    bool has(std::string_view filename) {
        const auto name = std::min(filename.find('-') + 1, filename.size());
        const auto version = std::min(filename.find('-', name), filename.size());
        if (!tags_.empty() && filename.substr(version) == tags_ &&
            filename.substr(0, name) == name_) {
            return packaging::Version::parse(filename.substr(name, version - name)).has_value();
        }
        if (project_of(filename) != project_.str()) {
            return false;
        }
        const bool is_wheel = filename.ends_with(".whl");
        name_ = is_wheel ? filename.substr(0, name) : std::string_view();
        tags_ = is_wheel ? filename.substr(version) : std::string_view();
        return true;
    }

private:
    const packaging::PackageName& project_;
    std::string name_;  ///< "demo-" of the last wheel, which is one of the project's
    std::string tags_;  ///< "-py3-none-any.whl"
};

}  // namespace

Project project_from(std::vector<SimpleLink> links, const packaging::PackageName& name) {
    // The files of a page share a few texts of Requires-Python.
    std::unordered_map<std::string_view, std::optional<packaging::SpecifierSet>> pythons;
    Membership members(name);
    std::unordered_set<std::string_view> filenames;  // in `files`, which never moves them
    std::vector<DistFile> files;
    files.reserve(links.size());
    filenames.reserve(links.size());
    for (SimpleLink& link : links) {
        if (!members.has(link.filename) || filenames.contains(link.filename)) {
            continue;
        }
        if (auto file = file_of(link)) {
            auto [python, is_new] = pythons.try_emplace(link.requires_python);
            if (is_new) {
                python->second = requires_python_of(link.requires_python);
            }
            file->requires_python = python->second;
            filenames.insert(files.emplace_back(*std::move(file)).filename);
        }
    }
    return Project{.name = name, .files = std::move(files)};
}

}  // namespace envpack::index
