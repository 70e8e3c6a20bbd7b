#pragma once

#include "envpack/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::archive {

/// What the extended header of one member says instead of its header block.
struct PaxRecords {
    std::optional<std::string> path;
    std::optional<std::string> link_path;
    std::optional<std::uint64_t> size;
    std::optional<std::uint64_t> uid;
    std::optional<std::uint64_t> gid;
    std::optional<std::int64_t> mtime;
    std::vector<std::pair<std::string, std::string>> xattrs;
    bool changes_members = false;  ///< any record but a time that a reader uses
};

/// The records of a PAX header (POSIX.1-2017, pax, "pax Extended Header"). Where parsers are known
/// to differ the header is refused: reliability.md T6.
Result<PaxRecords> parse_pax(std::string_view body);

}  // namespace envpack::archive
