#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/wheel/wheel_archive.hpp"

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace envpack::wheel {

/// Wheels unpacked before, each verified against its RECORD while it was written, so that their
/// files can be linked instead of inflated:
///
///     <root>/<aa>/<sha256 of the wheel>/files/…    with mode 0644 or 0755
///     <root>/<aa>/<sha256 of the wheel>/list       size, mode and mtime of every file
///
/// Entries appear whole or not at all, after they reached the disk. A file whose size, mode or
/// mtime is no longer that of the list was written to, perhaps through an environment that shares
/// it: then the whole entry is removed and counts as absent. Contents are not hashed again.
/// New folders are 0700. Thread-safe, also between processes.
class WheelStore {
public:
    explicit WheelStore(std::filesystem::path root) : root_(std::move(root)) {}

    /// The wheel with that digest, its contents files of the store; nullopt when absent or changed.
    Result<std::optional<WheelArchive>> find(const Digest& sha256, std::string_view filename,
                                             const Limits& limits = {}) const;

    /// A wheel that is unpacked but not yet in its place; discarded with its handle.
    struct Unpacked {
        Digest sha256;
        TemporaryDirectory folder;
    };
    /// Fails with digest_mismatch and rule `record.hash-mismatch`, like WheelArchive::verify().
    Result<Unpacked> unpack(const WheelArchive& wheel, const Digest& sha256,
                            const RunContext& run = {}) const;
    /// Puts them in their places, after one sync for all.
    Result<void> publish(std::vector<Unpacked> wheels) const;

private:
    std::filesystem::path folder_of(const Digest& sha256) const;
    std::filesystem::path root_;
};

}  // namespace envpack::wheel
