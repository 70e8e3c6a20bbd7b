#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/archive/layer_listing.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/env/constraint_file.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/env/site_packages.hpp"
#include "envpack/env/startup_hooks.hpp"
#include "envpack/packaging/direct_url.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/version.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What is installed in a tree, read from folder names and a few small files; nothing is executed.
//
// * The version in the name of a `.dist-info` folder wins over the one in METADATA: it is what
//   installers compare. `torch.__version__` and image variables are never looked at.
// * Of two distributions of one name, the one earlier on sys.path wins; in one folder the one of
//   the later image layer, then the one whose RECORD fits the files, then the higher version (pip's
//   own answer depends on the order in which the folder is listed).
// * Lines of .pth files that run code are not run: what only an import hook finds is not seen. The
//   dist-info of such an editable install is.
// * Debian gives some packages versions that PEP 440 does not know. They are listed without a
//   version: kept, never compared.

namespace envpack::env {

/// How a distribution is installed.
enum class PackageForm : std::uint8_t {
    wheel,          ///< `.dist-info`, nothing more known
    conda,          ///< put there by conda
    vcs,            ///< PEP 610 vcs_info
    archive,        ///< PEP 610 archive_info
    local_dir,      ///< PEP 610 dir_info, copied
    editable,       ///< PEP 610 dir_info, editable
    editable_vcs,   ///< the same, of a git checkout with a remote
    egg_info_dir,   ///< setuptools without dist-info
    egg_info_file,  ///< distutils: no installer can remove it
    egg_link,       ///< `setup.py develop`
    debian,         ///< owned by dpkg: pip cannot remove it
    text,           ///< a line of `pip freeze` output; nothing was looked at
};
/// As JSON output spells it: "local-dir", "egg-info-file".
std::string_view to_string(PackageForm form) noexcept;

/// A distribution that a frozen one hides: same name, later on sys.path.
struct ShadowedPackage {
    std::string raw_version;
    std::string location;
    std::optional<std::size_t> layer = std::nullopt;  ///< as of a FrozenPackage
    friend bool operator==(const ShadowedPackage&, const ShadowedPackage&) = default;
};

/// One installed distribution. Value; not synchronised.
struct FrozenPackage {
    packaging::PackageName name;
    std::string raw_name = {};     ///< as installed, for display: "ruamel.yaml"
    std::string raw_version = {};  ///< as installed: "1.0-1"; empty when unknown
    /// None when raw_version is no PEP 440 version (flag `legacy-version`), or unknown (an
    /// editable line of a text source, flag `unknown-version`).
    std::optional<packaging::Version> version = std::nullopt;
    PackageForm form = PackageForm::wheel;
    std::string location = {};  ///< path in the tree of the folder or file that proves it
    std::optional<std::size_t> layer = std::nullopt;  ///< index of the image layer of `location`
    std::string installer = {};                       ///< INSTALLER, one line; empty when absent
    std::optional<packaging::DirectUrl> direct_url = std::nullopt;  ///< direct_url.json (PEP 610)
    /// Of editable_vcs: remote, commit and subdirectory of the checkout. Whether it has changes
    /// that were not committed is unknown.
    std::optional<packaging::DirectUrl> checkout = std::nullopt;
    bool editable = false;
    std::string metadata_version = {};  ///< Version of METADATA where it differs (F18)
    std::string conda_build = {};       ///< build text of the conda-meta record: "py311h"
    /// Who owns a Debian package without a `version`: "python3-distro-info" (F13).
    std::string debian_package = {};
    std::vector<packaging::Requirement> requires_dist = {};   ///< with InventoryDetail::full
    std::string requires_python = {};                         ///< with InventoryDetail::full
    std::vector<packaging::PackageName> provides_extra = {};  ///< with InventoryDetail::full
    std::string license_expression = {};  ///< License-Expression (PEP 639), with full
    std::vector<std::string> sboms = {};  ///< files below `sboms` (PEP 770), sorted, with full
    std::vector<ShadowedPackage> shadowed = {};
    /// Sorted: ambiguous, bad-direct-url, bad-metadata, build-path-dropped, files-missing,
    /// legacy-version, local, local-only, no-metadata, prerelease, shadows, unknown-version,
    /// unremovable, version-mismatch.
    std::vector<std::string> flags = {};

    bool has_flag(std::string_view flag) const noexcept;
    void add_flag(std::string_view flag);
    /// Neither pip nor anybody but its owner can replace it (rule R13).
    bool is_unremovable() const noexcept { return has_flag("unremovable"); }
};

/// Something that looks like a distribution and is none.
struct Skipped {
    std::string name;
    std::string raw_version = {};
    std::string reason = {};  ///< no-metadata, bad-metadata, bad-folder-name, bad-name, ...
    std::string path = {};
    friend bool operator==(const Skipped&, const Skipped&) = default;
};

/// What a person should know; `text` is one line.
struct Problem {
    std::string kind;  ///< leftover, duplicate-dist-info, version-mismatch, no-metadata, ...
    std::string text;
    friend bool operator==(const Problem&, const Problem&) = default;
};

/// An installed package that an output leaves out.
struct LeftOut {
    std::string name;         ///< normalised where possible
    std::string raw_version;  ///< empty when unknown
    std::string reason;       ///< "not a PEP 440 version (Debian), cannot be constrained"
    friend bool operator==(const LeftOut&, const LeftOut&) = default;
};

/// What is installed, sorted by name, one entry a name. Value; not synchronised.
struct Inventory {
    std::string source = {};         ///< as the user named it: `oci:base`
    std::string source_digest = {};  ///< of an image's manifest; else empty
    Interpreter python = {};
    std::vector<SafePath> other_interpreters = {};
    std::vector<SafePath> search_path = {};
    std::vector<FrozenPackage> packages = {};
    std::vector<Skipped> skipped = {};
    std::vector<Problem> problems = {};
    std::vector<LeftOut> dropped = {};                  ///< by select_packages(), sorted by name
    std::vector<ConstraintFile> constraint_files = {};  ///< by compare_constraint_files()
    std::vector<StartupHook> startup_hooks = {};        ///< with InventoryDetail::full

    /// nullptr when no such package is installed.
    const FrozenPackage* find(const packaging::PackageName& name) const noexcept;
};

/// How much is read of each distribution.
enum class InventoryDetail : std::uint8_t {
    none,     ///< the interpreter only, no distribution at all
    pins,     ///< names and versions: what a constraints file needs
    sources,  ///< and INSTALLER, direct_url.json: what requirements and JSON need
    full,     ///< and the header of METADATA: what resolving needs
    files,    ///< and RECORD: flag `files-missing` where files that it lists are gone
};

struct InventoryOptions {
    std::string source = {};  ///< shown only
    Environment environment =
        {};  ///< PATH, VIRTUAL_ENV, PYTHONPATH, HOME ... as the tree sees them
    /// An executable, or the folder of a virtual environment or prefix; else PATH decides.
    std::optional<SafePath> python = std::nullopt;
    /// Known already: no interpreter is looked for, and no folders that it does not see.
    std::optional<Interpreter> interpreter = std::nullopt;
    InventoryDetail detail = InventoryDetail::full;
    Limits limits = {};
};

/// not_found when the tree has no Python; a broken distribution is a Problem, not an error.
Result<Inventory> take_inventory(const archive::FileTree& tree, const InventoryOptions& options,
                                 const RunContext& run);

/// The distributions in folders that are known already; no interpreter is looked for.
Result<Inventory> scan_site_paths(const archive::FileTree& tree, std::vector<SitePath> paths,
                                  const InventoryOptions& options, const RunContext& run);

/// Whether take_inventory may read the content of this file, so that a reader of image layers can
/// keep it and drop all others. True for some files that are not read in the end. A RECORD that has
/// to settle which of two distributions in one folder is the whole one is read without being named
/// here: too rare to keep them all.
bool inventory_wants(const SafePath& path, const archive::FileInfo& info);

/// The same for any detail: at `files`, RECORD is kept too.
archive::CaptureFilter inventory_filter(InventoryDetail detail);

}  // namespace envpack::env
