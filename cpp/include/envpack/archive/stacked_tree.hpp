#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/archive/layer_listing.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace envpack::archive {

/// Starts the bytes of layer `layer` (compressed or plain) anew. Called from any thread.
using ReopenLayer = std::function<Result<std::unique_ptr<ByteSource>>(std::size_t layer)>;

/// What a layer did to a path of the layers below it, and hardly ever is meant (facts of the two
/// traps: image-spec layer.md, "Changeset over existing files"). Value; not synchronised.
struct LayerChange {
    enum class Kind : std::uint8_t {
        link_replaced,       ///< a symlink became a directory: what was reached through it is gone
        attributes_changed,  ///< a directory got another mode or owner
    };
    Kind kind = Kind::link_replaced;
    std::size_t layer = 0;  ///< index of the layer that did it
    std::string path;       ///< behind all links in its parent
    FileInfo before = {};
    FileInfo after = {};
};

/// The file system that a container of the image would see, never unpacked. Layers are applied as
/// containerd does it (archive/tar.go), oldest first. Thread-safe.
///
/// 1. The whiteouts of a layer act on the layers below it, wherever they stand in the tar, never on
///    their own layer. Opaque markers remove what the directory held before.
/// 2. Links in the parent of a path are followed inside the root: with `lib -> usr/lib` below,
///    `lib/x` becomes `usr/lib/x`. A parent that is missing is made (0755, root).
/// 3. A directory over a directory replaces its attributes and keeps its children; any other
///    meeting removes the old path with all below it: also a directory over a link.
/// 4. A hard link is its target as it is at that point, not followed when it is a symlink.
///
/// Rules: layer.parent (a parent is a file, or its links loop), layer.hard-link (no such target, or
/// a directory), layer.root (the root as anything but a directory).
class StackedTree final : public FileTree {
public:
    /// `layers` oldest first. open() of a file that was not captured streams its layer again
    /// through `reopen`, up to the file; without `reopen` it is unsupported.
    static Result<std::unique_ptr<const StackedTree>> make(
        std::vector<std::shared_ptr<const LayerListing>> layers, ReopenLayer reopen = nullptr,
        const Limits& limits = {});
    ~StackedTree() override;

    Result<std::optional<FileInfo>> lookup(const SafePath& path) const override;
    Result<std::vector<std::string>> list(const SafePath& path) const override;
    Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const override;

    /// The tree of the lowest `count` layers alone, as if the others were not there. Shares their
    /// listings.
    Result<std::unique_ptr<const StackedTree>> lowest(std::size_t count) const;
    /// Where the bytes of a regular file lie. nullopt when `path` is none. All names of a file have
    /// one place: a hard link to a file of a lower layer lies there, not in FileInfo::layer.
    struct ContentPlace {
        std::size_t layer = 0;     ///< index
        std::uint64_t member = 0;  ///< of its tar, from 0
        auto operator<=>(const ContentPlace&) const = default;
    };
    std::optional<ContentPlace> content_place(const SafePath& path) const;

    /// In the order of layers, and of members in them.
    const std::vector<LayerChange>& changes() const noexcept;
    /// What a layer says itself, whatever the others do to it.
    const LayerListing& layer(std::size_t index) const;
    std::size_t layer_count() const noexcept;
    /// Number of visible paths, the root included.
    std::size_t node_count() const noexcept;

private:
    struct State;
    explicit StackedTree(std::unique_ptr<const State> state) noexcept;
    std::unique_ptr<const State> state_;
};

}  // namespace envpack::archive
