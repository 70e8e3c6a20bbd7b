#include "envpack/pipeline/diff.hpp"

#include "estargz_parts.hpp"
#include "whole_image.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace envpack::pipeline {
namespace {

using archive::FileInfo;
using archive::FileTree;
using archive::FileType;

DiffSide side_of(const ImageDocuments& documents) {
    DiffSide side{.source = documents.source.text,
                  .digest = documents.digest(),
                  .config_digest = documents.manifest.config.digest,
                  .diff_ids = documents.config.diff_ids};
    for (const oci::Descriptor& layer : documents.manifest.layers) {
        side.layers.push_back(layer.digest);
    }
    return side;
}

using Versions = std::map<std::string, std::string>;

Versions versions_of(const ImageContent& content) {
    Versions versions;
    if (content.inventory) {
        for (const env::FrozenPackage& package : content.inventory->packages) {
            versions.emplace(package.name.to_string(), package.raw_version);
        }
    }
    return versions;
}

/// What both have under a name, beside each other.
template <class Difference, class Values>
std::map<std::string, Difference> side_by_side(const Values& a, const Values& b) {
    std::map<std::string, Difference> all;
    for (const auto& [name, value] : a) {
        all[name].a = value;
    }
    for (const auto& [name, value] : b) {
        all[name].b = value;
    }
    return all;
}

std::vector<PackageDifference> package_differences(const Versions& a, const Versions& b) {
    std::vector<PackageDifference> differences;
    for (const auto& [name, difference] : side_by_side<PackageDifference>(a, b)) {
        if (difference.a != difference.b) {
            differences.push_back({.name = name, .a = difference.a, .b = difference.b});
        }
    }
    return differences;
}

std::vector<std::string> file_differences(const FileInfo& a, const FileInfo& b) {
    if (a.type != b.type) {
        return {"type"};
    }
    std::vector<std::string> what;
    const auto note = [&](bool differs, const char* word) {
        if (differs) {
            what.emplace_back(word);
        }
    };
    note(a.sha256 != b.sha256, "content");
    note(a.link_target != b.link_target, "target");
    note(a.mode != b.mode, "mode");
    note(a.uid != b.uid || a.gid != b.gid, "owner");
    note(a.mtime != b.mtime, "time");
    return what;
}

Result<std::vector<std::string>> names_in(const FileTree& tree, const SafePath& path,
                                          const std::optional<FileInfo>& info) {
    if (!info || info->type != FileType::directory) {
        return std::vector<std::string>();
    }
    return tree.list(path);
}

/// One of the two trees, without what only says where the files of its layers lie.
struct Side {
    const FileTree& tree;
    EstargzParts parts;

    Result<std::optional<FileInfo>> lookup(const SafePath& path) const {
        ENVPACK_TRY(auto info, tree.lookup(path));
        return info && parts.has(path, *info) ? std::nullopt : std::move(info);
    }
};

/// Both trees in step, so that no list of all files is needed.
Result<std::vector<FileDifference>> tree_differences(const Side& a, const Side& b,
                                                     const RunContext& run) {
    std::vector<FileDifference> differences;
    std::vector<SafePath> pending{SafePath()};
    while (!pending.empty()) {
        ENVPACK_CHECK(run.check());
        const SafePath path = std::move(pending.back());
        pending.pop_back();
        ENVPACK_TRY(const auto in_a, a.lookup(path));
        ENVPACK_TRY(const auto in_b, b.lookup(path));
        FileDifference difference{
            .path = path.str(), .in_a = in_a.has_value(), .in_b = in_b.has_value()};
        if (in_a && in_b) {
            difference.what = file_differences(*in_a, *in_b);
        }
        const bool is_anywhere = in_a || in_b;
        if (is_anywhere && (!in_a || !in_b || !difference.what.empty())) {
            differences.push_back(std::move(difference));
        }
        ENVPACK_TRY(const auto below_a, names_in(a.tree, path, in_a));
        ENVPACK_TRY(const auto below_b, names_in(b.tree, path, in_b));
        std::vector<std::string> names;
        std::ranges::set_union(below_a, below_b, std::back_inserter(names));
        for (const std::string& name : names) {
            pending.push_back(path / name);
        }
    }
    std::ranges::sort(differences, {}, &FileDifference::path);
    return differences;
}

using Settings = std::map<std::string, json::Value>;

/// The config as settings with names of their own; the order of variables means nothing. The
/// diff_ids are compared as layers.
Settings settings_of(const oci::ImageConfig& config) {
    Settings settings;
    for (const auto& [key, value] : *config.document.as_object()) {
        if (key != "rootfs" && key != "config") {
            settings[key] = value;
        }
    }
    const json::Value* const inner = config.document.find("config");
    if (inner != nullptr && inner->as_object() != nullptr) {
        for (const auto& [key, value] : *inner->as_object()) {
            if (key != "Env" && key != "Labels") {
                settings["config." + key] = value;
            }
        }
    }
    for (const auto& [name, value] : environment_of(config)) {
        settings["config.Env." + name] = value;
    }
    for (const auto& [name, value] : config.labels) {
        settings["config.Labels." + name] = value;
    }
    return settings;
}

std::vector<ConfigDifference> config_differences(const Settings& a, const Settings& b) {
    std::vector<ConfigDifference> differences;
    for (const auto& [key, difference] : side_by_side<ConfigDifference>(a, b)) {
        if (json::to_canonical(difference.a) != json::to_canonical(difference.b)) {
            differences.push_back({.key = key, .a = difference.a, .b = difference.b});
        }
    }
    return differences;
}

}  // namespace

bool DiffReport::equal() const {
    const bool same_manifest = !a.digest || !b.digest || a.digest == b.digest;
    return same_manifest && a.config_digest == b.config_digest && a.diff_ids == b.diff_ids;
}

bool DiffReport::same_content() const {
    return packages.empty() && files.empty() && config.empty();
}

Result<DiffReport> diff(const std::string& a, const std::string& b, const UserConfig& user,
                        const RunContext& run) {
    ENVPACK_TRY(const ImageDocuments first, read_documents(a, user, run));
    ENVPACK_TRY(const ImageDocuments second, read_documents(b, user, run));
    DiffReport report{.a = side_of(first), .b = side_of(second)};
    report.config = config_differences(settings_of(first.config), settings_of(second.config));
    // The same blobs have the same bytes, or one of the images is damaged, which is for verify().
    const bool same_python = first.config.env == second.config.env;
    if (report.a.layers == report.b.layers && same_python) {
        return report;
    }
    ENVPACK_TRY(const ImageContent one, read_content(first, run));
    ENVPACK_TRY(const ImageContent other, read_content(second, run));
    report.packages = package_differences(versions_of(one), versions_of(other));
    ENVPACK_TRY(report.files, tree_differences({*one.tree, EstargzParts(first, one)},
                                               {*other.tree, EstargzParts(second, other)}, run));
    return report;
}

}  // namespace envpack::pipeline
