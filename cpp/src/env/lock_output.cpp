#include "envpack/env/lock_output.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/requirement.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::env {
namespace {

using packaging::PackageName;

json::Array names_of(const std::vector<PackageName>& names) {
    json::Array array;
    for (const PackageName& name : names) {
        array.emplace_back(std::string(name.str()));
    }
    return array;
}

std::string version_of(const LockedPackage& package) {
    return package.version ? package.version->to_string() : std::string();
}

json::Value to_json(const LockedFile& file) {
    json::Value item(json::Object{});
    item.set("name", file.name);
    item.set("url", json::text_or_null(file.url));
    item.set("path", json::text_or_null(file.path));
    item.set("size",
             file.size ? json::Value(static_cast<std::int64_t>(*file.size)) : json::Value());
    item.set("sha256", file.sha256.hex());
    return item;
}

std::string_view source_of(const LockedPackage& package) {
    return package.vcs              ? "vcs"
           : package.directory      ? "directory"
           : package.archive        ? "archive"
           : package.wheels.empty() ? "sdist"
                                    : "wheel";
}

json::Array to_json(const std::vector<ProvidedPackage>& packages) {
    json::Array items;
    for (const ProvidedPackage& package : packages) {
        items.emplace_back(
            json::Object{{"name", std::string(package.name.str())}, {"version", package.version}});
    }
    return items;
}

json::Value to_json(const LockedPackage& package) {
    json::Value item(json::Object{});
    item.set("name", std::string(package.name.str()));
    item.set("version", json::text_or_null(version_of(package)));
    item.set("requires_python", json::text_or_null(package.requires_python));
    item.set("index", json::text_or_null(package.index));
    item.set("dependencies", names_of(package.dependencies));
    item.set("uses_provided", names_of(package.uses_provided));
    item.set("source", std::string(source_of(package)));
    json::Value vcs;
    json::Value directory;
    std::string subdirectory;
    if (const auto& from = package.vcs) {
        vcs = json::Object{{"type", from->type},
                           {"url", json::text_or_null(from->url)},
                           {"path", json::text_or_null(from->path)},
                           {"requested_revision", json::text_or_null(from->requested_revision)},
                           {"commit_id", from->commit_id}};
        subdirectory = from->subdirectory;
    } else if (const auto& folder = package.directory) {
        directory = json::Object{{"path", folder->path}, {"editable", folder->editable}};
        subdirectory = folder->subdirectory;
    } else if (package.archive) {
        subdirectory = package.archive->subdirectory;
    }
    item.set("vcs", std::move(vcs));
    item.set("directory", std::move(directory));
    item.set("subdirectory", json::text_or_null(subdirectory));
    json::Array files;
    for (const LockedFile& wheel : package.wheels) {
        files.push_back(to_json(wheel));
    }
    if (package.sdist) {
        files.push_back(to_json(*package.sdist));
    }
    if (package.archive) {
        files.push_back(to_json(package.archive->file));
    }
    item.set("files", std::move(files));
    return item;
}

/// `path`, which the lock names relative to `folder`, as a URL that holds wherever it is read.
Result<std::string> file_url(const std::filesystem::path& folder, const std::string& path) {
    ENVPACK_TRY(const std::filesystem::path absolute, absolute_path(folder / path));
    return "file://" + text::percent_encode(absolute.generic_string(), "/");
}

/// `url`, or else that of `path`.
Result<std::string> url_or_path(const std::string& url, const std::filesystem::path& folder,
                                const std::string& path) {
    return url.empty() ? file_url(folder, path) : url;
}

/// `#sha256=…&subdirectory=…`
std::string fragment(std::vector<std::string> pieces, const std::string& subdirectory) {
    if (!subdirectory.empty()) {
        pieces.push_back("subdirectory=" + subdirectory);
    }
    return pieces.empty() ? std::string() : "#" + text::join(pieces, "&");
}

/// `name==1.0`, or where else it comes from; `with_hash`: with the hash of an archive in its URL.
Result<std::string> requirement_of(const LockedPackage& package,
                                   const std::filesystem::path& folder, bool with_hash) {
    const std::string name(package.name.str());
    if (const auto& vcs = package.vcs) {
        ENVPACK_TRY(const std::string url, url_or_path(vcs->url, folder, vcs->path));
        return fmt::format("{} @ {}+{}@{}{}", name, vcs->type, url, vcs->commit_id,
                           fragment({}, vcs->subdirectory));
    }
    if (const auto& archive = package.archive) {
        const LockedFile& file = archive->file;
        std::vector<std::string> pieces;
        if (with_hash) {
            pieces.push_back("sha256=" + file.sha256.hex());
        }
        ENVPACK_TRY(const std::string url, url_or_path(file.url, folder, file.path));
        return fmt::format("{} @ {}{}", name, url,
                           fragment(std::move(pieces), archive->subdirectory));
    }
    if (const auto& directory = package.directory) {
        ENVPACK_TRY(const std::string url, file_url(folder, directory->path));
        return fmt::format("{}{}{}", directory->editable ? "-e " : name + " @ ", url,
                           fragment({}, directory->subdirectory));
    }
    return fmt::format("{}=={}", name, version_of(package));
}

/// Draws the tree; remembers what it drew.
class Tree {
public:
    explicit Tree(const Lock& lock) {
        for (const LockedPackage& package : lock.packages) {
            packages_.emplace(package.name, &package);
        }
        if (lock.origin) {
            for (const ProvidedPackage& provided : lock.origin->provided) {
                provided_.emplace(provided.name, provided.version);
            }
        }
    }

    /// The requirements in the order of the request; without any, what nothing else needs.
    std::vector<PackageName> roots(const Lock& lock) const {
        std::vector<PackageName> roots;
        const auto add = [&](const PackageName& name) {
            if (std::find(roots.begin(), roots.end(), name) == roots.end()) {
                roots.push_back(name);
            }
        };
        if (lock.origin) {
            for (const std::string& text : lock.origin->requirements) {
                const auto requirement = packaging::Requirement::parse(text);
                if (requirement && (packages_.contains(requirement->name) ||
                                    provided_.contains(requirement->name))) {
                    add(requirement->name);
                }
            }
        }
        std::set<PackageName> needed;
        for (const LockedPackage& package : lock.packages) {
            needed.insert(package.dependencies.begin(), package.dependencies.end());
        }
        for (const LockedPackage& package : lock.packages) {
            if (!needed.contains(package.name)) {
                add(package.name);
            }
        }
        return roots;
    }

    void draw(const PackageName& name, const std::string& branch, const std::string& indent) {
        const auto found = packages_.find(name);
        if (found == packages_.end()) {
            const auto provided = provided_.find(name);
            text_ += fmt::format("{}{} v{} (provided)\n", branch, name.str(),
                                 provided == provided_.end() ? "?" : provided->second);
            return;
        }
        const LockedPackage& package = *found->second;
        const bool is_new = drawn_.insert(name).second;
        std::vector<PackageName> children = package.dependencies;
        children.insert(children.end(), package.uses_provided.begin(), package.uses_provided.end());
        std::sort(children.begin(), children.end());
        text_ += fmt::format("{}{} v{}{}\n", branch, name.str(), version_of(package),
                             is_new || children.empty() ? "" : " (*)");
        for (std::size_t i = 0; is_new && i < children.size(); ++i) {
            const bool is_last = i + 1 == children.size();
            draw(children[i], indent + (is_last ? "└── " : "├── "),
                 indent + (is_last ? "    " : "│   "));
        }
    }

    std::string take() && { return std::move(text_); }

private:
    std::map<PackageName, const LockedPackage*> packages_;
    std::map<PackageName, std::string> provided_;
    std::set<PackageName> drawn_;
    std::string text_;
};

}  // namespace

json::Value to_json(const Lock& lock) {
    const LockOrigin origin = lock.origin.value_or(LockOrigin());
    json::Value document(json::Object{});
    document.set("schema", static_cast<std::int64_t>(lock_schema));
    json::Array requirements(origin.requirements.begin(), origin.requirements.end());
    document.set("requirements", std::move(requirements));
    json::Value base;
    if (!origin.base.empty() || !origin.base_digest.empty()) {
        base = json::Object{};
        base.set("source", json::text_or_null(origin.base));
        base.set("digest", json::text_or_null(origin.base_digest));
    }
    document.set("base", std::move(base));
    json::Value target(json::Object{});
    target.set("python", json::text_or_null(origin.python));
    target.set("implementation", json::text_or_null(origin.implementation));
    target.set("machine", json::text_or_null(origin.machine));
    target.set("libc", json::text_or_null(origin.libc));
    document.set("target", std::move(target));
    document.set("exclude_newer", json::text_or_null(origin.exclude_newer));
    json::Array packages;
    for (const LockedPackage& package : lock.packages) {
        packages.push_back(to_json(package));
    }
    document.set("packages", std::move(packages));
    document.set("provided", to_json(origin.provided));
    document.set("replaced", to_json(origin.replaced));
    json::Array shadowed;
    for (const PackageName& name : origin.shadowed) {
        shadowed.emplace_back(std::string(name.str()));
    }
    document.set("shadowed", std::move(shadowed));
    json::Array relaxed;
    for (const RelaxedPin& pin : origin.relaxed) {
        json::Value item(json::Object{});
        item.set("name", std::string(pin.name.str()));
        item.set("pin", pin.pin);
        item.set("because", pin.because);
        relaxed.push_back(std::move(item));
    }
    document.set("relaxed", std::move(relaxed));
    json::Value cuda;
    if (const auto& index = origin.torch_index) {
        cuda = json::Object{{"suffix", index->suffix},
                            {"index", index->url},
                            {"reason", index->reason},
                            {"dropped", json::Array(index->dropped.begin(), index->dropped.end())}};
    }
    document.set("cuda", std::move(cuda));
    json::Array cuda_packages;
    for (const LockedCudaPackage& package : origin.cuda_packages) {
        cuda_packages.emplace_back(
            json::Object{{"name", std::string(package.name.str())},
                         {"requirement", package.requirement},
                         {"limits", json::Array(package.limits.begin(), package.limits.end())},
                         {"index", json::text_or_null(package.index)},
                         {"reason", package.reason},
                         {"dropped", json::Array(package.dropped.begin(), package.dropped.end())}});
    }
    document.set("cuda_packages", std::move(cuda_packages));
    json::Array forced;
    for (const ForcedVersion& version : origin.forced) {
        json::Value item(json::Object{});
        item.set("name", std::string(version.name.str()));
        item.set("from", version.from);
        item.set("to", version.to);
        item.set("by", version.by);
        forced.push_back(std::move(item));
    }
    document.set("forced", std::move(forced));
    return document;
}

Result<std::string> to_requirements_text(const Lock& lock, const std::filesystem::path& folder) {
    std::map<PackageName, std::vector<std::string>> via;
    for (const LockedPackage& package : lock.packages) {
        for (const PackageName& needed : package.dependencies) {
            via[needed].emplace_back(package.name.str());
        }
    }
    std::string text = "# Made by envpack. Only what the base lacks: install it with --no-deps.\n";
    if (lock.origin && !lock.origin->base.empty()) {
        text += fmt::format("# base: {}\n", text::printable(lock.origin->base));
    }
    // One hash makes pip and uv want a hash of everything.
    const auto has_none =
        std::find_if(lock.packages.begin(), lock.packages.end(),
                     [](const LockedPackage& package) { return package.vcs || package.directory; });
    const bool with_hashes = has_none == lock.packages.end();
    if (!with_hashes) {
        text += fmt::format("# Without --hash: {} is a {}, which cannot have one.\n",
                            has_none->name.str(), has_none->vcs ? "repository" : "folder");
    }
    for (const LockedPackage& package : lock.packages) {
        std::set<std::string> hashes;
        for (const LockedFile& wheel : package.wheels) {
            hashes.insert(wheel.sha256.hex());
        }
        if (package.sdist) {
            hashes.insert(package.sdist->sha256.hex());
        }
        if (package.archive) {
            hashes.insert(package.archive->file.sha256.hex());
        }
        ENVPACK_TRY(const std::string requirement, requirement_of(package, folder, !with_hashes));
        text += requirement;
        for (const std::string& hash : with_hashes ? hashes : std::set<std::string>()) {
            text += " \\\n    --hash=sha256:" + hash;
        }
        text += '\n';
        if (const auto found = via.find(package.name); found != via.end()) {
            text += fmt::format("    # via {}\n", text::join(found->second, ", "));
        }
    }
    return text;
}

std::string to_tree_text(const Lock& lock) {
    Tree tree(lock);
    for (const PackageName& root : tree.roots(lock)) {
        tree.draw(root, "", "");
    }
    return std::move(tree).take();
}

}  // namespace envpack::env
