#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/gzip_members.hpp"
#include "envpack/archive/layer_writer.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace envpack::archive {

/// invalid_argument (rule `layer.estargz-name`) where an entry has the name of a part of eStargz.
Result<void> check_estargz_names(std::span<const PlannedEntry> entries);

/// The entries behind the landmark, which readers want in front.
std::vector<PlannedEntry> with_estargz_landmark(std::span<const PlannedEntry> entries);

/// What the TOC says, collected while a layer is written: each tar entry, where the gzip members of
/// its content begin, and digests. One thread.
///
///     for each tar entry:  add(…); of a file with content: begin_content(…), content(…)…,
///                          end_content()
///     text(…), once the encoder has drained
class EstargzToc {
public:
    /// The header is that of the tar.
    void add(const TarHeader& header);
    /// The content of the last entry begins with gzip member `member`. `sha256` where it is known;
    /// `chunk` plain bytes are in each member but the last, 0: all of them in one.
    void begin_content(std::uint64_t member, const std::optional<Digest>& sha256,
                       std::size_t chunk);
    void content(std::span<const std::byte> data);
    void end_content();

    /// The JSON. Chunks are at most as large as the encoder's members.
    std::string text(const GzipMemberEncoder& encoder) const;

private:
    struct Entry {
        TarHeader header;
        std::uint64_t member = 0;
        std::size_t chunk = 0;
        Digest sha256 = Digest::of({});
        std::vector<Digest> chunks = {};  ///< where there are several
    };
    void end_chunk();

    std::vector<Entry> entries_;
    std::optional<Sha256> file_;
    std::optional<Sha256> open_chunk_;
    std::uint64_t in_chunk_ = 0;
};

/// The end of an eStargz blob whose TOC has its gzip member at `toc_offset`.
std::string estargz_footer(std::uint64_t toc_offset);

}  // namespace envpack::archive
