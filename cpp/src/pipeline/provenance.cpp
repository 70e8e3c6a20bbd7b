#include "provenance.hpp"

#include "envpack/base/text.hpp"
#include "envpack/env/package_url.hpp"
#include "envpack/packaging/requirement.hpp"

#include <filesystem>
#include <string_view>
#include <utility>

// The names of the members are those of the specifications:
//     https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, resource_descriptor.md
//     https://slsa.dev/spec/v1.0/provenance

namespace envpack::pipeline {
namespace {

using json::Array;
using json::Object;
using json::Value;

constexpr const char* statement_type = "https://in-toto.io/Statement/v1";
constexpr const char* predicate_type = "https://slsa.dev/provenance/v1";
/// Another number where the same parameters would mean something else.
constexpr const char* build_type = "urn:envpack:build:v1";
/// Whoever calls envpack: nobody but the caller vouches for the machine.
constexpr const char* builder_id = "urn:envpack:local:v1";

std::string public_text(std::string_view text) {
    return text::redact_urls(std::string(text));
}

Array public_texts(const std::vector<std::string>& texts) {
    Array list;
    for (const std::string& text : texts) {
        list.emplace_back(public_text(text));
    }
    return list;
}

Value public_map(const std::map<std::string, std::string>& values) {
    Object object;
    for (const auto& [name, value] : values) {
        object.emplace_back(name, public_text(value));
    }
    return object;
}

/// Of URLs; folders of this machine are left out.
Array public_urls(const std::vector<std::string>& urls) {
    Array list;
    for (const std::string& url : urls) {
        if (std::string told = env::public_url(url); !told.empty()) {
            list.emplace_back(std::move(told));
        }
    }
    return list;
}

/// What the lock was resolved for. Places of this machine are left out: of a package in a folder
/// its name is told, if it has one.
Array public_requirements(const std::vector<std::string>& requirements) {
    Array list;
    for (const std::string& line : requirements) {
        auto requirement = packaging::Requirement::parse(line);
        if (!requirement) {
            if (std::string url = env::public_url(line); !url.empty()) {
                list.emplace_back(std::move(url));
            }
            continue;
        }
        requirement->url = env::public_url(requirement->url);
        list.emplace_back(requirement->to_string());
    }
    return list;
}

/// What is not there is left out: a member says that the user asked for it.
class Parameters {
public:
    void add(const char* name, Value value) {
        const bool is_empty = value.is_null() || value == Value("") || value == Value(Array()) ||
                              value == Value(Object());
        if (!is_empty) {
            members_.emplace_back(name, std::move(value));
        }
    }
    void add_flag(const char* name, bool value) {
        if (value) {
            members_.emplace_back(name, true);
        }
    }
    Object take() && { return std::move(members_); }

private:
    Object members_;
};

Object index_parameters(const IndexOptions& indexes) {
    Parameters parameters;
    parameters.add("indexUrl", env::public_url(indexes.index_url.value_or("")));
    parameters.add("extraIndexUrls", public_urls(indexes.extra_index_urls));
    parameters.add("findLinks", public_urls(indexes.find_links));
    Array pins;
    for (const std::string& pin : indexes.pins) {
        const std::size_t equals = pin.find('=');
        const std::string url =
            equals == std::string::npos ? "" : env::public_url(pin.substr(equals + 1));
        pins.emplace_back(pin.substr(0, equals) + '=' + url);
    }
    parameters.add("indexPins", std::move(pins));
    parameters.add_flag("noIndex", indexes.no_index);
    return std::move(parameters).take();
}

Object external_parameters(const BuildMaterials& materials, const BuildOptions& options) {
    Parameters parameters;
    parameters.add("input", options.input.empty() ? "" : materials.lock ? "lock" : "environment");
    parameters.add("requirements", public_requirements(materials.requirements));
    parameters.add("layout", std::string(to_string(options.layout)));
    parameters.add("prefix", options.prefix);
    Array added;
    for (const AddedPath& path : options.add) {
        added.emplace_back(path.destination);
    }
    parameters.add("add", std::move(added));
    parameters.add_flag("withLibs", options.with_libs);
    Array variables;  // their values are in the config of the image, and in nothing else
    for (const auto& [name, value] : options.env) {
        variables.emplace_back(name);
    }
    parameters.add("env", std::move(variables));
    parameters.add("labels", public_map(options.labels));
    parameters.add("annotations", public_map(options.annotations));
    parameters.add("ports", public_texts(options.ports));
    parameters.add("volumes", public_texts(options.volumes));
    parameters.add("compression", std::string(archive::to_string(options.compression)));
    parameters.add_flag("estargz", options.estargz);
    parameters.add("user", options.user.value_or(""));
    parameters.add("workdir", options.working_dir.value_or(""));
    if (options.entrypoint) {
        parameters.add("entrypoint", public_texts(*options.entrypoint));
    }
    if (options.cmd) {
        parameters.add("cmd", public_texts(*options.cmd));
    }
    parameters.add_flag("noConstraints", !options.constraints);
    parameters.add_flag("noDedupe", !options.dedupe);
    parameters.add_flag("noTests", !options.tests);
    parameters.add_flag("noBuild", options.no_build);
    parameters.add("indexes", index_parameters(options.indexes));
    return std::move(parameters).take();
}

Object sha256_of(const Digest& digest) {
    return {{"sha256", digest.hex()}};
}

Object dependency_of(const env::PackageOrigin& origin) {
    Object dependency;
    const std::string url = env::public_url(origin.url);
    if (!origin.vcs.empty()) {
        // SLSA, "resolvedDependencies": git+https://host/repo, the commit as its digest.
        dependency.emplace_back("uri",
                                url.empty() ? env::package_url(origin) : origin.vcs + '+' + url);
        dependency.emplace_back("digest", Object{{"gitCommit", origin.commit}});
        dependency.emplace_back("name", std::string(origin.name.str()));
        return dependency;
    }
    dependency.emplace_back("uri", env::package_url(origin));
    if (origin.sha256) {
        dependency.emplace_back("digest", sha256_of(*origin.sha256));
    }
    dependency.emplace_back(
        "name", origin.file_name.empty() ? std::string(origin.name.str()) : origin.file_name);
    if (!url.empty()) {
        dependency.emplace_back("downloadLocation", url);
    }
    return dependency;
}

Array resolved_dependencies(const BuiltImage& image, const BuildOptions& options) {
    const BuildMaterials& materials = *image.materials;
    Object base{{"name", public_text(image.base_name.value_or("base"))},
                {"digest", sha256_of(image.base_digest)},
                {"mediaType", materials.base_media_type}};
    Array dependencies{std::move(base)};
    if (materials.lock) {
        dependencies.emplace_back(Object{{"name", options.input.filename().string()},
                                         {"digest", sha256_of(*materials.lock)},
                                         {"mediaType", "application/toml"}});
    }
    for (const env::PackageOrigin& origin : materials.origins) {
        dependencies.emplace_back(dependency_of(origin));
    }
    return dependencies;
}

}  // namespace

json::Value provenance_of(const BuiltImage& image, const std::string& name, const Digest& digest,
                          const BuildOptions& options) {
    const BuildMaterials& materials = *image.materials;
    Object definition{{"buildType", build_type},
                      {"externalParameters", external_parameters(materials, options)},
                      {"internalParameters", Object{{"sourceDateEpoch", materials.created},
                                                    {"layerRecipe", materials.layer_recipe}}},
                      {"resolvedDependencies", resolved_dependencies(image, options)}};
    Object builder{{"id", builder_id}, {"version", Object{{"envpack", ENVPACK_VERSION}}}};
    return Object{{"_type", statement_type},
                  {"subject", Array{Object{{"name", name}, {"digest", sha256_of(digest)}}}},
                  {"predicateType", predicate_type},
                  {"predicate", Object{{"buildDefinition", std::move(definition)},
                                       {"runDetails", Object{{"builder", std::move(builder)}}}}}};
}

}  // namespace envpack::pipeline
