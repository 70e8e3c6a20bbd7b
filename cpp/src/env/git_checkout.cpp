#include "git_checkout.hpp"

#include "envpack/base/text.hpp"
#include "git_config.hpp"
#include "read_limits.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace envpack::env {
namespace {

constexpr int max_symbolic_refs = 5;  // as git: MAXDEPTH of refs.c
constexpr std::array<std::string_view, 4> state_names = {"HEAD", "config", "packed-refs",
                                                         "commondir"};

/// The position behind the last `.git/` segment; npos when there is none.
std::size_t behind_git_folder(std::string_view path) noexcept {
    constexpr std::string_view segment = ".git/";
    const std::size_t place = path.rfind("/.git/");
    if (place != std::string_view::npos) {
        return place + 1 + segment.size();
    }
    return path.starts_with(segment) ? segment.size() : std::string_view::npos;
}

bool is_object_id(std::string_view text) noexcept {
    return (text.size() == 40 || text.size() == 64) &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The folders of a repository; `own` differs from `common` in a linked work tree.
struct Repository {
    SafePath root;  ///< of the checkout
    SafePath own;
    SafePath common;
};

class Reader {
public:
    explicit Reader(const archive::FileTree& tree) : tree_(tree) {}

    /// Looks for `.git` from `folder` upwards.
    Result<std::optional<Repository>> find(SafePath folder) const {
        for (;; folder = folder.parent()) {
            const SafePath git = folder / ".git";
            ENVPACK_TRY(const auto info, stat_directly(tree_, git));
            if (info && info->type == archive::FileType::regular) {
                return behind_link(folder, git);
            }
            if (info && info->type == archive::FileType::directory) {
                ENVPACK_TRY(const auto own, archive::resolve(tree_, git));
                ENVPACK_TRY(const auto head, text_of(own.value_or(git) / "HEAD"));
                if (head) {
                    return std::optional(Repository{folder, *own, *own});
                }
            }
            if (folder.is_root()) {
                return std::optional<Repository>();
            }
        }
    }

    Result<std::optional<std::string>> commit(const Repository& repository) const {
        std::string name = "HEAD";
        for (int depth = 0; depth < max_symbolic_refs; ++depth) {
            ENVPACK_TRY(std::optional<std::string> value, text_of(repository.own / "HEAD"));
            if (depth > 0) {
                ENVPACK_TRY(value, reference(repository, name));
            }
            if (!value) {
                break;
            }
            const std::string_view text = text::trim(*value);
            if (is_object_id(text)) {
                return std::optional(std::string(text));
            }
            if (!text.starts_with("ref:")) {
                break;
            }
            name = text::trim(text.substr(4));
        }
        return std::optional<std::string>();
    }

    Result<std::optional<std::string>> remote(const Repository& repository) const {
        ENVPACK_TRY(const auto config, text_of(repository.common / "config"));
        const auto url = config ? git_remote_url(*config) : std::nullopt;
        return url ? shared_git_url(*url) : std::nullopt;
    }

private:
    /// nullopt also for a file that is too long to be one of git's.
    Result<std::optional<std::string>> text_of(const SafePath& path) const {
        if (!is_git_state(path)) {
            return std::optional<std::string>();
        }
        return read_if_small(
            tree_, path, path.name() == "packed-refs" ? max_captured_metadata : max_captured_text);
    }

    /// The folder that a line of `.git` or `commondir` names.
    Result<std::optional<SafePath>> folder_named(std::string_view line,
                                                 const SafePath& from) const {
        line = text::trim(line.substr(0, line.find('\n')));
        if (line.empty()) {
            return std::optional<SafePath>();
        }
        return find_directory(tree_, line.starts_with('/') ? std::string(line)
                                                           : from.str() + '/' + std::string(line));
    }

    /// `.git` as a file, of a linked work tree or a submodule: `gitdir: ../.git/worktrees/x`.
    Result<std::optional<Repository>> behind_link(const SafePath& root, const SafePath& git) const {
        constexpr std::string_view key = "gitdir:";
        ENVPACK_TRY(const auto link, text_of(git));
        if (!link || !link->starts_with(key)) {
            return std::optional<Repository>();
        }
        ENVPACK_TRY(auto own, folder_named(std::string_view(*link).substr(key.size()), root));
        if (!own) {
            return std::optional<Repository>();
        }
        ENVPACK_TRY(const auto shared, text_of(*own / "commondir"));
        std::optional<SafePath> common = own;
        if (shared) {
            ENVPACK_TRY(common, folder_named(*shared, *own));
        }
        if (!common) {
            return std::optional<Repository>();
        }
        return std::optional(Repository{root, *std::move(own), *std::move(common)});
    }

    /// The content of a loose reference, else its line in packed-refs.
    Result<std::optional<std::string>> reference(const Repository& repository,
                                                 const std::string& name) const {
        const auto path = SafePath::parse(name);
        if (!path || !name.starts_with("refs/")) {
            return std::optional<std::string>();
        }
        for (const SafePath* const folder : {&repository.own, &repository.common}) {
            ENVPACK_TRY(auto loose, text_of(folder->join(*path)));
            if (loose) {
                return loose;
            }
        }
        ENVPACK_TRY(const auto packed, text_of(repository.common / "packed-refs"));
        const std::string all = packed.value_or("");
        for (const std::string_view line : text::lines(all)) {
            const std::size_t space = line.find(' ');
            if (space != std::string_view::npos && line.substr(space + 1) == name) {
                return std::optional(std::string(line.substr(0, space)));
            }
        }
        return std::optional<std::string>();
    }

    const archive::FileTree& tree_;
};

}  // namespace

bool is_git_state(const SafePath& path) noexcept {
    const std::string_view text = path.str();
    const std::size_t inside = behind_git_folder(text);
    if (inside == std::string_view::npos) {
        return path.name() == ".git";
    }
    const std::string_view below = text.substr(inside);
    const bool is_reference =
        below.starts_with("refs/") || below.find("/refs/") != std::string_view::npos;
    return (is_reference && !below.starts_with("logs/")) ||
           std::find(state_names.begin(), state_names.end(), path.name()) != state_names.end();
}

Result<std::optional<packaging::DirectUrl>> read_git_checkout(const archive::FileTree& tree,
                                                              const SafePath& folder) {
    const Reader reader(tree);
    ENVPACK_TRY(const auto repository, reader.find(folder));
    if (!repository) {
        return std::optional<packaging::DirectUrl>();
    }
    ENVPACK_TRY(auto url, reader.remote(*repository));
    ENVPACK_TRY(auto commit, reader.commit(*repository));
    if (!url || !commit) {
        return std::optional<packaging::DirectUrl>();
    }
    packaging::DirectUrl found{
        .url = *std::move(url),
        .info = packaging::DirectUrl::Vcs{.vcs = "git", .commit_id = *std::move(commit)}};
    if (folder != repository->root) {
        const std::size_t above =
            repository->root.is_root() ? 0 : repository->root.str().size() + 1;
        found.subdirectory = folder.str().substr(above);
    }
    return std::optional(std::move(found));
}

}  // namespace envpack::env
