#include "package_details.hpp"

#include "dpkg_owner.hpp"
#include "egg_requires.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/core_metadata.hpp"
#include "git_checkout.hpp"
#include "read_limits.hpp"
#include "sbom_documents.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <variant>

namespace envpack::env {
namespace {

/// Folders of build machines: a path below them means nothing where the package is installed. An
/// editable install is used from where it is, so it does.
constexpr std::array<std::string_view, 8> build_folders = {"/croot",
                                                           "/home/conda/feedstock_root",
                                                           "/opt/conda/conda-bld",
                                                           "/home/builder",
                                                           "/build",
                                                           "/AppleInternal",
                                                           "/tmp",
                                                           "/var/tmp"};

bool is_in_build_folder(std::string_view path) noexcept {
    return std::any_of(build_folders.begin(), build_folders.end(), [&](std::string_view folder) {
        return path.starts_with(folder) &&
               (path.size() == folder.size() || path[folder.size()] == '/');
    });
}

class Details {
public:
    Details(const archive::FileTree& tree, FrozenPackage& package, std::vector<Problem>& problems,
            const Limits& limits)
        : tree_(tree), package_(package), problems_(problems), limits_(limits) {}

    /// `folder` is the dist-info folder, or a link to it.
    Result<void> read_source(SafePath folder, const CondaRecords& conda) {
        auto names = tree_.list(folder);
        if (!names && names.error().code() == ErrorCode::not_found) {
            ENVPACK_TRY(auto target, archive::resolve(tree_, folder));
            folder = std::move(target).value_or(folder);
            names = tree_.list(folder);
        }
        if (!names) {
            return fail(std::move(names).error());
        }
        const auto has = [&](std::string_view name) {
            return std::binary_search(names->begin(), names->end(), name);
        };
        if (has("INSTALLER")) {
            ENVPACK_TRY(const auto text,
                        read_if_small(tree_, folder / "INSTALLER", max_captured_text));
            const std::string whole = text.value_or("");
            const std::string_view line = std::string_view(whole).substr(0, whole.find('\n'));
            set_installer(text::printable(text::trim(line)));
        }
        const auto record = conda.find(package_.name);
        const bool by_conda =
            package_.installer == "conda" || (package_.installer.empty() && record != conda.end() &&
                                              record->second.version == package_.raw_version);
        if (has("direct_url.json")) {
            ENVPACK_CHECK(read_direct_url(folder / "direct_url.json"));
        }
        if (by_conda) {
            package_.form = PackageForm::conda;
            package_.installer = "conda";
            package_.conda_build = record == conda.end() ? "" : record->second.build;
        } else if (!has("RECORD") && !package_.has_flag("no-metadata")) {
            // Nobody but the owner (dpkg, rpm) knows its files.
            package_.add_flag("unremovable");
        }
        return {};
    }

    /// As PEP 770 puts them.
    Result<void> read_sboms(const SafePath& folder) {
        ENVPACK_TRY(package_.sboms, sbom_documents(tree_, folder));
        if (package_.sboms.size() > max_sbom_documents) {
            package_.sboms.resize(max_sbom_documents);
            problem("sboms", "`" + package_.location + "` has more than " +
                                 std::to_string(max_sbom_documents) +
                                 " bills of materials; the others are not told");
        }
        return {};
    }

    Result<void> read_metadata(const SafePath& path) {
        ENVPACK_TRY(const auto found, headers_of(path));
        if (!found) {
            return {};
        }
        const packaging::MetadataHeaders& headers = *found;
        check_version(headers);
        if (const std::string* const name = packaging::find_header(headers, "Name");
            name != nullptr) {
            const auto parsed = packaging::PackageName::parse(*name);
            if (parsed && *parsed == package_.name) {
                package_.raw_name = *name;
            }
        }
        for (const auto& [field, value] : headers) {
            if (text::equals_ignoring_case(field, "Requires-Dist")) {
                add_requirement(value);
            } else if (text::equals_ignoring_case(field, "Requires-Python")) {
                package_.requires_python = value;
            } else if (text::equals_ignoring_case(field, "Provides-Extra")) {
                if (auto extra = packaging::PackageName::parse(value)) {
                    package_.provides_extra.push_back(*std::move(extra));
                }
            } else if (text::equals_ignoring_case(field, "License-Expression")) {
                package_.license_expression = value;
            }
        }
        return {};
    }

    /// requires.txt beside PKG-INFO, which older setuptools wrote instead of Requires-Dist.
    Result<void> read_egg_requires(const SafePath& folder) {
        if (!package_.requires_dist.empty()) {
            return {};
        }
        ENVPACK_TRY(const auto text,
                    read_if_small(tree_, folder / "requires.txt", max_captured_text));
        if (text) {
            const EggRequires requires_text = parse_egg_requires(*text);
            for (const std::string& requirement : requires_text.requirements) {
                add_requirement(requirement);
            }
            for (const std::string& extra : requires_text.extras) {
                auto name = packaging::PackageName::parse(extra);
                if (name &&
                    std::find(package_.provides_extra.begin(), package_.provides_extra.end(),
                              *name) == package_.provides_extra.end()) {
                    package_.provides_extra.push_back(*std::move(name));
                }
            }
        }
        return {};
    }

private:
    void problem(std::string_view kind, std::string text) {
        problems_.push_back({std::string(kind), std::move(text)});
    }

    /// nullopt, and a problem, for headers that cannot be read.
    Result<std::optional<packaging::MetadataHeaders>> headers_of(const SafePath& path) {
        using Headers = std::optional<packaging::MetadataHeaders>;
        auto text = read_header(tree_, path, limits_.max_metadata);
        if (text && !*text) {
            return Headers();
        }
        auto headers = text ? packaging::parse_metadata_headers(**text, limits_)
                            : Result<packaging::MetadataHeaders>(fail(text.error()));
        if (headers) {
            return Headers(*std::move(headers));
        }
        if (!is_fault_of_text(headers.error())) {
            return fail(headers.error());
        }
        package_.add_flag("bad-metadata");
        problem("bad-metadata", "`" + path.str() +
                                    "` is ignored, its package taken to depend on "
                                    "nothing: " +
                                    text::printable(headers.error().message()));
        return Headers();
    }

    void set_installer(std::string installer) {
        if (installer == "debian") {
            package_.form = PackageForm::debian;
            package_.add_flag("unremovable");
        } else if (package_.form == PackageForm::debian && !installer.empty()) {
            // Somebody used pip where only dpkg should write.
            package_.form = PackageForm::wheel;
            std::erase(package_.flags, "unremovable");
        }
        if (!installer.empty()) {
            package_.installer = std::move(installer);
        }
    }

    Result<void> read_direct_url(const SafePath& path) {
        ENVPACK_TRY(const auto text, read_if_small(tree_, path, limits_.max_metadata));
        auto parsed = packaging::DirectUrl::parse(text.value_or(""));
        if (!parsed) {
            package_.add_flag("bad-direct-url");
            problem("bad-direct-url", "`" + path.str() + "` is ignored: " +
                                          text::printable(parsed.error().message()));
            return {};
        }
        package_.editable = parsed->is_editable();
        if (package_.form == PackageForm::wheel) {
            if (package_.editable) {
                package_.form = PackageForm::editable;
            } else if (std::holds_alternative<packaging::DirectUrl::Vcs>(parsed->info)) {
                package_.form = PackageForm::vcs;
            } else if (std::holds_alternative<packaging::DirectUrl::Directory>(parsed->info)) {
                package_.form = PackageForm::local_dir;
            } else {
                package_.form = PackageForm::archive;
            }
        }
        package_.direct_url = *std::move(parsed);
        return look_at_path(package_.direct_url->url);
    }

    /// Sees what a file URL leads to: nothing, for build machines and what is not in the tree.
    Result<void> look_at_path(std::string_view url) {
        constexpr std::string_view scheme = "file://";
        if (!url.starts_with(scheme)) {
            return {};
        }
        const auto path = text::percent_decode(url.substr(scheme.size()));
        std::optional<SafePath> target;
        if (path && path->starts_with('/') && (package_.editable || !is_in_build_folder(*path))) {
            if (const auto safe = SafePath::normalize(*path)) {
                ENVPACK_TRY(target, archive::resolve(tree_, *safe));
            }
        }
        if (!target) {
            package_.add_flag("build-path-dropped");
        } else if (package_.form == PackageForm::editable) {
            ENVPACK_TRY(package_.checkout, read_git_checkout(tree_, *target));
            package_.form = package_.checkout ? PackageForm::editable_vcs : PackageForm::editable;
        }
        return {};
    }

    void check_version(const packaging::MetadataHeaders& headers) {
        const std::string* const inside = packaging::find_header(headers, "Version");
        if (inside == nullptr || *inside == package_.raw_version) {
            return;
        }
        const auto version = packaging::Version::parse(*inside);
        if (version && package_.version && *version == *package_.version) {
            return;
        }
        package_.metadata_version = *inside;
        if (!package_.has_flag("version-mismatch")) {
            package_.add_flag("version-mismatch");
            problem("version-mismatch", "`" + package_.location + "` is version " +
                                            text::printable(package_.raw_version) +
                                            " by its name, its METADATA says " +
                                            text::printable(*inside));
        }
    }

    void add_requirement(const std::string& text) {
        auto requirement = packaging::Requirement::parse(text);
        if (requirement) {
            package_.requires_dist.push_back(*std::move(requirement));
            return;
        }
        package_.add_flag("bad-metadata");
        problem("bad-requires-dist", "`" + package_.location + "` requires `" +
                                         text::printable(text) + "`, which cannot be read");
    }

    const archive::FileTree& tree_;
    FrozenPackage& package_;
    std::vector<Problem>& problems_;
    const Limits& limits_;
};

}  // namespace

Result<CondaRecords> read_conda_records(const archive::FileTree& tree, const SafePath& prefix) {
    CondaRecords records;
    const auto names = tree.list(prefix / "conda-meta");
    if (!names) {
        if (names.error().code() == ErrorCode::not_found) {
            return records;
        }
        return fail(names.error());
    }
    for (const std::string& file : *names) {
        if (!file.ends_with(".json")) {
            continue;
        }
        // name-version-build.json; the name itself can have hyphens.
        const std::string_view stem = std::string_view(file).substr(0, file.size() - 5);
        const std::size_t build = stem.rfind('-');
        const std::size_t version =
            build == std::string_view::npos || build == 0 ? build : stem.rfind('-', build - 1);
        if (version == std::string_view::npos) {
            continue;
        }
        if (auto name = packaging::PackageName::parse(stem.substr(0, version))) {
            records.insert_or_assign(
                *std::move(name),
                CondaRecord{std::string(stem.substr(version + 1, build - version - 1)),
                            std::string(stem.substr(build + 1))});
        }
    }
    return records;
}

Result<void> read_details(const archive::FileTree& tree, FrozenPackage& package,
                          InventoryDetail detail, const CondaRecords& conda,
                          std::vector<Problem>& problems, const Limits& limits) {
    if (detail == InventoryDetail::pins) {
        return {};
    }
    Details details(tree, package, problems, limits);
    ENVPACK_TRY(const SafePath location, SafePath::parse(package.location, limits));
    const bool is_dist_info = package.location.ends_with(".dist-info");
    if (is_dist_info) {
        ENVPACK_CHECK(details.read_source(location, conda));
    } else if (const auto record = conda.find(package.name);
               record != conda.end() && record->second.version == package.raw_version &&
               package.form == PackageForm::egg_info_dir) {
        package.form = PackageForm::conda;
        package.installer = "conda";
        package.conda_build = record->second.build;
    } else if (!package.version && package.form == PackageForm::debian) {
        ENVPACK_TRY(const auto owner, dpkg_owner(tree, location));
        package.debian_package = owner.value_or("");
    }
    if (detail < InventoryDetail::full) {
        return {};
    }
    if (is_dist_info) {
        ENVPACK_CHECK(details.read_sboms(location));
        return details.read_metadata(location / "METADATA");
    }
    ENVPACK_TRY(const auto info, archive::stat(tree, location));
    if (info && info->type == archive::FileType::regular) {
        return details.read_metadata(location);
    }
    const SafePath folder = location.name().ends_with(".egg") ? location / "EGG-INFO" : location;
    ENVPACK_CHECK(details.read_metadata(folder / "PKG-INFO"));
    return details.read_egg_requires(folder);
}

}  // namespace envpack::env
