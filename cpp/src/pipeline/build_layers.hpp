#pragma once

#include "build_base.hpp"
#include "build_plan.hpp"
#include "build_records.hpp"
#include "envpack/archive/content.hpp"
#include "envpack/archive/layer_writer.hpp"
#include "envpack/archive/planned_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/site_packages.hpp"
#include "envpack/oci/append.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// From planned files to the layers of an image: placed first, all of them, then written.

namespace envpack::pipeline {

/// What the history says of a layer that --add brought.
inline constexpr std::string_view added_layer_option = " --add";

/// One layer before it is written.
struct PlacedLayer {
    std::string title;
    std::string option = {};  ///< of the command, where it is not the layout's: " --add"
    std::vector<archive::PlannedEntry> entries = {};
    std::optional<std::vector<Digest>> wheels = std::nullopt;  ///< as PlannedFiles has it
    bool is_rest = false;                                      ///< the same
};

/// Layers over a base, each aware of those before it. One thread.
class LayerStack {
public:
    explicit LayerStack(const BuildBase& base);

    /// The files of packages, with the owner and modes of the layout.
    Result<void> add_packages(std::vector<PlannedFiles> planned);
    /// Those of `options.add`, and below them a layer of the libraries that they need. `workdir`
    /// and `variables` are those of the finished image.
    Result<void> add_files(const BuildOptions& options, const std::string& workdir,
                           const env::Environment& variables, const UserConfig& user,
                           const RunContext& run);

    const std::vector<PlacedLayer>& layers() const noexcept { return layers_; }
    std::vector<CopiedLibrary> libraries = {};
    std::vector<std::string> notes = {};

private:
    Result<void> check_not_of_packages(const std::vector<archive::PlannedEntry>& entries) const;

    const BuildBase& base_;
    archive::PlannedTree tree_;  ///< with all layers, once files are added
    std::vector<PlacedLayer> layers_;
};

/// The layers, those that the records have where an earlier build wrote them, the others made now.
Result<std::vector<RecordedLayer>> write_layers(const std::vector<PlacedLayer>& placed,
                                                BuildLayout layout,
                                                const archive::LayerWriteOptions& common,
                                                const BuildStores& stores, const RunContext& run);

/// The layout that a history's `created_by` names; that of BuildOptions where it names none.
std::string layout_in_history(std::string_view created_by);

}  // namespace envpack::pipeline
