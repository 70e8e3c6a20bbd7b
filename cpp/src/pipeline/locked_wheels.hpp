#pragma once

#include "direct_source.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/packaging/direct_url.hpp"
#include "envpack/packaging/tag.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/pipeline/user_indexes.hpp"
#include "envpack/wheel/install_plan.hpp"
#include "envpack/wheel/wheel_archive.hpp"
#include "source_builder.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace envpack::pipeline {

/// A package of a lock that a Python wants, and the wheel of it that fits best.
struct LockedChoice {
    const env::LockedPackage* package = nullptr;
    const env::LockedFile* file = nullptr;  ///< null: it is made from the package's source
};

/// Of the wheel, for largest_first(); 0 where the lock does not tell, and of what is built.
std::uint64_t size_of(const LockedChoice& choice);

using IsWanted = std::function<bool(const env::LockedPackage&)>;

/// The packages whose marker is true for `python` and that `is_wanted` says yes to. unsupported for
/// one that has neither a wheel for it nor a source; `who` is what people call that Python: "the
/// base".
Result<std::vector<LockedChoice>> choose_wheels(const env::Lock& lock,
                                                const env::Interpreter& python,
                                                std::string_view who, const IsWanted& is_wanted);

/// parse_error with rule `lock.file-name` unless the wheel is of that name and version.
Result<void> check_identity(const env::LockedPackage& package, const wheel::WheelArchive& wheel);

/// Where the files of a lock come from. Nothing is fetched before it is asked for, and no index is
/// opened when nothing of the lock is behind one. Thread-safe.
class LockSources {
public:
    /// `no_build` refuses what has to be built.
    static Result<std::unique_ptr<LockSources>> open(const env::Lock& lock,
                                                     const env::Interpreter& python,
                                                     const IndexOptions& options, bool no_build,
                                                     const UserConfig& user, const RunContext& run);
    const index::PackageIndex* index() const noexcept { return indexes_.index.get(); }
    DirectServices services() const { return {.builder = &builder_, .network = indexes_.services}; }

private:
    LockSources(UserIndexes indexes, const env::Interpreter& python,
                const std::vector<packaging::Tag>& tags, const IndexOptions& options, bool no_build,
                const UserConfig& user);
    UserIndexes indexes_;
    SourceBuilder builder_;
};

/// The sha256 of a file, and what it was when it was hashed.
struct HashedFile {
    Digest sha256;
    struct stat status;
};
using LocalDigests = std::map<std::filesystem::path, HashedFile>;

/// Of the files of `choices` that are on this machine, hashed two at a time (docs/adr/0015). Left
/// out are those that cannot be read, an odd one, and all where two at a time is no faster.
/// `folder` is the lock's.
Result<LocalDigests> digests_of_local_files(const std::vector<LockedChoice>& choices,
                                            const std::filesystem::path& folder,
                                            const RunContext& run);

/// The wheel on this machine: fetched and verified, or made from source. `folder` is the lock's; a
/// file that `hashed` has, and that is still the same, is not read for that.
Result<BuiltWheel> wheel_file(const LockedChoice& choice, const std::filesystem::path& folder,
                              const LockSources& sources, const LocalDigests& hashed,
                              const RunContext& run);

/// What direct_url.json says of a package that the lock names by its place (PEP 610); nullopt for
/// one of an index.
Result<std::optional<packaging::DirectUrl>> origin_of(const env::LockedPackage& package,
                                                      const std::filesystem::path& folder);
/// How its wheel is installed: with that direct_url.json.
Result<wheel::InstallOptions> install_options_of(const env::LockedPackage& package,
                                                 const std::filesystem::path& folder);

}  // namespace envpack::pipeline
