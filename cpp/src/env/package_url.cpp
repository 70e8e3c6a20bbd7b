#include "envpack/env/package_url.hpp"

#include "envpack/base/text.hpp"

#include <variant>

namespace envpack::env {
namespace {

using packaging::DirectUrl;

constexpr std::string_view purl_type = "pkg:pypi/";

/// The places that others can reach, and nothing else that a URL can be.
bool is_remote(std::string_view url) {
    const std::size_t colon = url.find("://");
    const std::size_t plus = url.substr(0, colon).find('+');  // git+https://
    const std::size_t start = plus == std::string_view::npos ? 0 : plus + 1;
    const std::string scheme = text::to_lower(url.substr(0, colon).substr(start));
    for (const std::string_view known : {"https", "http", "ssh", "git"}) {
        if (colon != std::string_view::npos && scheme == known) {
            return true;
        }
    }
    return false;
}

std::string with_version(std::string_view name, std::string_view version) {
    std::string url = std::string(purl_type) + std::string(name);
    if (!version.empty()) {
        url += '@' + text::percent_encode(text::printable(version));
    }
    return url;
}

/// ECMA-427: `:` is never encoded, and `/` need not be in a qualifier.
std::string qualifier(std::string_view key, std::string_view value) {
    return '?' + std::string(key) + '=' + text::percent_encode(value, ":/");
}

std::string repository(const PackageOrigin* origin) {
    const std::string index = origin == nullptr ? std::string() : public_url(origin->index);
    return index.empty() ? std::string() : qualifier("repository_url", index);
}

}  // namespace

std::string public_url(std::string_view url) {
    if (!is_remote(url)) {
        return {};
    }
    const std::string plain(url.substr(0, url.find_first_of("?#")));
    return text::printable(text::redact_url(plain), 4096);
}

std::string direct_location(const FrozenPackage& package) {
    const auto& direct = package.checkout ? package.checkout : package.direct_url;
    if (!direct || package.has_flag("build-path-dropped")) {
        return {};
    }
    std::string url = public_url(direct->url);
    if (url.empty() || std::holds_alternative<DirectUrl::Archive>(direct->info)) {
        return url;
    }
    const auto* const vcs = std::get_if<DirectUrl::Vcs>(&direct->info);
    return vcs == nullptr
               ? std::string()
               : text::printable(vcs->vcs) + '+' + url + '@' + text::printable(vcs->commit_id);
}

std::string package_url(const FrozenPackage& package, const PackageOrigin* origin) {
    const std::string url = with_version(
        package.name.str(), package.version ? package.version->to_string() : package.raw_version);
    const std::string place = direct_location(package);
    if (place.empty()) {
        return url + repository(origin);
    }
    const auto& direct = package.checkout ? package.checkout : package.direct_url;
    const bool is_vcs = std::holds_alternative<DirectUrl::Vcs>(direct->info);
    return url + qualifier(is_vcs ? "vcs_url" : "download_url", place);
}

std::string package_url(const PackageOrigin& origin) {
    return with_version(origin.name.str(), origin.version) + repository(&origin);
}

}  // namespace envpack::env
