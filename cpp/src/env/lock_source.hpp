#pragma once

#include "envpack/base/result.hpp"
#include "envpack/env/lock.hpp"
#include "lock_table.hpp"

namespace envpack::env {

/// Reads wheels, sdist, vcs, directory or archive of the entry `table` into `package`, whose name
/// and version are set already. Rules: see Lock::parse().
Result<void> read_sources(const LockTable& table, LockedPackage& package, const Limits& limits);

}  // namespace envpack::env
