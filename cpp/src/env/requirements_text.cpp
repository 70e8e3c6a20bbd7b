#include "envpack/base/text.hpp"
#include "envpack/cuda/torch_matrix.hpp"
#include "envpack/env/inventory_output.hpp"
#include "package_source.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace envpack::env {
namespace {

constexpr std::size_t max_url = 4096;

/// Where a build (`cu124`, `cpu`) of a package is to be had: the index of PyTorch, if it has both.
std::string needed_index(const packaging::PackageName& name, const std::string& build,
                         const cuda::TorchMatrix& matrix) {
    const bool is_there =
        std::binary_search(matrix.packages().begin(), matrix.packages().end(), name) &&
        (build == "cpu" || matrix.index(build) != nullptr);
    return is_there ? "needs --index-url " + matrix.url_of(build)
                    : "only on an index of " + build + " builds";
}

std::string line_for(const FrozenPackage& package, bool keep_editable,
                     const cuda::TorchMatrix& matrix) {
    const std::string name(package.name.str());
    const std::string shown = name + ' ' + text::printable(package.raw_version);
    if (package.checkout) {
        return name + " @ " + text::printable(package.checkout->to_requirement_url(), max_url);
    }
    if (package.editable) {
        const std::string path = source_path(package);
        if (keep_editable && !path.empty()) {
            return "-e " + path + "   # " + shown;
        }
        return "# " + shown + ": editable install" + (path.empty() ? "" : " of " + path);
    }
    if (!package.debian_package.empty()) {
        return "# " + shown + ": Debian package " + package.debian_package;
    }
    if (!package.version) {
        return "# " + shown +
               (package.installer == "debian" ? ": Debian package, not a PEP 440 version"
                                              : ": not a PEP 440 version");
    }
    std::string pin = Pin{package.name, *package.version}.to_string();
    const bool from_url = package.form == PackageForm::vcs || package.form == PackageForm::archive;
    // A path of this tree means nothing elsewhere.
    const bool is_path = from_url && package.direct_url->url.starts_with("file:");
    if (from_url && !is_path) {
        return name + " @ " + text::printable(package.direct_url->to_requirement_url(), max_url);
    }
    if (package.form == PackageForm::local_dir) {
        return pin + "   # built from " + source_path(package) + "; may be on no index";
    }
    if (is_path) {
        return pin + "   # was " +
               text::printable(text::redact_url(package.direct_url->url), max_url);
    }
    if (package.has_flag("local")) {
        return pin + "   # " +
               needed_index(package.name, std::string(package.version->local()), matrix);
    }
    if (package.has_flag("local-only")) {
        return pin + "   # only in the base image (local version " +
               std::string(package.version->local()) + ")";
    }
    return pin;
}

}  // namespace

Result<std::string> to_requirements_text(const Inventory& inventory,
                                         const ConstraintsOptions& options) {
    ENVPACK_TRY(const cuda::TorchMatrix matrix, cuda::TorchMatrix::load());
    // The constraints decide what is left out; only the line of a package differs.
    const Constraints constraints = constraints_from(inventory, options);
    auto pin = constraints.pins.begin();
    // pip looks for `coding:` in the first two lines (PEP 263), so two lines of ours come first.
    std::string text = "# requirements made by envpack";
    text += (options.envpack_version.empty() ? "" : ' ' + options.envpack_version) + '\n';
    text += "# they install the same set elsewhere\n";
    for (const FrozenPackage& package : inventory.packages) {
        const bool is_pinned = pin != constraints.pins.end() && pin->name == package.name;
        if (is_pinned || !package.version) {
            text += line_for(package, options.keep_editable, matrix) + '\n';
        } else {
            text += "# " + package.name.to_string() + ' ' + text::printable(package.raw_version) +
                    ": an installer, left out by default\n";
        }
        pin += is_pinned ? 1 : 0;
    }
    for (const LeftOut& dropped : inventory.dropped) {
        text += "# " + dropped.name + ' ' + text::printable(dropped.raw_version) + ": " +
                dropped.reason + '\n';
    }
    return text;
}

}  // namespace envpack::env
