#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/packaging/core_metadata.hpp"
#include "envpack/packaging/entry_points.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "envpack/packaging/wheel_metadata.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::wheel {

/// The suffix of the folder that describes a distribution.
inline constexpr std::string_view dist_info_suffix = ".dist-info";

/// One file of a wheel, as it lies in the archive. Value; not synchronised.
struct WheelFile {
    SafePath path;            ///< inside the archive
    bool executable = false;  ///< any exec bit of the Unix mode in the zip
    archive::Content content = {};
    std::optional<Digest> sha256 = std::nullopt;  ///< RECORD's promise, if it has one
};

/// A wheel file, opened and checked (PEP 427, PEP 491, binary distribution format specification).
///
/// What may surprise: nothing is unpacked and no payload byte is read, only the archive's
/// directory and the texts in .dist-info. RECORD is checked for completeness (every file has a
/// row, every row a file, sizes are right, no hash is weaker than sha256); the hashes themselves
/// are checked by whoever reads the bytes: the writer of a layer, or verify(). Rows without a
/// sha256 are accepted and noted. Cheap to copy. Thread-safe.
class WheelArchive {
public:
    /// Fails with parse_error, limit_exceeded, unsupported or digest_mismatch and a rule id
    /// `zip.*`, `wheel.*` or `record.*` when the file is not a wheel that every reader would
    /// understand alike. The name of the file on disk must be a wheel's.
    static Result<WheelArchive> open(const std::filesystem::path& path, const Limits& limits = {});
    /// The same for a file that is stored under another name, such as a cache entry.
    static Result<WheelArchive> open_as(const std::filesystem::path& path,
                                        std::string_view filename, const Limits& limits = {});
    /// The same for a wheel whose files lie somewhere else than in an archive; their `sha256` is
    /// set anew, from RECORD. `files` are sorted bytewise by path.
    static Result<WheelArchive> from_files(std::string_view filename, std::vector<WheelFile> files,
                                           const Limits& limits = {});

    const packaging::WheelFilename& filename() const noexcept;
    const packaging::PackageName& name() const noexcept;
    const packaging::Version& version() const noexcept;
    const packaging::WheelMetadata& wheel_metadata() const noexcept;
    const packaging::CoreMetadata& metadata() const noexcept;
    /// Empty when the wheel has no entry_points.txt.
    const packaging::EntryPoints& entry_points() const noexcept;
    /// The one .dist-info folder, such as `numpy-2.1.0.dist-info`.
    const SafePath& dist_info() const noexcept;
    /// Sorted bytewise by path; directories are left out.
    const std::vector<WheelFile>& files() const noexcept;
    /// nullptr when the wheel has no such file.
    const WheelFile* find(const SafePath& path) const noexcept;
    /// Oddities that are no reason to refuse the wheel, for people.
    const std::vector<std::string>& notes() const noexcept;

    /// Reads every file once: sizes, CRC-32 and RECORD's hashes. digest_mismatch with rule
    /// `record.hash-mismatch` names the first file, in path order, that RECORD describes otherwise.
    Result<void> verify(const RunContext& run = {}) const;

private:
    struct State;
    explicit WheelArchive(std::shared_ptr<const State> state) noexcept;
    std::shared_ptr<const State> state_;
};

}  // namespace envpack::wheel
