#include "envpack/base/text.hpp"
#include "envpack/pipeline/inspect.hpp"
#include "report_text.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using archive::LayerChange;

constexpr int inspect_schema = 1;
constexpr std::size_t shown_lines = 10;

json::Value package_list(const std::vector<ImagePackage>& packages) {
    json::Array list;
    for (const ImagePackage& package : packages) {
        list.emplace_back(json::Object{{"name", package.name}, {"version", package.version}});
    }
    return list;
}

json::Value layer_json(const ImageLayer& layer) {
    return json::Object{{"digest", layer.digest.to_string()},
                        {"diff_id", layer.diff_id.to_string()},
                        {"media_type", layer.media_type},
                        {"size", layer.size},
                        {"tar_size", layer.tar_size},
                        {"members", layer.members},
                        {"created_by", json::text_or_null(layer.created_by)},
                        {"comment", json::text_or_null(layer.comment)},
                        {"packages", package_list(layer.packages)},
                        {"estargz_toc", digest_or_null(layer.estargz_toc)}};
}

std::string_view name_of(LayerChange::Kind kind) {
    return kind == LayerChange::Kind::link_replaced ? "link-replaced" : "attributes-changed";
}

json::Value attributes(const archive::FileInfo& info) {
    json::Object object{{"mode", fmt::format("{:04o}", info.mode)},
                        {"uid", info.uid},
                        {"gid", info.gid},
                        {"layer", json::Value()}};
    if (info.layer) {
        object.back().second = static_cast<std::uint64_t>(*info.layer);
    }
    if (!info.link_target.empty()) {
        object.emplace_back("link_target", info.link_target);
    }
    return object;
}

std::string change_text(const LayerChange& change) {
    if (change.kind == LayerChange::Kind::link_replaced) {
        return fmt::format("layer {} puts a folder in the place of the link /{} -> {}",
                           change.layer + 1, text::printable(change.path),
                           text::printable(change.before.link_target));
    }
    return fmt::format("layer {} changes folder /{} from {:04o} {}:{} to {:04o} {}:{}",
                       change.layer + 1, text::printable(change.path), change.before.mode,
                       change.before.uid, change.before.gid, change.after.mode, change.after.uid,
                       change.after.gid);
}

std::string layer_text(std::size_t number, const ImageLayer& layer) {
    std::string result =
        fmt::format("\nlayer {}  {}\n  diff_id  {}\n  {} packed, {} unpacked, {} members\n", number,
                    layer.digest.to_string(), layer.diff_id.to_string(), byte_count(layer.size),
                    byte_count(layer.tar_size), layer.members);
    if (layer.estargz_toc) {
        result += fmt::format("  eStargz  {}\n", layer.estargz_toc->to_string());
    }
    if (!layer.created_by.empty()) {
        result += fmt::format("  made by  {}\n", text::printable(layer.created_by, 100));
    }
    std::vector<std::string> packages;
    for (const ImagePackage& package : layer.packages) {
        packages.push_back(text::printable(package.name + " " + package.version));
    }
    if (!packages.empty()) {
        result += fmt::format("  brings   {}\n", text::join(packages, ", "));
    }
    return result;
}

}  // namespace

json::Value InspectReport::to_json() const {
    json::Value document;
    document.set("schema", inspect_schema);
    document.set("source", source);
    document.set("digest", digest_or_null(digest));
    document.set("config_digest", config_digest.to_string());
    document.set("media_type", media_type);
    document.set("platform", platform);
    document.set("created", json::text_or_null(created));
    document.set("python", json::text_or_null(python));
    document.set("config", config);
    document.set("annotations", annotations);
    json::Array layer_list;
    for (const ImageLayer& layer : layers) {
        layer_list.push_back(layer_json(layer));
    }
    document.set("layers", std::move(layer_list));
    json::Array duplicate_list;
    for (const DuplicateFile& file : duplicates) {
        duplicate_list.emplace_back(
            json::Object{{"path", file.path},
                         {"layer", static_cast<std::uint64_t>(file.layer)},
                         {"size", file.size},
                         {"same_as", file.same_as},
                         {"same_layer", static_cast<std::uint64_t>(file.same_layer)}});
    }
    document.set("duplicates", std::move(duplicate_list));
    json::Array change_list;
    for (const LayerChange& change : changes) {
        change_list.emplace_back(json::Object{{"kind", name_of(change.kind)},
                                              {"path", change.path},
                                              {"layer", static_cast<std::uint64_t>(change.layer)},
                                              {"before", attributes(change.before)},
                                              {"after", attributes(change.after)}});
    }
    document.set("changes", std::move(change_list));
    return document;
}

std::string InspectReport::to_text() const {
    std::uint64_t packed = 0;
    for (const ImageLayer& layer : layers) {
        packed += layer.size;
    }
    std::string result =
        fmt::format("{}\n  digest   {}\n  config   {}\n  {}, {}, {} layers, {}\n", source,
                    digest ? digest->to_string() : "none in a docker-archive",
                    config_digest.to_string(), text::printable(platform),
                    python.empty() ? "no Python" : "Python " + text::printable(python),
                    layers.size(), byte_count(packed));
    if (const json::Object* const settings = config.as_object()) {
        for (const auto& [key, value] : *settings) {
            result += fmt::format("  {} = {}\n", text::printable(key),
                                  text::printable(json::to_canonical(value), 400));
        }
    }
    for (std::size_t i = 0; i < layers.size(); ++i) {
        result += layer_text(i + 1, layers[i]);
    }
    if (!duplicates.empty()) {
        std::uint64_t wasted = 0;
        std::vector<std::string> lines;
        for (const DuplicateFile& file : duplicates) {
            wasted += file.size;
            lines.push_back(fmt::format("{} in layer {} is /{} of layer {}, {}",
                                        text::printable("/" + file.path), file.layer + 1,
                                        text::printable(file.same_as), file.same_layer + 1,
                                        byte_count(file.size)));
        }
        result += fmt::format("\n{} files have the bytes of a lower layer's, {} unpacked\n",
                              duplicates.size(), byte_count(wasted));
        result += bulleted(lines, shown_lines);
    }
    if (!changes.empty()) {
        std::vector<std::string> lines;
        for (const LayerChange& change : changes) {
            lines.push_back(change_text(change));
        }
        result += "\nlayers change links and folders of those below them\n";
        result += bulleted(lines, shown_lines);
    }
    return result;
}

}  // namespace envpack::pipeline
