#include "envpack/env/sbom.hpp"

#include "envpack/base/digest.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/installed_dependencies.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <variant>

namespace envpack::env {
namespace {

using json::Array;
using json::Object;
using json::Value;

std::string version_of(const FrozenPackage& package) {
    return package.version ? package.version->to_string() : text::printable(package.raw_version);
}

/// Names what was listed; the same content has the same one.
std::string content_digest(const Inventory& inventory) {
    std::string all = inventory.source_digest + '\n';
    for (const FrozenPackage& package : inventory.packages) {
        all += package_url(package) + '\n';
    }
    return Digest::of(as_bytes(all)).hex();
}

/// Sorted names of the installed packages that each package needs.
std::map<std::size_t, std::set<std::size_t>> needs_of(const Inventory& inventory) {
    std::map<std::size_t, std::set<std::size_t>> needs;
    for (const InstalledDependency& dependency : installed_dependencies(inventory)) {
        if (dependency.to) {
            needs[dependency.from].insert(*dependency.to);
        }
    }
    return needs;
}

std::string shown_source(const Inventory& inventory) {
    return inventory.source.empty() ? "environment" : text::printable(inventory.source, 1000);
}

/// The download location of a package, as SPDX 7.7 spells it.
std::string download_location(const FrozenPackage& package) {
    if (!package.direct_url || package.has_flag("build-path-dropped") ||
        package.direct_url->url.starts_with("file:")) {
        return "NOASSERTION";
    }
    const std::string url = text::redact_url(package.direct_url->url);
    if (const auto* vcs = std::get_if<packaging::DirectUrl::Vcs>(&package.direct_url->info)) {
        return vcs->vcs + '+' + url + '@' + vcs->commit_id;
    }
    return std::holds_alternative<packaging::DirectUrl::Archive>(package.direct_url->info)
               ? url
               : "NOASSERTION";
}

}  // namespace

std::string package_url(const FrozenPackage& package) {
    std::string url = "pkg:pypi/" + package.name.to_string();
    if (const std::string version = version_of(package); !version.empty()) {
        url += '@' + text::percent_encode(version);
    }
    if (const std::string location = download_location(package); location != "NOASSERTION") {
        const bool vcs =
            std::holds_alternative<packaging::DirectUrl::Vcs>(package.direct_url->info);
        url += (vcs ? "?vcs_url=" : "?download_url=") + text::percent_encode(location, ":/");
    }
    return url;
}

json::Value to_cyclonedx(const Inventory& inventory, const SbomOptions& options) {
    Array components;
    Array dependencies;
    const auto needs = needs_of(inventory);
    for (std::size_t i = 0; i < inventory.packages.size(); ++i) {
        const FrozenPackage& package = inventory.packages[i];
        const std::string url = package_url(package);
        Array properties;
        const auto property = [&](const char* name, const std::string& value) {
            if (!value.empty()) {
                properties.emplace_back(Object{{"name", std::string("envpack:") + name},
                                               {"value", text::printable(value, 4096)}});
            }
        };
        property("form", std::string(to_string(package.form)));
        property("installer", package.installer);
        property("path", package.location);
        components.emplace_back(Object{{"type", "library"},
                                       {"bom-ref", url},
                                       {"name", package.name.str()},
                                       {"version", version_of(package)},
                                       {"purl", url},
                                       {"properties", std::move(properties)}});
        Array depends_on;
        if (const auto found = needs.find(i); found != needs.end()) {
            for (const std::size_t to : found->second) {
                depends_on.emplace_back(package_url(inventory.packages[to]));
            }
        }
        dependencies.emplace_back(Object{{"ref", url}, {"dependsOn", std::move(depends_on)}});
    }
    Object subject{{"type", "container"}, {"bom-ref", "base"}, {"name", shown_source(inventory)}};
    if (!inventory.source_digest.empty()) {
        subject.emplace_back("version", inventory.source_digest);
    }
    return Object{
        {"bomFormat", "CycloneDX"},
        {"specVersion", "1.6"},
        {"version", 1},
        {"metadata",
         Object{
             {"timestamp", format_rfc3339(options.created)},
             {"tools", Object{{"components", Array{Object{{"type", "application"},
                                                          {"name", "envpack"},
                                                          {"version", options.envpack_version}}}}}},
             {"component", std::move(subject)}}},
        {"components", std::move(components)},
        {"dependencies", std::move(dependencies)}};
}

json::Value to_spdx(const Inventory& inventory, const SbomOptions& options) {
    const auto id_of = [](const FrozenPackage& package) {
        return "SPDXRef-Package-" + package.name.to_string();  // names are [a-z0-9-]
    };
    Array packages;
    Array relationships;
    for (const FrozenPackage& package : inventory.packages) {
        const std::string version = version_of(package);
        Object entry{{"SPDXID", id_of(package)}, {"name", package.name.str()}};
        if (!version.empty()) {
            entry.emplace_back("versionInfo", version);
        }
        entry.emplace_back("downloadLocation", download_location(package));
        entry.emplace_back("filesAnalyzed", false);
        entry.emplace_back("externalRefs",
                           Array{Object{{"referenceCategory", "PACKAGE-MANAGER"},
                                        {"referenceType", "purl"},
                                        {"referenceLocator", package_url(package)}}});
        packages.emplace_back(std::move(entry));
        relationships.emplace_back(Object{{"spdxElementId", "SPDXRef-DOCUMENT"},
                                          {"relationshipType", "DESCRIBES"},
                                          {"relatedSpdxElement", id_of(package)}});
    }
    for (const auto& [from, all] : needs_of(inventory)) {
        for (const std::size_t to : all) {
            relationships.emplace_back(
                Object{{"spdxElementId", id_of(inventory.packages[from])},
                       {"relationshipType", "DEPENDS_ON"},
                       {"relatedSpdxElement", id_of(inventory.packages[to])}});
        }
    }
    return Object{
        {"spdxVersion", "SPDX-2.3"},
        {"dataLicense", "CC0-1.0"},
        {"SPDXID", "SPDXRef-DOCUMENT"},
        {"name", shown_source(inventory)},
        {"documentNamespace", "https://spdx.org/spdxdocs/envpack-" + content_digest(inventory)},
        {"creationInfo",
         Object{{"created", format_rfc3339(options.created)},
                {"creators", Array{Value("Tool: envpack-" + options.envpack_version)}}}},
        {"packages", std::move(packages)},
        {"relationships", std::move(relationships)}};
}

}  // namespace envpack::env
