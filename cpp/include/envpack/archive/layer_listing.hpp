#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::archive {

/// Says for which files of a layer the content is kept. The path is the member's own, before
/// links of lower layers in it are resolved.
using CaptureFilter = std::function<bool(const SafePath& path, const FileInfo& info)>;

/// Whether the bytes of every regular file are hashed while a layer is listed. It costs about as
/// much again as the hash of the whole layer, and 32 bytes a file.
enum class FileDigests : bool { none, sha256 };

/// What the tar of one image layer says, in its order, with the contents that were asked for.
/// About 50 bytes an entry beside the path. Value; not synchronised.
///
/// Whiteouts are OCI's (image-spec layer.md, "Whiteouts"). Members that no SafePath can hold
/// (invalid UTF-8, control characters) are left out and counted. AUFS bookkeeping (`.wh..wh.*`)
/// is left out. Extended attributes are not kept.
class LayerListing {
public:
    enum class Kind : std::uint8_t {
        file,       ///< any file type, directories included
        hard_link,  ///< to `link_target`, a path of this or a lower layer
        whiteout,   ///< hides `path` of lower layers
        opaque,     ///< hides everything below `path` of lower layers
    };
    /// The views live as long as the listing.
    struct Entry {
        Kind kind = Kind::file;
        FileType type = FileType::regular;
        std::string_view path;  ///< normalised; empty for the root
        std::string_view link_target = {};
        std::uint64_t size = 0;
        std::uint32_t mode = 0;
        std::uint64_t uid = 0;
        std::uint64_t gid = 0;
        std::int64_t mtime = 0;
        /// nullptr when the content was not captured.
        const std::string* captured = nullptr;
        /// nullptr when files were not hashed, and for what is no regular file.
        const Digest* sha256 = nullptr;
        std::uint64_t member = 0;  ///< index of the tar member, for streaming it again
    };

    std::size_t size() const noexcept { return records_.size(); }
    Entry entry(std::size_t index) const;
    std::uint64_t skipped() const noexcept { return skipped_; }    ///< members no path can hold
    std::uint64_t tar_size() const noexcept { return tar_size_; }  ///< plain bytes of the layer

    /// Files larger than this are never captured.
    static constexpr std::uint64_t max_captured_file = std::uint64_t{64} << 20;

private:
    friend class LayerListingBuilder;
    struct Record {
        std::uint64_t path_offset;
        std::uint64_t size;
        std::uint64_t member;
        std::int64_t mtime;
        std::uint32_t uid;
        std::uint32_t gid;
        std::uint32_t captured;  ///< index + 1
        std::uint32_t digest;    ///< index + 1
        std::uint16_t path_length;
        std::uint16_t link_length;  ///< the link target follows the path
        std::uint16_t mode;
        Kind kind;
        FileType type;
    };
    std::vector<Record> records_;
    std::string text_;
    std::vector<std::shared_ptr<const std::string>> captured_;
    std::vector<Digest> digests_;
    std::uint64_t skipped_ = 0;
    std::uint64_t tar_size_ = 0;
};

/// Streams a layer once. Memory grows with entries and captured bytes, not with the layer.
/// Rules beside those of TarReader: path.unsafe (a member that leaves the root),
/// layer.whiteout-name (`.wh.` alone, or of `.` and `..`, or as a folder).
Result<LayerListing> list_layer(std::unique_ptr<ByteSource> compressed_or_plain,
                                const CaptureFilter& capture, FileDigests digests,
                                const Limits& limits, const RunContext& run);
/// The same without digests.
Result<LayerListing> list_layer(std::unique_ptr<ByteSource> compressed_or_plain,
                                const CaptureFilter& capture, const Limits& limits,
                                const RunContext& run);

}  // namespace envpack::archive
