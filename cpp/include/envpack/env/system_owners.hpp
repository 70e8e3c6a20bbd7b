#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace envpack::env {

/// Which package of the system brought a file: of dpkg, by the lists in /var/lib/dpkg/info, of rpm,
/// by rpmdb.sqlite (since rpm 4.16; older databases are not read), or of conda, by `conda-meta`.
/// Immutable.
class SystemOwners {
public:
    SystemOwners() = default;
    /// Of `files` only, paths behind all links; `prefix` is that of conda, if the tree has it. A
    /// list that cannot be read names nothing. Of images, what system_owners_want() says is needed.
    static Result<SystemOwners> read(const archive::FileTree& tree,
                                     const std::unordered_set<SafePath>& files,
                                     const SafePath& prefix, const RunContext& run);

    /// "libssl3 3.0.15-1 (dpkg)", "openssl-libs 1:3.2.2-6.el9_5 (rpm)", "openssl 3.4.0 (conda)";
    /// empty when none of them has it.
    std::string owner(const SafePath& path) const;

private:
    Result<void> read_dpkg(const archive::FileTree& tree, const std::unordered_set<SafePath>& files,
                           const RunContext& run);
    Result<void> read_rpm(const archive::FileTree& tree, const std::unordered_set<SafePath>& files,
                          const RunContext& run);
    Result<void> read_conda(const archive::FileTree& tree,
                            const std::unordered_set<SafePath>& files, const SafePath& prefix,
                            const RunContext& run);

    std::unordered_map<SafePath, std::string> owners_;
};

/// Whether read() may read the content of this file, as inventory_wants().
bool system_owners_want(const SafePath& path, const archive::FileInfo& info);

}  // namespace envpack::env
