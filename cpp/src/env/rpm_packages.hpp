#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::env {

/// A header of an rpm database: the format of rpm's manual, docs/manual/hregions.md and
/// format_header.md, without the magic. Views live as long as its bytes.
class RpmHeader {
public:
    /// Bytes that are no header have no tags.
    explicit RpmHeader(std::string_view bytes);

    std::string_view name() const;
    std::string_view version() const;  ///< without epoch and release: `12.4.127`
    std::string full_version() const;  ///< `[epoch:]version-release`, as `rpm -q` has it
    /// Absolute paths, of folders too.
    void for_each_file(const std::function<void(std::string_view)>& visit) const;

private:
    struct Entry {
        std::uint32_t tag = 0;
        std::uint32_t type = 0;
        std::uint32_t offset = 0;
        std::uint32_t count = 0;
    };
    const Entry* find(std::uint32_t tag, std::uint32_t type) const;
    std::vector<std::string_view> texts(std::uint32_t tag) const;
    std::vector<std::uint32_t> numbers(std::uint32_t tag) const;

    std::vector<Entry> entries_;
    std::string_view data_;
};

/// The header of every package that is installed, from rpmdb.sqlite, by SQLite: what rpm writes
/// since 4.16 (RHEL 9, Fedora 33, UBI 9). None where there is no such database, or one of more
/// than 64 MiB. io_error, with SQLite's words, for one that is damaged. Older databases (Berkeley
/// DB, ndb) are not read.
Result<void> for_each_rpm_package(const archive::FileTree& tree,
                                  const std::function<void(const RpmHeader&)>& visit,
                                  const RunContext& run);

/// Whether that reads the content of this file.
bool is_rpm_database(const SafePath& path, const archive::FileInfo& info);

}  // namespace envpack::env
