#include "build_layers.hpp"

#include "added_files.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/oci/make_layer.hpp"
#include "envpack/oci/place_onto.hpp"
#include "needed_libraries.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr std::string_view build_command = "envpack build";
constexpr std::string_view layout_option = " --layout ";
/// Each needs some 20 MB, and up to 60 while others help. Further threads do that.
constexpr unsigned most_layers_at_once = 8;

std::string counted(std::size_t number, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", number, number == 1 ? one : many);
}

/// The entries with what was put off until it is wanted: wheels that were not opened.
Result<std::vector<archive::PlannedEntry>> with_contents(std::vector<archive::PlannedEntry> entries,
                                                         const RunContext& run) {
    std::vector<const archive::PlannedEntry*> first_of_each;
    std::set<const archive::Content::Finder*> seen{nullptr};
    for (const archive::PlannedEntry& entry : entries) {
        if (seen.insert(entry.content.finder()).second) {
            first_of_each.push_back(&entry);
        }
    }
    ENVPACK_CHECK(parallel_for(
        first_of_each.size(),
        [&](std::size_t i) -> Result<void> {
            ENVPACK_TRY([[maybe_unused]] const auto opened, first_of_each[i]->content.found());
            return {};
        },
        run));
    for (archive::PlannedEntry& entry : entries) {
        ENVPACK_TRY(entry.content, entry.content.found());
    }
    return entries;
}

/// In bytes: plain ones are made and hashed, compressed ones read and written.
std::uint64_t cost_of(const std::vector<archive::PlannedEntry>& entries) {
    std::uint64_t cost = archive::plain_size(entries);
    for (const archive::PlannedEntry& entry : entries) {
        const auto* const deflated = entry.content.deflated();
        cost += deflated == nullptr ? 0 : deflated->data.size();
    }
    return cost;
}

/// Layers from the records, or written anew. Thread-safe.
struct LayerMaker {
    const archive::LayerWriteOptions& common;
    const std::filesystem::path& scratch;
    const BuildRecords& records;

    Result<oci::LayerPtr> find_or_make(const PlacedLayer& files, const RunContext& run) const {
        archive::LayerWriteOptions options = common;
        options.subject = files.title;
        const auto key =
            records.is_kept() ? layer_key(files.entries, files.wheels, options) : std::nullopt;
        if (oci::LayerPtr known = key ? records.find_layer(*key, run) : nullptr) {
            return known;
        }
        if (key && files.is_rest) {
            return make_rest(files.entries, *key, std::move(options), run);
        }
        ENVPACK_TRY(const auto entries, with_contents(files.entries, run));
        ENVPACK_TRY(oci::LayerPtr made, oci::make_layer(entries, options, scratch, run));
        if (key) {
            records.keep_layer(*key, *made);
        }
        return made;
    }

    /// Members that the layer before this one had are taken from there.
    Result<oci::LayerPtr> make_rest(const std::vector<archive::PlannedEntry>& files,
                                    const Digest& key, archive::LayerWriteOptions options,
                                    const RunContext& run) const {
        const Digest rest_key = members_key(common);
        options.track_members = true;
        std::vector<archive::PlannedEntry> entries;
        const auto prepare = [&](std::size_t part) -> Result<void> {
            if (part == 0) {
                options.known = records.find_members(rest_key, run);
            } else {
                ENVPACK_TRY(entries, with_contents(files, run));
            }
            return {};
        };
        ENVPACK_CHECK(parallel_for(2, prepare, run));
        ENVPACK_TRY(oci::MadeLayer made, oci::make_tracked_layer(entries, options, scratch, run));
        records.keep_members(rest_key, *made.layer, made.packed);
        records.keep_layer(key, *made.layer);
        return std::move(made.layer);
    }
};

}  // namespace

LayerStack::LayerStack(const BuildBase& base) : base_(base), tree_(base.tree) {}

Result<void> LayerStack::add_packages(std::vector<PlannedFiles> planned) {
    // All onto the base alone: they bring no path twice, and share only folders of the layout.
    for (PlannedFiles& files : planned) {
        base_.place.settle(files.entries, false);
        ENVPACK_TRY(auto entries,
                    with_context(oci::place_onto(*base_.tree, std::move(files.entries)),
                                 fmt::format("while placing {}", files.title)));
        layers_.push_back({.title = std::move(files.title),
                           .entries = std::move(entries),
                           .wheels = std::move(files.wheels),
                           .is_rest = files.is_rest});
    }
    return {};
}

Result<void> LayerStack::check_not_of_packages(
    const std::vector<archive::PlannedEntry>& entries) const {
    for (const archive::PlannedEntry& entry : entries) {
        if (entry.type == archive::FileType::directory) {
            continue;
        }
        ENVPACK_TRY(const auto parent, archive::resolve(tree_, entry.path.parent()));
        if (!parent) {
            continue;
        }
        const SafePath path = *parent / entry.path.name();
        const archive::PlannedEntry* const there = tree_.planned(path);
        const bool is_same = there != nullptr && there->type == entry.type &&
                             there->mode == entry.mode && there->sha256 == entry.sha256 &&
                             there->link_target == entry.link_target;
        if (there != nullptr && !is_same) {
            return fail(Error(ErrorCode::invalid_argument,
                              fmt::format("`{}` is to be added, and a package of the build brings "
                                          "it with other content",
                                          path.str()))
                            .with_rule("plan.path-conflict")
                            .with_path(path.str()));
        }
    }
    return {};
}

Result<void> LayerStack::add_files(const BuildOptions& options, const std::string& workdir,
                                   const env::Environment& variables, const UserConfig& user,
                                   const RunContext& run) {
    for (const PlacedLayer& layer : layers_) {
        tree_.add(layer.entries);
    }
    ENVPACK_TRY(AddedFiles added, read_added_files(options.add, workdir, tree_, run));
    ENVPACK_CHECK(check_not_of_packages(added.entries));
    if (added.left_out > 0) {
        notes.push_back(
            fmt::format("{} not added: byte code that Python makes again, and "
                        "folders of version control",
                        counted(added.left_out, "file or folder is", "files and folders are")));
    }
    if (options.input.empty()) {  // else they are in the layer of the environment
        for (archive::PlannedEntry& entry : base_.place.own_entries()) {
            added.entries.push_back(std::move(entry));
        }
    }
    base_.place.settle(added.entries, true);
    std::size_t files = 0;
    for (const archive::PlannedEntry& entry : added.entries) {
        files += entry.type == archive::FileType::directory ? 0 : 1;
    }
    ENVPACK_TRY(auto entries, with_context(oci::place_onto(tree_, std::move(added.entries)),
                                           "while placing the files of --add"));
    tree_.add(entries);
    if (options.with_libs) {
        ENVPACK_TRY(NeededLibraries needed,
                    needed_libraries(entries, tree_, base_, variables, user, run));
        libraries = std::move(needed.libraries);
        const std::string title = counted(libraries.size(), "shared library", "shared libraries");
        ENVPACK_TRY(auto placed, with_context(oci::place_onto(tree_, std::move(needed.entries)),
                                              "while placing the libraries of --with-libs"));
        layers_.push_back({.title = title,
                           .option = std::string(added_layer_option) + " --with-libs",
                           .entries = std::move(placed)});
    }
    layers_.push_back({.title = counted(files, "added file", "added files"),
                       .option = std::string(added_layer_option),
                       .entries = std::move(entries)});
    return {};
}

Result<std::vector<RecordedLayer>> write_layers(const std::vector<PlacedLayer>& placed,
                                                BuildLayout layout,
                                                const archive::LayerWriteOptions& common,
                                                const BuildStores& stores, const RunContext& run) {
    const std::string of_layout =
        layout == BuildLayout::venv ? "" : fmt::format("{}{}", layout_option, to_string(layout));
    archive::LayerWriteOptions shared = common;
    RunContext writers = run;
    writers.max_parallel = std::clamp(run.max_parallel, 1U, most_layers_at_once);
    shared.workers =
        std::make_shared<TaskPool>(std::max(run.max_parallel, 1U) - writers.max_parallel);
    const LayerMaker maker{.common = shared, .scratch = stores.scratch, .records = stores.records};

    std::vector<const PlacedLayer*> wanted;
    for (const PlacedLayer& files : placed) {
        if (!files.entries.empty()) {  // else the base has all of it
            wanted.push_back(&files);
        }
    }
    ENVPACK_TRY(std::vector<oci::LayerPtr> layers,
                parallel_map<oci::LayerPtr>(
                    largest_first(wanted.size(),
                                  [&](std::size_t i) { return cost_of(wanted[i]->entries); }),
                    [&](std::size_t i) {
                        return with_context(
                            maker.find_or_make(*wanted[i], run),
                            fmt::format("while writing the layer of {}", wanted[i]->title));
                    },
                    writers, shared.workers.get()));

    std::vector<RecordedLayer> written;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const PlacedLayer& files = *wanted[i];
        written.push_back({.layer = std::move(layers[i]),
                           .title = files.title,
                           .created_by = fmt::format("{}{}{}: {}", build_command, of_layout,
                                                     files.option, files.title),
                           .comment = oci::layer_recipe(common)});
    }
    return written;
}

std::string layout_in_history(std::string_view created_by) {
    const std::string_view options = created_by.substr(0, created_by.find(':'));
    const std::size_t start =
        options.starts_with(build_command) ? options.find(layout_option) : std::string_view::npos;
    if (start == std::string_view::npos) {
        return std::string(to_string(BuildLayout::venv));
    }
    const std::string_view name = options.substr(start + layout_option.size());
    return std::string(name.substr(0, name.find(' ')));
}

}  // namespace envpack::pipeline
