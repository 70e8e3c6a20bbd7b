#include "scan_folder.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/core_metadata.hpp"
#include "read_limits.hpp"
#include "tree_text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace envpack::env {
namespace {

/// Only dpkg writes here; pip as root installs below /usr/local.
constexpr std::string_view debian_folder = "usr/lib/python3/dist-packages";

/// Local parts that an index of GPU or CPU builds uses: `cu124`, `cpu`, `rocm6.2`. Every other
/// local version exists in its image only.
bool is_index_suffix(std::string_view local) noexcept {
    if (local == "cpu" || local == "xpu" || local.starts_with("rocm")) {
        return true;
    }
    return local.size() > 2 && local.starts_with("cu") &&
           local.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

class FolderScan {
public:
    FolderScan(const archive::FileTree& tree, const SitePath& site, const Limits& limits)
        : tree_(tree), site_(site), limits_(limits), debian_(site.path.str() == debian_folder) {}

    Result<ScannedFolder> run() {
        for (const std::string& name : site_.names) {
            if (name.ends_with(".dist-info")) {
                ENVPACK_CHECK(dist_info(name));
            } else if (name.ends_with(".egg-info")) {
                ENVPACK_CHECK(egg_info(site_.path, name, true));
            }
        }
        for (const std::string& name : site_.names) {
            if (name.ends_with(".egg")) {
                ENVPACK_CHECK(egg(name));
            }
        }
        for (const std::string& name : site_.names) {
            if (name.ends_with(".egg-link")) {
                ENVPACK_CHECK(egg_link(name));
            }
        }
        return std::move(found_);
    }

private:
    void skip(std::string_view name, std::string_view version, std::string_view reason,
              const SafePath& path) {
        found_.skipped.push_back(
            {std::string(name), std::string(version), std::string(reason), path.str()});
    }

    /// `~ip-1.0.dist-info`: pip renames what it is about to remove.
    bool is_leftover(const std::string& name, const SafePath& path) {
        if (!name.starts_with('~')) {
            return false;
        }
        found_.problems.push_back(
            {"leftover", "`" + path.str() + "` was left behind by an interrupted uninstall"});
        return true;
    }

    /// A package with its name; nullopt, and skipped, when the name is none.
    std::optional<FrozenPackage> named(std::string_view raw_name, std::string_view raw_version,
                                       const SafePath& path) {
        auto name = packaging::PackageName::parse(raw_name);
        if (!name) {
            skip(text::printable(raw_name), text::printable(raw_version), "bad-name", path);
            return std::nullopt;
        }
        FrozenPackage package{.name = *std::move(name),
                              .raw_name = std::string(raw_name),
                              .raw_version = std::string(raw_version),
                              .location = path.str()};
        if (debian_) {
            package.form = PackageForm::debian;
            package.installer = "debian";
            package.add_flag("unremovable");
        }
        return package;
    }

    /// `Version` of a metadata file; nullopt, and skipped, when it does not say one.
    Result<std::optional<std::string>> version_in(const SafePath& path, std::string_view raw_name,
                                                  const SafePath& location,
                                                  std::string_view reason) {
        using Version = std::optional<std::string>;
        const auto text = read_header(tree_, path, limits_.max_metadata);
        if (!text && !is_fault_of_text(text.error())) {
            return fail(text.error());
        }
        if (text && !*text) {
            skip(raw_name, "", reason, location);
            return Version();
        }
        const auto headers = text ? packaging::parse_metadata_headers(**text, limits_)
                                  : Result<packaging::MetadataHeaders>(fail(text.error()));
        if (!headers) {
            skip(raw_name, "", "bad-metadata", location);
            return Version();
        }
        const std::string* const version = packaging::find_header(*headers, "Version");
        if (version == nullptr || version->empty()) {
            skip(raw_name, "", reason, location);
            return Version();
        }
        return Version(*version);
    }

    void add(FrozenPackage package) {
        set_version(package);
        found_.packages.push_back(std::move(package));
    }

    Result<void> dist_info(const std::string& name) {
        const SafePath path = site_.path / name;
        if (is_leftover(name, path)) {
            return {};
        }
        const std::string_view stem =
            std::string_view(name).substr(0, name.size() - std::string_view(".dist-info").size());
        const std::size_t hyphen = stem.find('-');
        const std::string_view raw_name = stem.substr(0, hyphen);
        const std::string_view raw_version =
            hyphen == std::string_view::npos ? std::string_view() : stem.substr(hyphen + 1);

        ENVPACK_TRY(const auto metadata, stat_directly(tree_, path / "METADATA"));
        if (!metadata || metadata->type != archive::FileType::regular) {
            return dist_info_without_metadata(raw_name, raw_version, path);
        }
        auto package = named(raw_name, raw_version, path);
        if (!package) {
            return {};
        }
        package->layer = metadata->layer;
        if (hyphen == std::string_view::npos) {
            ENVPACK_TRY(const auto version,
                        version_in(path / "METADATA", raw_name, path, "no-version"));
            if (!version) {
                return {};
            }
            package->raw_version = *version;
        } else if (is_bad_folder_name(raw_version)) {
            skip(raw_name, raw_version, "bad-folder-name", path);
            return {};
        }
        add(*std::move(package));
        return {};
    }

    /// `my-pkg-1.0.dist-info`: the hyphen of a name that should have been `_`. The first hyphen
    /// ends the name for every installer, so this is no `my-pkg`.
    static bool is_bad_folder_name(std::string_view version) {
        const bool digit = !version.empty() && version[0] >= '0' && version[0] <= '9';
        return !digit && version.find('-') != std::string_view::npos &&
               !packaging::Version::parse(version);
    }

    Result<void> dist_info_without_metadata(std::string_view raw_name, std::string_view raw_version,
                                            const SafePath& path) {
        ENVPACK_TRY(const auto info, stat_directly(tree_, path));
        if (!info || info->type != archive::FileType::directory) {
            return {};
        }
        bool installed = false;
        for (const std::string_view file : {"INSTALLER", "RECORD", "WHEEL"}) {
            ENVPACK_TRY(const auto there, stat_directly(tree_, path / file));
            installed = installed || there.has_value();
        }
        if (!installed || raw_version.empty()) {
            skip(raw_name, raw_version, "no-metadata", path);
            return {};
        }
        if (auto package = named(raw_name, raw_version, path)) {
            package->layer = info->layer;
            package->add_flag("no-metadata");
            found_.problems.push_back({"no-metadata", "`" + path.str() +
                                                          "` has no METADATA: taken to depend on "
                                                          "nothing"});
            add(*std::move(package));
        }
        return {};
    }

    /// A `.egg-info` folder or file in `folder`; `own` is false for the target of an egg-link.
    Result<void> egg_info(const SafePath& folder, const std::string& name, bool own) {
        const SafePath path = folder / name;
        if (is_leftover(name, path)) {
            return {};
        }
        ENVPACK_TRY(const auto info, stat_directly(tree_, path));
        if (!info) {
            return {};
        }
        const std::string_view stem =
            std::string_view(name).substr(0, name.size() - std::string_view(".egg-info").size());
        const bool is_file = info->type == archive::FileType::regular;
        const SafePath metadata = is_file ? path : path / "PKG-INFO";
        return egg_metadata(stem, metadata, path, info->layer,
                            !own      ? PackageForm::egg_link
                            : is_file ? PackageForm::egg_info_file
                                      : PackageForm::egg_info_dir);
    }

    Result<void> egg_metadata(std::string_view stem, const SafePath& metadata, const SafePath& path,
                              std::optional<std::size_t> layer, PackageForm form) {
        const std::string_view raw_name = stem.substr(0, stem.find('-'));
        ENVPACK_TRY(const auto version, version_in(metadata, raw_name, path, "no-metadata"));
        if (!version) {
            return {};
        }
        auto package = named(raw_name, *version, path);
        if (!package) {
            return {};
        }
        package->layer = layer;
        if (package->form != PackageForm::debian) {
            package->form = form;
        }
        package->editable = form == PackageForm::egg_link;
        if (form == PackageForm::egg_info_file) {
            package->add_flag("unremovable");
        }
        note_version_mismatch(*package, stem);
        add(*std::move(package));
        return {};
    }

    /// uv takes the version in the name of the egg-info, pip the one inside.
    void note_version_mismatch(FrozenPackage& package, std::string_view stem) {
        const std::size_t hyphen = stem.find('-');
        if (hyphen == std::string_view::npos) {
            return;
        }
        std::string_view claimed = stem.substr(hyphen + 1);
        claimed = claimed.substr(0, claimed.rfind("-py"));
        const auto in_name = packaging::Version::parse(claimed);
        const auto inside = packaging::Version::parse(package.raw_version);
        if (in_name && inside && *in_name != *inside) {
            package.add_flag("version-mismatch");
            found_.problems.push_back(
                {"version-mismatch", "`" + package.location + "` is named " +
                                         text::printable(claimed) + ", its PKG-INFO says " +
                                         text::printable(package.raw_version)});
        }
    }

    /// `name-1.0-py3.11.egg`, a folder; one that is a zip file cannot be looked into.
    Result<void> egg(const std::string& name) {
        const SafePath path = site_.path / name;
        const std::string_view stem = std::string_view(name).substr(0, name.size() - 4);
        ENVPACK_TRY(const auto info, stat_directly(tree_, path));
        if (!info) {
            return {};
        }
        if (info->type != archive::FileType::directory) {
            skip(stem.substr(0, stem.find('-')), "", "zipped-egg", path);
            return {};
        }
        return egg_metadata(stem, path / "EGG-INFO" / "PKG-INFO", path, info->layer,
                            PackageForm::egg_info_dir);
    }

    Result<void> egg_link(const std::string& name) {
        const SafePath path = site_.path / name;
        const std::string_view stem = std::string_view(name).substr(0, name.size() - 9);
        ENVPACK_TRY(const auto there, read_if_small(tree_, path, max_captured_text));
        const std::string text = there.value_or("");
        std::string target;
        for (const std::string_view line : text::lines(text)) {
            if (target = text::trim(line); !target.empty()) {
                break;
            }
        }
        std::optional<SafePath> folder;
        if (!target.empty()) {
            ENVPACK_TRY(folder, find_directory(tree_, target.starts_with('/')
                                                          ? target
                                                          : site_.path.str() + '/' + target));
        }
        if (!folder) {
            skip(stem, "", "dangling-egg-link", path);
            return {};
        }
        ENVPACK_TRY(const auto names, tree_.list(*folder));
        const std::size_t before = found_.packages.size();
        for (const std::string& entry : names) {
            if (entry.ends_with(".egg-info")) {
                ENVPACK_CHECK(egg_info(*folder, entry, false));
            }
        }
        if (found_.packages.size() == before) {
            skip(stem, "", "dangling-egg-link", path);
        }
        return {};
    }

    const archive::FileTree& tree_;
    const SitePath& site_;
    const Limits& limits_;
    const bool debian_;
    ScannedFolder found_;
};

}  // namespace

Result<ScannedFolder> scan_folder(const archive::FileTree& tree, const SitePath& site,
                                  const Limits& limits) {
    return with_context(FolderScan(tree, site, limits).run(),
                        "while reading the packages in `" + site.path.str() + "`");
}

void set_version(FrozenPackage& package) {
    auto version = packaging::Version::parse(package.raw_version);
    if (package.raw_version.empty()) {
        package.add_flag("unknown-version");
        return;
    }
    if (!version) {
        package.add_flag("legacy-version");
        return;
    }
    package.version = *std::move(version);
    if (package.version->is_prerelease()) {
        package.add_flag("prerelease");
    }
    if (package.version->has_local()) {
        package.add_flag(is_index_suffix(package.version->local()) ? "local" : "local-only");
    }
}

}  // namespace envpack::env
