#include "envpack/base/text.hpp"
#include "envpack/env/inventory_output.hpp"
#include "package_source.hpp"

#include <string_view>
#include <variant>

namespace envpack::env {
namespace {

/// The source that PEP 751 asks of an entry, where direct_url.json tells one that others can
/// fetch; false for all else.
bool set_source(const FrozenPackage& package, LockedPackage& locked) {
    if (!package.direct_url || package.has_flag("build-path-dropped")) {
        return false;
    }
    const packaging::DirectUrl& direct = *package.direct_url;
    const std::string url = text::redact_url(direct.url);
    const std::string subdirectory = direct.subdirectory.value_or("");
    if (const auto* vcs = std::get_if<packaging::DirectUrl::Vcs>(&direct.info)) {
        locked.vcs = LockedVcs{.type = vcs->vcs,
                               .url = url,
                               .requested_revision = vcs->requested_revision,
                               .commit_id = vcs->commit_id,
                               .subdirectory = subdirectory};
        return true;
    }
    const auto* archive = std::get_if<packaging::DirectUrl::Archive>(&direct.info);
    if (archive == nullptr) {
        return false;
    }
    const auto found = archive->hashes.find("sha256");
    const auto sha256 =
        Digest::parse("sha256:" + (found == archive->hashes.end() ? std::string() : found->second));
    if (!sha256 || !(url.starts_with("https://") || url.starts_with("http://"))) {
        return false;
    }
    locked.archive = LockedArchive{.file = {.name = {}, .url = url, .sha256 = *sha256},
                                   .subdirectory = subdirectory};
    return true;
}

}  // namespace

Lock to_lock(const Inventory& inventory, const ConstraintsOptions& options) {
    const Constraints constraints = constraints_from(inventory, options);
    Lock lock{.created_by = "envpack"};
    LockOrigin origin{.base = inventory.source,
                      .base_digest = inventory.source_digest,
                      .python = inventory.python.full_version,
                      .implementation = inventory.python.implementation,
                      .machine = inventory.python.machine,
                      .libc = inventory.python.libc.to_string()};
    if (!inventory.python.full_version.empty()) {
        lock.requires_python = "==" + inventory.python.short_version() + ".*";
    }
    for (const Pin& pin : constraints.pins) {
        const FrozenPackage& package = *inventory.find(pin.name);
        LockedPackage locked{.name = package.name, .version = package.version};
        if (set_source(package, locked)) {
            lock.packages.push_back(std::move(locked));
        } else {
            origin.provided.push_back({package.name, package.version->to_string()});
        }
    }
    lock.origin = std::move(origin);
    return lock;
}

}  // namespace envpack::env
