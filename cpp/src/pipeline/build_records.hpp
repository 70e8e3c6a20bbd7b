#pragma once

#include "envpack/archive/layer_writer.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/packed.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/index/cache.hpp"
#include "envpack/oci/layer.hpp"
#include "envpack/oci/target.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "package_hooks.hpp"
#include "planned_files.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// A layer and what the report and the history say about it.
struct RecordedLayer {
    oci::LayerPtr layer;
    std::string title;
    std::string created_by;
    std::string comment;
};

/// All layers of a build on top of its base.
struct RecordedBuild {
    std::vector<RecordedLayer> layers;
    std::vector<std::string> notes;
    StartupHooks startup_hooks = {};
};

/// What earlier builds left in the cache, so that a layer is not made twice. A record says which
/// blob came of what a key stands for; the blob itself is where it was written, and a record
/// without its blob, of the right size, is as good as none. Kinds of records:
///
///     base-files-v1   the paths of a base, by its manifest          (RecordedTree)
///     base-packages-v1  the same with what describes its packages, for bills of materials
///     wheel-plans-v1  the files that a wheel brings, by its sha256  (wheel_plan_from())
///     layers-v1       the descriptor of a layer, by its files       (layer_key())
///     members-v1      where the last layer of small packages has its gzip members
///     builds-v1       all layers of a build, by lock and base       (build_key())
///
/// Thread-safe, also between processes.
class BuildRecords {
public:
    /// Nothing is found, nothing is kept.
    BuildRecords() = default;
    /// In the user's cache, unless ENVPACK_NO_CACHE is set. Blobs are looked for in `blobs`, which
    /// may be null. With `fresh` nothing is found, and everything kept anew.
    BuildRecords(const UserConfig& user, std::shared_ptr<const oci::Fetcher> blobs, bool fresh);

    bool is_kept() const noexcept { return cache_.has_value(); }
    /// Whether a layer can be found at all.
    bool finds_layers() const noexcept { return finds_ && blobs_ != nullptr; }

    std::optional<SharedText> find(std::string_view kind, const Digest& key) const;
    /// A cache that cannot be written is no failure: the next time is as slow as this one.
    void keep(std::string_view kind, const Digest& key, std::string_view text) const;

    oci::LayerPtr find_layer(const Digest& key, const RunContext& run) const;  ///< nullptr: none
    void keep_layer(const Digest& key, const oci::Layer& layer) const;
    /// Members of the last layer that was kept under this key, for one that differs a little.
    /// nullptr: none, or its blob is not in place, damaged, or too large for memory.
    std::shared_ptr<const archive::KnownMembers> find_members(const Digest& key,
                                                              const RunContext& run) const;
    void keep_members(const Digest& key, const oci::Layer& layer,
                      const std::vector<archive::PackedMember>& members) const;
    std::optional<RecordedBuild> find_build(const Digest& key, const RunContext& run) const;
    void keep_build(const Digest& key, const RecordedBuild& build) const;

private:
    oci::LayerPtr layer_in_place(oci::Descriptor descriptor, const Digest& diff_id,
                                 const RunContext& run) const;

    std::optional<index::Cache> cache_;
    std::shared_ptr<const oci::Fetcher> blobs_;
    bool finds_ = false;
};

/// Where a build leaves and finds other things than its image.
struct BuildStores {
    BuildRecords records = {};
    std::filesystem::path scratch;  ///< for layers on their way to the destination
};

/// A key of records of this envpack. `format` is another number where the same key would stand for
/// something else, or where the record is written in another way.
PackedWriter record_key(std::string_view kind, std::uint32_t format);

/// Stands for everything that decides the bytes of a layer. nullopt where something does that has
/// no digest yet: files of this machine.
std::optional<Digest> layer_key(const std::vector<archive::PlannedEntry>& entries,
                                const std::optional<std::vector<Digest>>& wheels,
                                const archive::LayerWriteOptions& options);

/// Stands for what makes gzip members of plain bytes; one place for the last layer of packages that
/// have none of their own.
Digest members_key(const archive::LayerWriteOptions& writing);

/// Stands for everything that decides the layers of a build. `lock` is the text of the lock.
Digest build_key(std::string_view lock, const Digest& base, const BuildOptions& options,
                 const archive::LayerWriteOptions& writing);

}  // namespace envpack::pipeline
