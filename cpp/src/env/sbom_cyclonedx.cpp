#include "envpack/env/sbom.hpp"
#include "sbom_parts.hpp"

#include <set>
#include <utility>

namespace envpack::env {
namespace {

using json::Array;
using json::Object;
using json::Value;

/// CycloneDX leaves names of properties to whoever writes them, behind a word of their own.
class Properties {
public:
    void add(const char* name, const std::string& value) {
        if (!value.empty()) {
            list_.emplace_back(
                Object{{"name", std::string("envpack:") + name}, {"value", told(value)}});
        }
    }
    void put_into(Object& component) && {
        if (!list_.empty()) {
            component.emplace_back("properties", std::move(list_));
        }
    }

private:
    Array list_;
};

/// Each a name of its own in the document: two distributions may have one package URL.
std::vector<std::string> refs_of(const std::vector<SbomPackage>& packages) {
    std::vector<std::string> refs;
    std::set<std::string> taken;
    for (const SbomPackage& package : packages) {
        std::string ref = package.url;
        while (!taken.insert(ref).second) {
            ref += '#' + std::to_string(refs.size());
        }
        refs.push_back(std::move(ref));
    }
    return refs;
}

Array sha256_hash(const std::string& hex) {
    return Array{Object{{"alg", "SHA-256"}, {"content", hex}}};
}

void add_properties(const SbomPackage& entry, const Inventory& inventory,
                    const SbomOptions& options, Object& component) {
    Properties properties;
    properties.add("path", entry.path);
    if (entry.layer) {
        properties.add("layer", std::to_string(*entry.layer + 1));
        properties.add("layer-digest", layer_digest(entry, options));
    }
    if (entry.is_shadowed) {
        properties.add("shadowed", "true");
    } else {
        const FrozenPackage& package = *entry.package;
        properties.add("form", std::string(to_string(package.form)));
        properties.add("installer", package.installer);
        properties.add("editable", package.editable ? "true" : "");
        properties.add("file-name", entry.origin == nullptr ? "" : entry.origin->file_name);
        for (const std::string& document : package.sboms) {
            properties.add("sbom", told_path(document, inventory, options));
        }
    }
    std::move(properties).put_into(component);
}

Object component_of(const SbomPackage& entry, const std::string& ref, const Inventory& inventory,
                    const SbomOptions& options) {
    Object component{{"type", "library"}, {"bom-ref", ref}, {"name", entry.package->name.str()}};
    if (!entry.version.empty()) {
        component.emplace_back("version", entry.version);
    }
    if (!entry.sha256.empty()) {
        component.emplace_back("hashes", sha256_hash(entry.sha256));
    }
    if (!entry.is_shadowed && !entry.package->license_expression.empty()) {
        component.emplace_back("licenses",
                               Array{Object{{"expression", told(entry.package->license_expression)},
                                            {"acknowledgement", "declared"}}});
    }
    component.emplace_back("purl", entry.url);
    if (!entry.location.empty()) {
        const bool is_vcs = entry.location.find('+') < entry.location.find(':');
        Object reference{{"type", is_vcs ? "vcs" : "distribution"}, {"url", entry.location}};
        if (entry.origin != nullptr && entry.origin->sha256 && !is_vcs) {
            reference.emplace_back("hashes", sha256_hash(entry.origin->sha256->hex()));
        }
        component.emplace_back("externalReferences", Array{std::move(reference)});
    }
    add_properties(entry, inventory, options, component);
    return component;
}

constexpr const char* subject_ref = "subject";

Object subject_of(const Inventory& inventory, const SbomOptions& options) {
    const SbomSubject& subject = options.subject;
    Object component{{"type", subject.is_image ? "container" : "application"},
                     {"bom-ref", subject_ref},
                     {"name", told(subject.name)}};
    if (!subject.digest.empty()) {
        component.emplace_back("version", subject.digest);
        if (const auto digest = Digest::parse(subject.digest)) {
            component.emplace_back("hashes", sha256_hash(digest->hex()));
        }
    }
    if (!subject.base_digest.empty()) {
        component.emplace_back(
            "pedigree", Object{{"ancestors", Array{Object{{"type", "container"},
                                                          {"name", told(subject.base_name)},
                                                          {"version", subject.base_digest}}}}});
    }
    Properties properties;
    properties.add("python", inventory.python.full_version);
    for (const StartupHook& hook : inventory.startup_hooks) {
        if (const std::string path = told_path(hook.path, inventory, options); !path.empty()) {
            properties.add(("startup-hook:" + hook.kind).c_str(), path);
        }
    }
    std::move(properties).put_into(component);
    return component;
}

}  // namespace

json::Value to_cyclonedx(const Inventory& inventory, const SbomOptions& options) {
    const std::vector<SbomPackage> packages = sbom_packages(inventory, options);
    const std::vector<std::string> refs = refs_of(packages);
    Array components;
    Array dependencies{
        Object{{"ref", subject_ref}, {"dependsOn", Array(refs.begin(), refs.end())}}};
    for (std::size_t i = 0; i < packages.size(); ++i) {
        components.emplace_back(component_of(packages[i], refs[i], inventory, options));
        Array depends_on;
        for (const std::size_t to : packages[i].needs) {
            depends_on.emplace_back(refs[to]);
        }
        dependencies.emplace_back(Object{{"ref", refs[i]}, {"dependsOn", std::move(depends_on)}});
    }
    const Object tool{
        {"type", "application"}, {"name", "envpack"}, {"version", options.envpack_version}};
    Object content{{"version", 1},
                   {"metadata", Object{{"timestamp", format_rfc3339(options.created)},
                                       {"tools", Object{{"components", Array{tool}}}},
                                       {"component", subject_of(inventory, options)}}},
                   {"components", std::move(components)},
                   {"dependencies", std::move(dependencies)}};
    if (options.subject.is_image) {
        // More than Python is in an image.
        content.emplace_back(
            "compositions",
            Array{Object{{"aggregate", "incomplete"}, {"assemblies", Array{Value(subject_ref)}}}});
    }
    Object document{{"$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json"},
                    {"bomFormat", "CycloneDX"},
                    {"specVersion", "1.6"},
                    {"serialNumber", "urn:uuid:" + uuid_of(json::to_canonical(content))}};
    for (auto& member : content) {
        document.push_back(std::move(member));
    }
    return document;
}

}  // namespace envpack::env
