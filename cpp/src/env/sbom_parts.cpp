#include "sbom_parts.hpp"

#include "envpack/base/text.hpp"
#include "envpack/env/installed_dependencies.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace envpack::env {
namespace {

constexpr std::size_t max_told = 4096;

std::string version_of(const FrozenPackage& package) {
    return package.version ? package.version->to_string() : text::printable(package.raw_version);
}

const PackageOrigin* origin_of(const FrozenPackage& package, const SbomOptions& options) {
    const auto found = std::find_if(
        options.origins.begin(), options.origins.end(), [&](const PackageOrigin& origin) {
            return origin.name == package.name && origin.version == version_of(package);
        });
    return found == options.origins.end() ? nullptr : &*found;
}

/// Of the wheel, if it is known which one that was. direct_url.json tells it of archives, too, of
/// which a wheel may have been built: those are told apart by the name of the file.
std::string wheel_sha256(const FrozenPackage& package, const PackageOrigin* origin) {
    if (origin != nullptr) {
        const auto& digest = origin->built_sha256 ? origin->built_sha256 : origin->sha256;
        return digest ? digest->hex() : std::string();
    }
    const auto* const archive =
        package.direct_url ? std::get_if<packaging::DirectUrl::Archive>(&package.direct_url->info)
                           : nullptr;
    const std::string_view url =
        archive == nullptr ? std::string_view() : std::string_view(package.direct_url->url);
    if (!url.substr(0, url.find_first_of("?#")).ends_with(".whl")) {
        return {};
    }
    const auto found = archive->hashes.find("sha256");
    const Result<Digest> digest = found == archive->hashes.end()
                                      ? fail(ErrorCode::not_found, "no hash")
                                      : Digest::parse_hex(found->second);
    return digest ? digest->hex() : std::string();
}

}  // namespace

std::string told(std::string_view text) {
    return text::printable(text, max_told);
}

std::string told_path(std::string_view path, const Inventory& inventory,
                      const SbomOptions& options) {
    if (!options.subject.is_of_this_machine) {
        return told(path);
    }
    for (const SafePath* prefix : {&inventory.python.prefix, &inventory.python.base_prefix}) {
        const std::string folder = std::string(prefix->str()) + '/';
        if (folder.size() > 1 && path.starts_with(folder)) {
            return told(path.substr(folder.size()));
        }
    }
    return {};
}

std::string layer_digest(const SbomPackage& package, const SbomOptions& options) {
    const std::vector<Digest>& layers = options.subject.layers;
    return package.layer && *package.layer < layers.size() ? layers[*package.layer].to_string()
                                                           : std::string();
}

std::vector<SbomPackage> sbom_packages(const Inventory& inventory, const SbomOptions& options) {
    std::vector<SbomPackage> packages;
    std::vector<std::size_t> numbers;
    for (const FrozenPackage& package : inventory.packages) {
        numbers.push_back(packages.size());
        SbomPackage entry{.package = &package,
                          .origin = origin_of(package, options),
                          .version = version_of(package),
                          .path = told_path(package.location, inventory, options),
                          .location = direct_location(package),
                          .layer = package.layer};
        entry.url = package_url(package, entry.origin);
        entry.sha256 = wheel_sha256(package, entry.origin);
        if (entry.location.empty() && entry.origin != nullptr) {
            entry.location = public_url(entry.origin->url);
        }
        packages.push_back(std::move(entry));
        for (const ShadowedPackage& shadowed : package.shadowed) {
            FrozenPackage other{.name = package.name, .raw_version = shadowed.raw_version};
            if (auto version = packaging::Version::parse(shadowed.raw_version)) {
                other.version = *std::move(version);
            }
            packages.push_back({.package = &package,
                                .version = version_of(other),
                                .url = package_url(other),
                                .path = told_path(shadowed.location, inventory, options),
                                .layer = shadowed.layer,
                                .is_shadowed = true});
        }
    }
    for (const InstalledDependency& dependency : installed_dependencies(inventory)) {
        if (dependency.to) {
            packages[numbers[dependency.from]].needs.insert(numbers[*dependency.to]);
        }
    }
    return packages;
}

std::string uuid_of(std::string_view text) {
    std::string hex = Digest::of(as_bytes(text)).hex().substr(0, 32);
    hex[12] = '8';                                 // version
    constexpr std::string_view variants = "89ab";  // the upper two bits are 10
    const std::size_t nibble = hex[16] <= '9' ? static_cast<std::size_t>(hex[16] - '0')
                                              : static_cast<std::size_t>(hex[16] - 'a') + 10;
    hex[16] = variants[nibble % 4];
    for (const std::size_t place : {20U, 16U, 12U, 8U}) {
        hex.insert(place, 1, '-');
    }
    return hex;
}

}  // namespace envpack::env
