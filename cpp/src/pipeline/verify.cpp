#include "envpack/pipeline/verify.hpp"

#include "baked_constraints.hpp"
#include "build_image.hpp"
#include "build_layers.hpp"
#include "envpack/base/clock.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/installed_record.hpp"
#include "envpack/oci/image_tree.hpp"
#include "envpack/oci/make_layer.hpp"
#include "envpack/oci/media_type.hpp"
#include "estargz_parts.hpp"
#include "report_text.hpp"
#include "whole_image.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr int verify_schema = 1;
constexpr std::size_t max_problem = 2000;  // bytes of one, as text

/// Whether a failure says that the bytes of the image are wrong, and not that they are out of
/// reach.
bool is_fault_of_image(const Error& error) {
    switch (error.code()) {
        case ErrorCode::digest_mismatch:
        case ErrorCode::parse_error:
        case ErrorCode::limit_exceeded:
            return true;
        default:
            return false;
    }
}

VerifyProblem problem_of(const Error& error, std::string_view where) {
    return {.rule = std::string(error.rule()),
            .text = fmt::format("{}: {}", where, error.message())};
}

/// Every layer by itself, after one of them could not be read. A layer that is missing is wrong
/// too: the image promises it.
Result<void> check_layers(const oci::Image& image, VerifyReport& report, const RunContext& run) {
    for (std::size_t i = 0; i < image.layers().size(); ++i) {
        Result<void> checked = oci::verify_layer(*image.layers()[i], {}, run);
        if (checked) {
            continue;
        }
        if (!is_fault_of_image(checked.error()) && checked.error().code() != ErrorCode::not_found) {
            return checked;
        }
        report.problems.push_back(problem_of(checked.error(), fmt::format("layer {}", i + 1)));
    }
    return {};
}

/// The number of layers below the first one that envpack made; 0 when there is none, since then
/// there is no base to tell from.
std::size_t base_layers_of(const oci::ImageConfig& config) {
    const std::vector<LayerHistory> history = layer_history(config);
    const auto ours = std::ranges::find_if(history, [](const LayerHistory& layer) {
        return layer.comment.starts_with(oci::layer_recipe_prefix);
    });
    return ours == history.end() ? 0 : static_cast<std::size_t>(ours - history.begin());
}

/// What the history says of the build.
struct BuiltLayers {
    std::string layout = layout_in_history("");  ///< of the topmost layer
    std::size_t added = 0;                       ///< the topmost layers that --add brought
    bool estargz = false;                        ///< of the topmost layer
};

BuiltLayers built_layers_of(const oci::ImageConfig& config) {
    BuiltLayers result;
    for (const LayerHistory& layer : layer_history(config)) {
        if (!layer.comment.starts_with(oci::layer_recipe_prefix)) {
            continue;
        }
        result.layout = layout_in_history(layer.created_by);
        result.estargz = oci::recipe_makes_estargz(layer.comment);
        const std::string_view options =
            std::string_view(layer.created_by).substr(0, layer.created_by.find(':'));
        result.added =
            options.find(added_layer_option) == std::string_view::npos ? 0 : result.added + 1;
    }
    return result;
}

/// Tells what the base was wrong about before other layers were put on it. One thread.
class BaseRecords {
public:
    BaseRecords(const archive::StackedTree& image, std::size_t layers)
        : image_(image), layers_(layers) {}

    bool has(const archive::FileInfo& file) const { return file.layer && *file.layer < layers_; }

    /// The mismatches of a distribution whose RECORD the base has.
    Result<std::set<env::RecordMismatch>> mismatches(const SafePath& folder,
                                                     const RunContext& run) {
        if (tree_ == nullptr) {
            ENVPACK_TRY(tree_, image_.lowest(layers_));
        }
        ENVPACK_TRY(auto found, env::check_installed_record(*tree_, folder, {}, run));
        return std::set<env::RecordMismatch>(std::move_iterator(found.begin()),
                                             std::move_iterator(found.end()));
    }

private:
    const archive::StackedTree& image_;
    std::size_t layers_;
    std::unique_ptr<const archive::StackedTree> tree_;  ///< of the base; made when it is needed
};

/// RECORD of every distribution in the tree, whoever installed it and wherever. Only what the base
/// alone is wrong about in the same way, with a file of its own, is a problem of the base.
Result<void> check_records(const archive::StackedTree& tree, std::size_t base_layers,
                           VerifyReport& report, const RunContext& run) {
    struct Folder {
        SafePath path;
        bool in_base;
    };
    std::vector<Folder> folders;
    BaseRecords base(tree, base_layers);
    ENVPACK_CHECK(archive::walk_tree(
        tree,
        [&](const SafePath& path, const archive::FileInfo& info) -> Result<void> {
            if (path.name() == "RECORD" && info.type == archive::FileType::regular &&
                path.parent().name().ends_with(".dist-info")) {
                folders.push_back({path.parent(), base.has(info)});
            }
            return {};
        },
        run));
    std::ranges::sort(folders, {}, &Folder::path);
    for (const auto& [folder, in_base] : folders) {
        ENVPACK_TRY(const auto mismatches, env::check_installed_record(tree, folder, {}, run));
        std::set<env::RecordMismatch> of_base;
        if (in_base && !mismatches.empty()) {
            ENVPACK_TRY(of_base, base.mismatches(folder, run));
        }
        for (const env::RecordMismatch& mismatch : mismatches) {
            (of_base.contains(mismatch) ? report.base_problems : report.problems)
                .push_back({.rule = mismatch.rule,
                            .text = fmt::format("{}: {}", text::printable(folder.name()),
                                                mismatch.message)});
        }
        run.report("RECORD files", ++report.distributions, folders.size());
    }
    return {};
}

/// What snapshotters would mount instead of the tar.
void check_estargz(const ImageDocuments& documents, const ImageContent& content,
                   std::size_t base_layers, VerifyReport& report) {
    const EstargzParts estargz(documents, content);
    for (std::size_t i = 0; i < documents.manifest.layers.size(); ++i) {
        if (estargz.is_false(i)) {
            (i < base_layers ? report.base_problems : report.problems)
                .push_back({.rule = "verify.estargz-toc",
                            .text = fmt::format("layer {} has not the table of contents that the "
                                                "manifest names",
                                                i + 1)});
        }
    }
}

/// The time that the build gave the image.
Result<UnixTime> time_of(const oci::ImageConfig& config) {
    ENVPACK_TRY(const std::string_view created, json::string_at(config.document, "created"));
    return parse_date_or_time(created);
}

Result<void> compare_with_rebuild(const VerifyOptions& options, const ImageDocuments& documents,
                                  VerifyReport& report, const UserConfig& user,
                                  const RunContext& run) {
    const auto rebuilding = fmt::format("while building `{}` again", options.lock->string());
    BuildOptions build{.input = *options.lock,
                       .base = options.base,
                       .no_build = options.no_build,
                       .indexes = options.indexes};
    const BuiltLayers said = built_layers_of(documents.config);
    ENVPACK_TRY(build.layout, build_layout_named(said.layout));
    build.estargz = said.estargz;
    const auto prefix = oci::env_value(documents.config, "VIRTUAL_ENV");
    if (prefix && build.layout != BuildLayout::system) {
        build.prefix = *prefix;
    }
    build.constraints =
        oci::env_value(documents.config, "PIP_CONSTRAINT") == std::string(baked_constraints_path);
    if (!documents.manifest.layers.empty()) {
        // The diff_ids do not depend on it, but the digest does. eStargz is gzip.
        const auto theirs = oci::media_type_info(documents.manifest.layers.back().media_type);
        if (theirs.compression && !build.estargz) {
            build.compression = *theirs.compression;
        }
    }
    ENVPACK_TRY(const UnixTime created, with_context(time_of(documents.config), rebuilding));
    ENVPACK_TRY(
        const BuiltImage built,
        with_context(
            build_image(build, created, {.scratch = user.cache_directory() / "scratch"}, user, run),
            rebuilding));

    const std::vector<oci::LayerPtr>& ours = built.image->layers();
    std::vector<oci::LayerPtr> theirs = documents.image->layers();
    // They come from a disk that is not here, and lie on top of all others.
    theirs.resize(theirs.size() - std::min(said.added, theirs.size()));
    if (ours.size() != theirs.size()) {
        report.problems.push_back({.rule = "verify.layer-count",
                                   .text = fmt::format("the image has {} layers, built again {}",
                                                       theirs.size(), ours.size())});
    }
    const std::size_t base_layers = ours.size() - built.layers.size();
    for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
        if (ours[i]->diff_id() == theirs[i]->diff_id()) {
            continue;
        }
        report.problems.push_back(
            {.rule = "verify.layer",
             .text =
                 fmt::format("layer {} ({}) has diff_id {}, built again {}", i + 1,
                             i < base_layers ? "of the base" : built.layers[i - base_layers].title,
                             theirs[i]->diff_id().to_string(), ours[i]->diff_id().to_string())});
    }
    report.rebuilt = true;
    if (report.digest) {
        report.same_digest = oci::digest_of(*built.image) == *report.digest;
    }
    return {};
}

json::Value problem_list(const std::vector<VerifyProblem>& problems) {
    json::Array list;
    for (const VerifyProblem& problem : problems) {
        list.emplace_back(
            json::Object{{"rule", json::text_or_null(problem.rule)}, {"text", problem.text}});
    }
    return list;
}

std::string lines_of(const std::vector<VerifyProblem>& problems, std::string_view prefix) {
    std::string lines;
    for (const VerifyProblem& problem : problems) {
        lines += fmt::format("{}{}{}{}\n", prefix, text::printable(problem.rule),
                             problem.rule.empty() ? "" : ": ",
                             text::printable(problem.text, max_problem));
    }
    return lines;
}

}  // namespace

json::Value VerifyReport::to_json() const {
    json::Value document;
    document.set("schema", verify_schema);
    document.set("image", image);
    document.set("digest", digest_or_null(digest));
    document.set("ok", problems.empty());
    document.set("layers", static_cast<std::uint64_t>(layers));
    document.set("distributions", static_cast<std::uint64_t>(distributions));
    document.set("same_digest", same_digest ? json::Value(*same_digest) : json::Value());
    document.set("problems", problem_list(problems));
    document.set("base_problems", problem_list(base_problems));
    return document;
}

std::string VerifyReport::to_text() const {
    std::string result = lines_of(base_problems, "in the base: ") + lines_of(problems, "");
    if (problems.empty()) {
        result += fmt::format("{}: {} layers and {} distributions are as they say", image, layers,
                              distributions);
        if (rebuilt) {
            result += same_digest.value_or(false)
                          ? ", and built again the image has the same digest"
                          : ", and built again the layers are the same";
        }
        result += '\n';
    }
    return result;
}

Result<VerifyReport> verify(const VerifyOptions& options, const UserConfig& user,
                            const RunContext& run) {
    VerifyReport report{.image = options.image, .digest = std::nullopt};
    ENVPACK_CHECK(Source::parse(options.image));
    const Result<ImageDocuments> documents = read_documents(options.image, user, run);
    if (!documents) {
        if (!is_fault_of_image(documents.error())) {
            return fail(documents.error());
        }
        report.problems.push_back(problem_of(documents.error(), options.image));
        return report;
    }
    report.digest = documents->digest();
    report.layers = documents->image->layers().size();
    const Result<ImageContent> content = read_content(*documents, run);
    if (!content) {
        ENVPACK_CHECK(check_layers(*documents->image, report, run));
        if (report.problems.empty()) {  // each layer makes sense, but not on top of the others
            if (!is_fault_of_image(content.error())) {
                return fail(content.error());
            }
            report.problems.push_back(problem_of(content.error(), options.image));
        }
        return report;
    }
    const std::size_t base_layers = base_layers_of(documents->config);
    ENVPACK_CHECK(check_records(*content->tree, base_layers, report, run));
    check_estargz(*documents, *content, base_layers, report);
    if (options.lock) {
        ENVPACK_CHECK(compare_with_rebuild(options, *documents, report, user, run));
    }
    return report;
}

}  // namespace envpack::pipeline
