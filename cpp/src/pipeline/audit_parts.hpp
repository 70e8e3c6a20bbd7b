#pragma once

#include "audit_files.hpp"
#include "envpack/archive/disk_tree.hpp"
#include "envpack/env/file_owners.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/system_owners.hpp"
#include "envpack/pipeline/audit.hpp"
#include "envpack/pipeline/source.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

// The two questions of an audit: what becomes of the GPU code, and of the libraries.

namespace envpack::pipeline {

/// What of the files of an image an audit keeps in memory.
archive::CaptureFilter audit_capture();

/// What both look at. Immutable while they do.
struct AuditSubject {
    Source source;
    OpenSource open;
    /// The same tree for reading at any place; null for an image.
    std::shared_ptr<const archive::DiskTree> disk = nullptr;
    env::Inventory inventory = {};  ///< empty without a Python
    env::FileOwners owners = {};
    env::SystemOwners system_owners = {};
    std::vector<Binary> binaries = {};  ///< by path
    /// Packages without a base: what every system has (is_of_every_system()) counts as there.
    bool is_without_base = false;
    std::vector<std::string> assumptions = {};  ///< AuditReport::assumptions

    bool is_environment() const noexcept { return source.kind == Source::Kind::python; }
    /// "torch 2.6.0"; empty when nobody tells.
    std::string package_of(const SafePath& path) const;
    /// The same, else the package of the system: "libssl3 3.0.15-1 (dpkg)".
    std::string owner_of(const SafePath& path) const;
};

/// Fills `report.code`, `report.packages` and what is to be said about them.
Result<void> audit_code(const AuditSubject& subject, AuditReport& report);

/// Adds what is to be said about libraries, and `report.shipped_twice`.
Result<void> audit_libraries(const AuditSubject& subject, AuditReport& report,
                             const RunContext& run);

}  // namespace envpack::pipeline
