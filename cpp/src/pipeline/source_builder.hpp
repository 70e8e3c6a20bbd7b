#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/index/cache.hpp"
#include "envpack/packaging/tag.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/pipeline/user_indexes.hpp"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// A wheel in the cache.
struct BuiltWheel {
    std::filesystem::path path;
    std::string filename;
    Digest sha256;
};

/// Makes wheels from source through pip of a Python on this machine, in an isolated environment
/// (PEP 517): the only place where envpack runs code of packages. A wheel of known source is built
/// once and kept in the cache. Thread-safe; builds one at a time.
class SourceBuilder {
public:
    /// For `target`, whose wheels have `tags`. `target_python` is its program where it is on this
    /// machine, else empty. `allowed` false refuses every build (--no-build).
    SourceBuilder(const env::Interpreter& target, const std::vector<packaging::Tag>& tags,
                  std::filesystem::path target_python, const IndexOptions& indexes,
                  const UserConfig& user, bool allowed);

    /// The wheel of `source`: the path of an sdist or a project folder, or a file URL. `what` names
    /// it for people. `key` is a digest that stands for the source's content; none: it is built
    /// anew. build_failed when pip fails, or the wheel does not fit the target; not_found without a
    /// Python that has pip.
    Result<BuiltWheel> build(const std::string& source, std::string_view what,
                             const std::optional<Digest>& key, const RunContext& run) const;

    /// The wheel that build() made before under this key; nullopt when it is not there any more.
    Result<std::optional<BuiltWheel>> find_built(const Digest& key, const RunContext& run) const;
    /// build_failed when a wheel of that name is not for the target; `what` names it for people.
    Result<void> check_fits(std::string_view filename, std::string_view what) const;

    /// `key` for this target: other Pythons build other wheels.
    Digest target_key(const Digest& key) const;
    const UserConfig& user() const noexcept { return user_; }
    const index::Cache& cache() const noexcept { return cache_; }

private:
    Result<std::filesystem::path> find_python(const RunContext& run) const;
    Result<BuiltWheel> run_pip(const std::string& source, std::string_view what,
                               const RunContext& run) const;

    std::string version_;  ///< "3.11"; "3.13t" for a free-threaded Python
    std::string target_;   ///< everything about the target that a wheel can depend on
    packaging::TagIndex tags_;
    std::string machine_;
    std::filesystem::path target_python_;
    std::vector<std::string> folder_arguments_;
    std::vector<std::string> pip_environment_;
    bool has_policy_;  ///< of indexes, that pip does not know
    mutable bool is_policy_noted_ = false;
    UserConfig user_;
    index::Cache cache_;
    bool allowed_;
    mutable std::mutex mutex_;
    mutable std::optional<std::filesystem::path> python_;
};

}  // namespace envpack::pipeline
