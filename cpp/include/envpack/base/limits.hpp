#pragma once

#include <cstddef>
#include <cstdint>

namespace envpack {

/// The bounds that every reader of foreign bytes obeys (design rule 9). A breach is
/// ErrorCode::limit_exceeded. Value; not synchronised.
struct Limits {
    /// Ratios mean nothing on small data: a page of zeros packs 1000:1. Unpacked bytes.
    static constexpr std::uint64_t ratio_from = std::uint64_t{64} << 20;

    std::uint64_t max_entries = 1'000'000;                   ///< members of one archive
    std::uint64_t max_entry_size = std::uint64_t{64} << 30;  ///< bytes of one member, unpacked
    std::uint64_t max_total_size = std::uint64_t{1} << 40;   ///< bytes of one archive, unpacked
    std::uint64_t max_ratio = 200;           ///< unpacked / packed, from `ratio_from` on
    std::size_t max_path = 4096;             ///< bytes of one path
    std::size_t max_segment = 255;           ///< bytes of one path segment
    std::size_t max_metadata = 16u << 20;    ///< METADATA, PKG-INFO, WHEEL, direct_url.json
    std::size_t max_record = 64u << 20;      ///< RECORD
    std::size_t max_json = 64u << 20;        ///< one JSON document, index pages included
    std::size_t max_manifest = 4u << 20;     ///< OCI manifest, index, config
    std::size_t max_text = 16u << 20;        ///< requirements file, lock, pip.conf
    std::size_t max_depth = 64;              ///< nesting of JSON, TOML, links, includes
    std::size_t max_error_body = 64u << 10;  ///< body of an HTTP error that is shown
};

}  // namespace envpack
