#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace envpack::archive {

/// How a file that lies on this machine already gets another name.
enum class LinkMode : std::uint8_t {
    automatic,  ///< the first of the three that the file system can do
    clone,      ///< a copy that shares its blocks until one of the two is written (reflink)
    hardlink,   ///< the same file: whoever writes into one name changes all
    copy,
};

/// "auto", "clone", "hardlink" or "copy"; invalid_argument for anything else.
Result<LinkMode> link_mode_named(std::string_view name);

/// Changes to a folder of this machine that take effect together: they are undone, in reverse, by
/// the destructor unless commit() was called. Only one is under way for a folder; begin() waits for
/// the other (flock).
///
/// What may surprise: no file that is there is ever overwritten, and no link on the way to a path
/// is followed. Every file appears whole, as does each folder of put_folder(). A process that is
/// killed leaves what it had done and a folder `.envpack.*`, which the next begin() removes.
/// Nothing is synced to disk. Modes are those of the entries, less the umask. Thread-safe.
class FolderChange {
public:
    /// Makes the folder and its parents if need be.
    static Result<FolderChange> begin(const std::filesystem::path& root, LinkMode mode,
                                      const RunContext& run = {});
    FolderChange(FolderChange&&) noexcept;
    FolderChange& operator=(FolderChange&&) = delete;
    ~FolderChange();

    /// Whether begin() made it, or found it without anything in it.
    bool was_empty() const noexcept;

    /// Moves files and links aside, and the folders that are empty then, up to those that `keep`
    /// names. What is not there is passed over; what is a folder stays.
    Result<void> take_out(std::span<const SafePath> paths, std::span<const SafePath> keep,
                          const RunContext& run = {});
    /// Moves a folder aside with all that is in it.
    Result<void> take_out_folder(const SafePath& path);

    /// Writes the entries in their order; neighbours in one folder are faster. A file whose content
    /// is a file is linked where it has the right mode, so hand over only files that nobody writes
    /// into. Where there is a file already it must have the same bytes: it stays, and is not part
    /// of what is undone. Otherwise invalid_argument with rule `install.path-conflict`; rule
    /// `install.link` where something that is no folder is in the way. digest_mismatch
    /// (`record.hash-mismatch`) for contents that are copied and are not what their sha256 says;
    /// kept files are linked and copied as they are.
    Result<void> put(std::span<const PlannedEntry> entries, const RunContext& run = {});
    /// The same for entries that are all below `folder`, which must not be there and appears whole.
    Result<void> put_folder(const SafePath& folder, std::span<const PlannedEntry> entries,
                            const RunContext& run = {});

    /// Makes it last.
    void commit() noexcept;

private:
    struct State;
    explicit FolderChange(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

}  // namespace envpack::archive
