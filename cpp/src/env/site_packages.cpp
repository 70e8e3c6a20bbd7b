#include "envpack/env/site_packages.hpp"

#include "envpack/base/text.hpp"
#include "read_limits.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace envpack::env {
namespace {

/// Of all .pth files; each one names a folder to look for.
constexpr std::size_t max_pth_lines = 100'000;

std::string_view variable(const Environment& environment, std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string_view() : std::string_view(found->second);
}

class SitePaths {
public:
    SitePaths(const archive::FileTree& tree, const RunContext& run) : tree_(tree), run_(run) {}

    /// Adds the folder behind `text` unless it is not there, or is already known.
    Result<void> add(std::string_view text, PathOrigin origin) {
        ENVPACK_CHECK(run_.check());
        ENVPACK_TRY(auto folder, find_directory(tree_, text));
        if (!folder) {
            return {};
        }
        const bool is_site = origin == PathOrigin::site || origin == PathOrigin::user_site;
        const auto [known, is_new] = index_.try_emplace(*folder, paths_.size());
        const std::size_t index = known->second;
        if (is_new) {
            ENVPACK_TRY(auto names, tree_.list(*folder));
            paths_.push_back({*std::move(folder), origin, std::move(names)});
        } else if (PathOrigin& before = paths_[index].origin;
                   !is_site || before == PathOrigin::site || before == PathOrigin::user_site) {
            return {};
        } else {
            before = origin;  // on PYTHONPATH too: it keeps its place, .pth files count
        }
        if (is_site) {
            ENVPACK_CHECK(add_pth_lines(index));
        }
        return {};
    }

    std::vector<SitePath> take() && { return std::move(paths_); }

private:
    /// site.addsitedir(): every .pth file, in the order of names; hidden ones are skipped.
    Result<void> add_pth_lines(std::size_t index) {
        const SafePath folder = paths_[index].path;
        std::vector<std::string> files;
        for (const std::string& name : paths_[index].names) {
            if (name.ends_with(".pth") && !name.starts_with('.')) {
                files.push_back(name);
            }
        }
        for (const std::string& file : files) {
            const auto text = read_if_small(tree_, folder / file, max_captured_text);
            if (!text || !*text) {
                continue;  // as site.py: an unreadable file adds nothing
            }
            const std::vector<std::string_view> lines = text::lines(**text);
            pth_lines_ += lines.size();
            if (pth_lines_ > max_pth_lines) {
                return fail(Error(ErrorCode::limit_exceeded,
                                  ".pth files in `" + folder.str() + "` have too many lines")
                                .with_rule("site.pth-lines"));
            }
            for (const std::string_view line : lines) {
                ENVPACK_CHECK(add_pth_line(folder, line));
            }
        }
        return {};
    }

    Result<void> add_pth_line(const SafePath& folder, std::string_view line) {
        const std::size_t end = line.find_last_not_of(" \t\r\n\f\v");
        line = line.substr(0, end == std::string_view::npos ? 0 : end + 1);
        if (line.empty() || line.starts_with('#') || line.starts_with("import ") ||
            line.starts_with("import\t")) {
            return {};
        }
        if (line.starts_with('/')) {
            return add(line, PathOrigin::pth);
        }
        return add(folder.str() + '/' + std::string(line), PathOrigin::pth);
    }

    const archive::FileTree& tree_;
    const RunContext& run_;
    std::vector<SitePath> paths_;
    std::unordered_map<SafePath, std::size_t> index_;
    std::size_t pth_lines_ = 0;
};

/// Folders of `prefix` that site.getsitepackages() names, as texts, existing or not.
Result<std::vector<std::string>> site_folders(const archive::FileTree& tree,
                                              const Interpreter& python, const SafePath& prefix) {
    const std::string root = prefix.is_root() ? std::string() : '/' + prefix.str();
    const std::string library = python.library_name();
    if (root != "/usr") {
        // `Lib/site-packages` is where a virtual environment of Windows has them.
        return std::vector{root + "/lib64/" + library + "/site-packages",
                           root + "/lib/" + library + "/site-packages",
                           root + "/Lib/site-packages"};
    }
    ENVPACK_TRY(const auto debian, find_directory(tree, "/usr/lib/python3/dist-packages"));
    ENVPACK_TRY(const auto local,
                find_directory(tree, "/usr/local/lib/" + library + "/dist-packages"));
    if (debian || local) {
        std::vector folders{"/usr/local/lib/" + library + "/dist-packages",
                            std::string("/usr/lib/python3/dist-packages"),
                            "/usr/lib/" + library + "/dist-packages"};
        if (python.is_venv) {
            folders.insert(folders.begin(), "/usr/lib/" + library + "/site-packages");
        }
        return folders;
    }
    std::vector<std::string> folders;
    ENVPACK_TRY(const auto red_hat, find_directory(tree, "/usr/lib64/" + library));
    if (red_hat && !python.is_venv) {
        // Fedora's patch puts what pip installs below /usr/local, apart from the RPM's files.
        folders.push_back("/usr/local/lib64/" + library + "/site-packages");
        folders.push_back("/usr/local/lib/" + library + "/site-packages");
    }
    folders.push_back("/usr/lib64/" + library + "/site-packages");
    folders.push_back("/usr/lib/" + library + "/site-packages");
    return folders;
}

}  // namespace

Result<std::vector<SitePath>> site_paths(const archive::FileTree& tree, const Interpreter& python,
                                         const Environment& environment, const RunContext& run) {
    SitePaths paths(tree, run);
    // 1. PYTHONPATH. Relative entries count from a working folder that a tree does not have.
    for (const std::string_view entry : text::split(variable(environment, "PYTHONPATH"), ':')) {
        if (entry.starts_with('/')) {
            ENVPACK_CHECK(paths.add(entry, PathOrigin::python_path));
        }
    }
    // 2. site.venv(): the virtual environment's own folders.
    if (python.is_venv) {
        ENVPACK_TRY(const auto folders, site_folders(tree, python, python.prefix));
        for (const std::string& folder : folders) {
            ENVPACK_CHECK(paths.add(folder, PathOrigin::site));
        }
        if (!python.system_site_packages) {
            return std::move(paths).take();
        }
    }
    // 3. site.addusersitepackages().
    if (variable(environment, "PYTHONNOUSERSITE").empty()) {
        std::string base(variable(environment, "PYTHONUSERBASE"));
        if (const std::string_view home = variable(environment, "HOME");
            base.empty() && !home.empty()) {
            base = std::string(home) + "/.local";
        }
        if (!base.empty()) {
            ENVPACK_CHECK(paths.add(base + "/lib/" + python.library_name() + "/site-packages",
                                    PathOrigin::user_site));
        }
    }
    // 4. site.addsitepackages() of the base.
    if (python.has_base || !python.is_venv) {
        ENVPACK_TRY(const auto folders, site_folders(tree, python, python.base_prefix));
        for (const std::string& folder : folders) {
            ENVPACK_CHECK(paths.add(folder, PathOrigin::site));
        }
    }
    return std::move(paths).take();
}

Result<InstallFolders> install_folders(const archive::FileTree& tree, const Interpreter& python) {
    const std::string library = python.library_name();
    const auto below = [&library](const SafePath& prefix, std::string_view lib,
                                  std::string_view packages) {
        return prefix / lib / library / packages;
    };
    const SafePath& prefix = python.is_venv ? python.prefix : python.base_prefix;
    if (!python.is_venv && prefix.str() == "usr") {
        const SafePath local = prefix / "local";
        ENVPACK_TRY(const auto debian, find_directory(tree, "/usr/lib/python3/dist-packages"));
        if (debian) {
            const SafePath packages = below(local, "lib", "dist-packages");
            return InstallFolders{.prefix = local, .purelib = packages, .platlib = packages};
        }
        ENVPACK_TRY(const auto red_hat, find_directory(tree, "/usr/lib64/" + library));
        if (red_hat) {
            return InstallFolders{.prefix = local,
                                  .purelib = below(local, "lib", "site-packages"),
                                  .platlib = below(local, "lib64", "site-packages")};
        }
    }
    const SafePath packages = below(prefix, "lib", "site-packages");
    return InstallFolders{.prefix = prefix, .purelib = packages, .platlib = packages};
}

Result<std::vector<SitePath>> unseen_site_paths(const archive::FileTree& tree,
                                                const Interpreter& python,
                                                const std::vector<SafePath>& others,
                                                const std::vector<SitePath>& paths) {
    std::vector<SitePath> unseen;
    const std::string base = python.base_prefix.str();
    if (python.is_venv || (base != "usr" && base != "usr/local")) {
        return unseen;  // what the system has is not meant for it
    }
    const auto is_known = [&](const SafePath& folder) {
        const auto is_folder = [&](const SitePath& p) { return p.path == folder; };
        return std::any_of(paths.begin(), paths.end(), is_folder) ||
               std::any_of(unseen.begin(), unseen.end(), is_folder);
    };
    for (const std::string_view prefix : {"usr/local", "usr"}) {
        const bool has_another = std::any_of(others.begin(), others.end(), [&](const SafePath& p) {
            return p.parent().str() == std::string(prefix) + "/bin";
        });
        if (has_another) {
            continue;
        }
        for (const char* const below : {"/lib/", "/lib64/"}) {
            for (const char* const name : {"/site-packages", "/dist-packages"}) {
                ENVPACK_TRY(auto folder, find_directory(tree, std::string(prefix) + below +
                                                                  python.library_name() + name));
                if (!folder || is_known(*folder)) {
                    continue;
                }
                ENVPACK_TRY(auto names, tree.list(*folder));
                if (std::any_of(names.begin(), names.end(), [](const std::string& entry) {
                        return entry.ends_with(".dist-info") || entry.ends_with(".egg-info");
                    })) {
                    unseen.push_back({*std::move(folder), PathOrigin::site, std::move(names)});
                }
            }
        }
    }
    return unseen;
}

}  // namespace envpack::env
