#include "envpack/pipeline/build.hpp"

#include "build_image.hpp"
#include "build_records.hpp"
#include "build_sidecars.hpp"
#include "destination.hpp"
#include "package_hooks.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {

json::Value BuildReport::to_json() const {
    json::Value report;
    report.set("output", output);
    report.set("digest", digest.to_string());
    report.set("base_digest", base_digest.to_string());
    json::Array items;
    for (const BuiltLayer& layer : layers) {
        json::Value item;
        item.set("title", layer.title);
        item.set("digest", layer.digest.to_string());
        item.set("diff_id", layer.diff_id.to_string());
        item.set("size", layer.size);
        items.push_back(std::move(item));
    }
    report.set("layers", std::move(items));
    json::Array copied;
    for (const CopiedLibrary& library : libraries) {
        copied.emplace_back(json::Object{{"path", library.path},
                                         {"needed_by", library.needed_by},
                                         {"source", library.source.string()}});
    }
    report.set("libraries", std::move(copied));
    report.set("startup_hooks", hook_list(startup_hooks));
    json::Array lines(notes.begin(), notes.end());
    report.set("notes", std::move(lines));
    return report;
}

std::string BuildReport::to_text() const {
    std::string text;
    for (const BuiltLayer& layer : layers) {
        text += fmt::format("{}  {:>12}  {}\n", layer.digest.to_string(), layer.size, layer.title);
    }
    for (const CopiedLibrary& library : libraries) {
        text += fmt::format("{}  copied from {}, for {}\n", library.path, library.source.string(),
                            library.needed_by);
    }
    text += hook_lines(startup_hooks);
    return text + fmt::format("{}  {}\n", digest.to_string(), output);
}

Result<BuildReport> build(const BuildOptions& options, const UserConfig& user,
                          const RunContext& run) {
    ENVPACK_TRY(const Source target, parse_destination(options.output));
    ENVPACK_TRY(const UnixTime created, build_epoch(user));
    ENVPACK_TRY(BuildSidecars sidecars, BuildSidecars::open(options));
    const BuildStores stores{.records = BuildRecords(user, blobs_of(target), options.no_cache),
                             .scratch = scratch_of(target, user)};
    ENVPACK_TRY(BuiltImage built, build_image(options, created, stores, user, run));
    // Only now does anything at the destination get a name.
    ENVPACK_TRY(const oci::Descriptor written,
                with_context(write_image(*built.image, target, user, run),
                             fmt::format("while writing `{}`", options.output)));
    ENVPACK_CHECK(std::move(sidecars).commit(built, written.digest, target, options));
    return BuildReport{.output = options.output,
                       .digest = written.digest,
                       .base_digest = built.base_digest,
                       .layers = std::move(built.layers),
                       .libraries = std::move(built.libraries),
                       .startup_hooks = std::move(built.startup_hooks),
                       .notes = std::move(built.notes)};
}

}  // namespace envpack::pipeline
