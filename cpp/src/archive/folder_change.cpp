#include "envpack/archive/folder_change.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/file.hpp"
#include "folder_cursor.hpp"
#include "folder_place.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view staging_prefix = ".envpack.";  // of TemporaryDirectory

enum class Step : std::uint8_t { made_folder, made_file, moved_in, moved_out, removed_folder };

struct Done {
    Step step;
    SafePath path;
    std::string aside = {};  ///< name in the staging folder
};

Result<void> lock_folder(const FileHandle& folder, const fs::path& path, const RunContext& run) {
    bool is_told = false;
    while (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == ENOLCK || errno == EOPNOTSUPP || errno == EBADF) {
            return {};  // a file system without locks: they save work, correctness does without
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return fail(os_failure("lock", path.string(), errno));
        }
        if (!std::exchange(is_told, true)) {
            run.note(fmt::format("waiting for another change of `{}`", path.string()));
        }
        ENVPACK_CHECK(run.check());
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return {};
}

/// What killed processes left. True when there is nothing else.
bool remove_leftovers(const fs::path& root) {
    std::error_code ignored;
    bool is_empty = true;
    std::vector<fs::path> leftovers;
    for (const fs::directory_entry& entry : fs::directory_iterator(root, ignored)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(staging_prefix) && entry.is_directory(ignored) &&
            !entry.is_symlink(ignored)) {
            leftovers.push_back(entry.path());
        } else {
            is_empty = false;
        }
    }
    for (const fs::path& folder : leftovers) {
        fs::remove_all(folder, ignored);
    }
    return is_empty;
}

}  // namespace

struct FolderChange::State {
    fs::path root;
    FileHandle handle;
    std::vector<fs::path> made_above =
        {};  ///< the root and parents that begin() made, outermost first
    bool was_empty = false;
    std::mutex mutex = {};
    std::vector<Done> done = {};
    std::optional<TemporaryDirectory> aside = std::nullopt;
    FileHandle aside_handle = {};
    StagingFolder staging = {};
    bool committed = false;

    Result<void> open_staging() {
        const std::lock_guard lock(mutex);
        if (aside) {
            return {};
        }
        ENVPACK_TRY(TemporaryDirectory folder, TemporaryDirectory::create(root));
        const std::string name = folder.path().filename().string();
        aside_handle = FileHandle(
            ::openat(handle.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!aside_handle) {
            return fail(os_failure("open folder", folder.path().string(), errno));
        }
        aside.emplace(std::move(folder));
        staging.handle = aside_handle.get();
        return {};
    }
    void add(std::vector<Done> steps) {
        const std::lock_guard lock(mutex);
        std::move(steps.begin(), steps.end(), std::back_inserter(done));
    }

    bool undo_one(const Done& step, FolderCursor& cursor) const {
        const auto folder = cursor.open(step.path.parent());
        if (!folder) {
            return false;
        }
        const std::string name(step.path.name());
        switch (step.step) {
            case Step::made_file:
                return ::unlinkat(*folder, name.c_str(), 0) == 0;
            case Step::made_folder:
                return ::unlinkat(*folder, name.c_str(), AT_REMOVEDIR) == 0;
            case Step::removed_folder:
                return ::mkdirat(*folder, name.c_str(), 0755) == 0;
            case Step::moved_in:
                return ::renameat(*folder, name.c_str(), staging.handle, step.aside.c_str()) == 0;
            case Step::moved_out:
                return rename_new(staging.handle, step.aside, *folder, name) == 0;
        }
        return false;
    }

    void undo() {
        FolderCursor cursor(handle.get());
        bool is_restored = true;
        for (auto step = done.rbegin(); step != done.rend(); ++step) {
            const bool undone = undo_one(*step, cursor);
            is_restored = is_restored && (undone || step->step != Step::moved_out);
        }
        if (!is_restored && aside) {
            (void)std::move(*aside).release();  // better a strange folder than a lost file
        }
        aside.reset();
        for (auto folder = made_above.rbegin(); folder != made_above.rend(); ++folder) {
            ::rmdir(folder->c_str());
        }
    }
    ~State() {
        if (!committed) {
            undo();
        }
    }
};

Result<LinkMode> link_mode_named(std::string_view name) {
    constexpr std::pair<std::string_view, LinkMode> modes[] = {{"auto", LinkMode::automatic},
                                                               {"clone", LinkMode::clone},
                                                               {"hardlink", LinkMode::hardlink},
                                                               {"copy", LinkMode::copy}};
    for (const auto& [text, mode] : modes) {
        if (text == name) {
            return mode;
        }
    }
    return fail(ErrorCode::invalid_argument,
                fmt::format("link mode `{}` is none of auto, clone, hardlink, copy", name));
}

FolderChange::FolderChange(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
FolderChange::FolderChange(FolderChange&&) noexcept = default;
FolderChange::~FolderChange() = default;

Result<FolderChange> FolderChange::begin(const fs::path& root, LinkMode mode,
                                         const RunContext& run) {
    auto state = std::make_unique<State>();
    state->root = root;
    state->staging.mode = mode;
    std::vector<fs::path> missing;
    std::error_code ignored;
    for (fs::path folder = root; !folder.empty() && !fs::exists(folder, ignored);
         folder = folder.parent_path()) {
        missing.push_back(folder);
    }
    for (auto folder = missing.rbegin(); folder != missing.rend(); ++folder) {
        if (::mkdir(folder->c_str(), 0755) == 0) {
            state->made_above.push_back(*folder);
        } else if (errno != EEXIST) {
            return fail(os_failure("create folder", folder->string(), errno));
        }
    }
    state->handle = FileHandle(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!state->handle) {
        return fail(os_failure("open folder", root.string(), errno));
    }
    ENVPACK_CHECK(lock_folder(state->handle, root, run));
    state->was_empty = remove_leftovers(root);
    return FolderChange(std::move(state));
}

bool FolderChange::was_empty() const noexcept {
    return state_->was_empty;
}

Result<void> FolderChange::take_out(std::span<const SafePath> paths, std::span<const SafePath> keep,
                                    const RunContext& run) {
    ENVPACK_CHECK(state_->open_staging());
    std::vector<SafePath> sorted(paths.begin(), paths.end());
    std::sort(sorted.begin(), sorted.end());
    std::vector<SafePath> folders;
    FolderCursor cursor(state_->handle.get());
    for (const SafePath& path : sorted) {
        ENVPACK_CHECK(run.check());
        // Also where the file is gone: who was killed had no time for the folder.
        for (SafePath above = path.parent(); !above.is_root(); above = above.parent()) {
            if (!folders.empty() && folders.back() == above) {
                break;  // so are those above it
            }
            folders.push_back(above);
        }
        const auto folder = cursor.open(path.parent());
        if (!folder) {
            continue;  // gone, or behind a link: not ours
        }
        const std::string name(path.name());
        struct stat status {};
        if (::fstatat(*folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            S_ISDIR(status.st_mode)) {
            continue;
        }
        std::string aside = state_->staging.fresh_name();
        if (::renameat(*folder, name.c_str(), state_->staging.handle, aside.c_str()) != 0) {
            return fail(os_failure("remove", path.str(), errno));
        }
        state_->add({{.step = Step::moved_out, .path = path, .aside = std::move(aside)}});
    }
    // The deepest first; those that still hold something say so themselves.
    std::sort(folders.begin(), folders.end(), std::greater<>());
    folders.erase(std::unique(folders.begin(), folders.end()), folders.end());
    cursor.reset();
    for (const SafePath& folder : folders) {
        const auto is_in = [&](const SafePath& kept) { return kept.has_prefix(folder); };
        if (std::any_of(keep.begin(), keep.end(), is_in)) {
            continue;
        }
        const auto above = cursor.open(folder.parent());
        if (above && ::unlinkat(*above, std::string(folder.name()).c_str(), AT_REMOVEDIR) == 0) {
            state_->add({{.step = Step::removed_folder, .path = folder}});
        }
    }
    return {};
}

Result<void> FolderChange::take_out_folder(const SafePath& path) {
    ENVPACK_CHECK(state_->open_staging());
    FolderCursor cursor(state_->handle.get());
    ENVPACK_TRY(const int folder, cursor.open(path.parent()));
    std::string aside = state_->staging.fresh_name();
    if (::renameat(folder, std::string(path.name()).c_str(), state_->staging.handle,
                   aside.c_str()) != 0) {
        return fail(os_failure("remove", path.str(), errno));
    }
    state_->add({{.step = Step::moved_out, .path = path, .aside = std::move(aside)}});
    return {};
}

Result<void> FolderChange::put(std::span<const PlannedEntry> entries, const RunContext& run) {
    ENVPACK_CHECK(state_->open_staging());
    FolderCursor cursor(state_->handle.get());
    std::vector<Done> steps;
    const auto place_all = [&]() -> Result<void> {
        std::vector<SafePath> made;
        std::string_view current;  // the folder that `handle` is
        std::optional<int> handle;
        for (const PlannedEntry& entry : entries) {
            ENVPACK_CHECK(run.check());
            const bool is_folder = entry.type == FileType::directory;
            const std::string_view text = entry.path.str();
            const std::string_view name = entry.path.name();
            const std::size_t above = name.size() < text.size() ? text.size() - name.size() - 1 : 0;
            const std::string_view place = is_folder ? text : text.substr(0, above);
            const Result<int> folder =
                handle && place == current
                    ? Result<int>(*handle)
                    : cursor.open(is_folder ? entry.path : entry.path.parent(), &made);
            for (SafePath& path : made) {
                steps.push_back({.step = Step::made_folder, .path = std::move(path)});
            }
            made.clear();
            ENVPACK_TRY(handle, folder);
            current = place;
            if (is_folder) {
                continue;
            }
            ENVPACK_TRY(const bool is_new,
                        place_entry(entry, *handle, std::string(name), state_->staging, run));
            if (is_new) {
                steps.push_back({.step = Step::made_file, .path = entry.path});
            }
        }
        return {};
    };
    Result<void> result = place_all();
    state_->add(std::move(steps));
    return result;
}

Result<void> FolderChange::put_folder(const SafePath& folder, std::span<const PlannedEntry> entries,
                                      const RunContext& run) {
    ENVPACK_CHECK(state_->open_staging());
    const std::string name = state_->staging.fresh_name();
    if (::mkdirat(state_->staging.handle, name.c_str(), 0755) != 0) {
        return fail(os_failure("create folder", folder.str(), errno));
    }
    const FileHandle inside(::openat(state_->staging.handle, name.c_str(),
                                     O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inside) {
        return fail(os_failure("open folder", folder.str(), errno));
    }
    FolderCursor cursor(inside.get());
    std::vector<SafePath> made;
    for (const PlannedEntry& entry : entries) {
        ENVPACK_ASSERT(entry.path.is_below(folder));
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(
            const SafePath below,
            SafePath::parse(std::string_view(entry.path.str()).substr(folder.str().size() + 1)));
        const bool is_folder = entry.type == FileType::directory;
        ENVPACK_TRY(const int handle, cursor.open(is_folder ? below : below.parent(), &made));
        if (!is_folder) {
            ENVPACK_CHECK(
                place_entry(entry, handle, std::string(below.name()), state_->staging, run));
        }
    }
    FolderCursor outside(state_->handle.get());
    made.clear();
    const auto above = outside.open(folder.parent(), &made);
    std::vector<Done> steps;
    for (SafePath& path : made) {
        steps.push_back({.step = Step::made_folder, .path = std::move(path)});
    }
    const int error =
        above ? rename_new(state_->staging.handle, name, *above, std::string(folder.name())) : 0;
    if (above && error == 0) {
        steps.push_back({.step = Step::moved_in, .path = folder, .aside = name});
    }
    state_->add(std::move(steps));
    ENVPACK_CHECK(above);
    if (error == EEXIST || error == ENOTEMPTY) {
        return fail(path_conflict(folder, "is there already"));
    }
    if (error != 0) {
        return fail(os_failure("write", folder.str(), error));
    }
    return {};
}

void FolderChange::commit() noexcept {
    state_->committed = true;
    state_->aside.reset();
}

}  // namespace envpack::archive
