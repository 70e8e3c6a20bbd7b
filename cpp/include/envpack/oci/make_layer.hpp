#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/layer_writer.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/oci/layer.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::oci {

/// Writes `entries` (in the order of merge_entries(), usually from place_onto()) as one layer into
/// a file without a name in `directory`, and gives the layer: nothing is left behind when the
/// process dies, and the space is free again with the last LayerPtr. `directory` is made if
/// needed; it wants room for the whole compressed layer. Failures as archive::write_layer().
Result<LayerPtr> make_layer(std::span<const archive::PlannedEntry> entries,
                            const archive::LayerWriteOptions& options,
                            const std::filesystem::path& directory, const RunContext& run = {});

/// What every layer_recipe() begins with: so a layer of envpack is told in a history.
inline constexpr std::string_view layer_recipe_prefix = "envpack layer format ";

/// The same, and where its members are that were packed (LayerWriteOptions::track_members).
struct MadeLayer {
    LayerPtr layer;
    std::vector<archive::PackedMember> packed = {};
};
Result<MadeLayer> make_tracked_layer(std::span<const archive::PlannedEntry> entries,
                                     const archive::LayerWriteOptions& options,
                                     const std::filesystem::path& directory,
                                     const RunContext& run = {});

/// The recipe that decides a layer's bytes, for its history comment: "envpack layer format 1, gzip
/// encoder 2". The first number stands for the diff_id, the second for the digest.
std::string layer_recipe(const archive::LayerWriteOptions& options);
/// Whether it is that of an eStargz: ", estargz 1" at its end.
bool recipe_makes_estargz(std::string_view recipe) noexcept;

}  // namespace envpack::oci
