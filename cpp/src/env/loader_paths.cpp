#include "envpack/env/loader_paths.hpp"

#include "envpack/base/text.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <fnmatch.h>
#include <string_view>

namespace envpack::env {
namespace {

constexpr std::size_t max_loader_config = 1u << 20;
constexpr std::size_t max_loader_folders = 1024;

class LoaderConfig {
public:
    LoaderConfig(const archive::FileTree& tree, const Limits& limits)
        : tree_(tree), limits_(limits) {}

    /// ld.so.conf(5) as ldconfig reads it: folders, `include` with patterns, comments.
    Result<void> read(const SafePath& path, std::size_t depth) {
        if (depth > limits_.max_depth) {
            return {};
        }
        ENVPACK_TRY(const auto text, read_if_small(tree_, path, max_loader_config));
        if (!text) {
            return {};
        }
        for (const std::string_view line : text::lines(*text)) {
            const std::string_view said = text::trim(line.substr(0, line.find('#')));
            const auto words = text::words(said);
            if (words.empty()) {
                continue;
            }
            if (words[0] == "include") {
                for (std::size_t i = 1; i < words.size(); ++i) {
                    ENVPACK_CHECK(include(words[i], path, depth));
                }
            } else if (words[0] != "hwcap") {
                add(std::string(said.substr(0, said.find('='))));
            }
        }
        return {};
    }

    void add(std::string folder) {
        if (folders_.size() < max_loader_folders && folder.starts_with('/') &&
            std::ranges::find(folders_, folder) == folders_.end()) {
            folders_.push_back(std::move(folder));
        }
    }

    std::vector<std::string> take() && { return std::move(folders_); }

private:
    /// A pattern in the last segment, which is all that distributions use.
    Result<void> include(std::string_view pattern, const SafePath& from, std::size_t depth) {
        const std::string absolute = pattern.starts_with('/')
                                         ? std::string(pattern)
                                         : from.parent().str() + '/' + std::string(pattern);
        const auto path = SafePath::normalize(absolute);
        if (!path || path->is_root()) {
            return {};
        }
        ENVPACK_TRY(const auto folder, find_directory(tree_, '/' + path->parent().str()));
        if (!folder) {
            return {};
        }
        ENVPACK_TRY(const std::vector<std::string> names, tree_.list(*folder));
        const std::string last(path->name());
        for (const std::string& name : names) {
            if (::fnmatch(last.c_str(), name.c_str(), FNM_PERIOD) == 0) {
                ENVPACK_CHECK(read(*folder / name, depth + 1));
            }
        }
        return {};
    }

    const archive::FileTree& tree_;
    const Limits& limits_;
    std::vector<std::string> folders_;
};

}  // namespace

Result<LoaderPaths> loader_paths(const archive::FileTree& tree, const Environment& environment,
                                 const Limits& limits) {
    LoaderPaths paths;
    if (const auto found = environment.find("LD_LIBRARY_PATH"); found != environment.end()) {
        std::string text = found->second;
        std::ranges::replace(text, ';', ':');  // ld.so(8): either separates
        for (const std::string_view folder : text::split(text, ':')) {
            if (folder.starts_with('/')) {  // others depend on the working folder
                paths.environment.emplace_back(folder);
            }
        }
    }
    LoaderConfig config(tree, limits);
    const SafePath etc = SafePath() / "etc";
    ENVPACK_CHECK(config.read(etc / "ld.so.conf", 0));
    for (const char* machine : {"x86_64", "aarch64"}) {
        const std::string triplet = std::string(machine) + "-linux-gnu";
        // One folder a line or between colons: musl's ld-musl(1).
        const SafePath musl = etc / ("ld-musl-" + std::string(machine) + ".path");
        ENVPACK_TRY(const auto text, read_if_small(tree, musl, max_loader_config));
        for (const std::string_view line : text::lines(text ? std::string_view(*text) : "")) {
            for (const std::string_view folder : text::split(line, ':')) {
                config.add(std::string(text::trim(folder)));
            }
        }
        config.add("/lib/" + triplet);
        config.add("/usr/lib/" + triplet);
    }
    for (const char* folder : {"/lib64", "/usr/lib64", "/lib", "/usr/lib"}) {
        config.add(folder);
    }
    paths.system = std::move(config).take();
    return paths;
}

bool loader_paths_want(const SafePath& path, const archive::FileInfo& info) {
    const std::string& text = path.str();
    return info.type == archive::FileType::regular && info.size <= max_loader_config &&
           (text == "etc/ld.so.conf" || text.starts_with("etc/ld.so.conf.d/") ||
            (text.starts_with("etc/ld-musl-") && text.ends_with(".path")));
}

}  // namespace envpack::env
