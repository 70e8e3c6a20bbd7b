#include "added_files.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/base/text.hpp"
#include "envpack/wheel/venv_layers.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;
using archive::FileInfo;
using archive::FileType;
using archive::PlannedEntry;

// A set-id bit would be given to another owner than the one who set it.
constexpr std::uint32_t file_mode_bits = 0777;
constexpr std::uint32_t folder_mode_bits = 01777;

Error refused_file(std::string_view rule, const fs::path& path, std::string_view what) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("`{}` {}", text::printable(path.string()), what))
        .with_rule(std::string(rule))
        .with_path(path.string());
}

/// Other bytes at each checkout, and nobody's program.
bool is_version_control(std::string_view name) {
    return name == ".git" || name == ".hg" || name == ".svn" || name == ".bzr";
}

/// A DiskTree passes over names that no SafePath can hold; files must not get lost in silence.
Result<void> check_names(const fs::path& folder, std::size_t seen) {
    std::error_code error;
    fs::directory_iterator items(folder, error);
    const auto all = error ? std::ptrdiff_t{0} : std::distance(items, fs::directory_iterator());
    if (error || static_cast<std::size_t>(all) != seen) {
        return fail(refused_file("add.name", folder,
                                 "has a file whose name is no UTF-8 or has control characters"));
    }
    return {};
}

/// One file or folder of --add, on its way into the image. One thread.
class AddedReader {
public:
    AddedReader(const archive::DiskTree& tree, const Limits& limits, const RunContext& run)
        : tree_(tree), limits_(limits), run_(run) {}

    /// A folder at `source`, with all that is in it.
    Result<void> folder(const SafePath& source, const SafePath& in_image) {
        entries_.push_back({.path = in_image, .type = FileType::directory, .mode = 0755});
        std::vector<std::pair<SafePath, SafePath>> pending{{source, in_image}};
        while (!pending.empty()) {
            ENVPACK_CHECK(run_.check());
            const auto [from, to] = std::move(pending.back());
            pending.pop_back();
            ENVPACK_TRY(const std::vector<std::string> names, tree_.list(from));
            ENVPACK_CHECK(check_names(tree_.root() / from.str(), names.size()));
            for (const std::string& name : names) {
                if (is_version_control(name) || wheel::is_spare_bytecode(name, names)) {
                    ++left_out_;
                    continue;
                }
                ENVPACK_TRY(const auto info, tree_.lookup(from / name));
                if (!info) {
                    continue;  // removed since list()
                }
                ENVPACK_CHECK(add(from / name, *info, to / name));
                if (info->type == FileType::directory) {
                    pending.emplace_back(from / name, to / name);
                }
            }
        }
        return {};
    }

    Result<void> add(const SafePath& source, const FileInfo& info, SafePath in_image) {
        if (entries_.size() >= limits_.max_entries) {
            return fail(ErrorCode::limit_exceeded,
                        fmt::format("more than {} files are to be added", limits_.max_entries));
        }
        PlannedEntry entry{.path = std::move(in_image), .type = info.type};
        switch (info.type) {
            case FileType::directory:
                entry.mode = info.mode & folder_mode_bits;
                break;
            case FileType::symlink:
                entry.mode = 0777;
                entry.link_target = info.link_target;
                break;
            case FileType::regular:
                entry.mode = info.mode & file_mode_bits;
                entry.content = archive::Content::of_file(tree_.root() / source.str(), info.size);
                break;
            case FileType::other:
                return fail(refused_file("add.special-file", tree_.root() / source.str(),
                                         "is a device, a fifo or a socket"));
        }
        entries_.push_back(std::move(entry));
        return {};
    }

    /// Reads each file once, for its sha256.
    Result<std::vector<PlannedEntry>> take() && {
        return parallel_map<PlannedEntry>(
            entries_.size(),
            [&](std::size_t i) -> Result<PlannedEntry> {
                PlannedEntry entry = entries_[i];
                if (entry.type == FileType::regular) {
                    ENVPACK_TRY(const auto bytes, entry.content.open());
                    ENVPACK_TRY(entry.sha256, with_context(Digest::of(*bytes, run_),
                                                           fmt::format("while reading `{}`",
                                                                       *entry.content.file())));
                }
                return entry;
            },
            run_);
    }

    std::size_t left_out() const noexcept { return left_out_; }

private:
    const archive::DiskTree& tree_;
    const Limits& limits_;
    const RunContext& run_;
    std::vector<PlannedEntry> entries_;
    std::size_t left_out_ = 0;
};

/// The file of `path` in the image: the destination itself, or `name` below it.
Result<SafePath> place_of_file(const AddedPath& path, SafePath destination, std::string_view name,
                               bool is_folder) {
    const std::string& said = path.destination;
    if (!is_folder && !destination.is_root() && !said.ends_with('/') && !said.ends_with("/.") &&
        said != ".") {
        return destination;
    }
    ENVPACK_TRY(const SafePath last, SafePath::parse(name));
    return destination.join(last);
}

/// `image` with the folders that were added before: what a later destination is asked of.
Result<bool> is_folder_of(const archive::FileTree& image, const std::vector<PlannedEntry>& added,
                          const SafePath& path) {
    ENVPACK_TRY(const auto there, archive::stat(image, path));
    return (there && there->type == FileType::directory) ||
           std::ranges::any_of(added, [&](const PlannedEntry& entry) {
               return entry.path.is_below(path) ||
                      (entry.path == path && entry.type == FileType::directory);
           });
}

Result<void> read_one(const AddedPath& path, const std::string& workdir,
                      const archive::FileTree& image, AddedFiles& added, const Limits& limits,
                      const RunContext& run) {
    // A link that is named itself is followed, as by COPY; those in a folder are not.
    std::error_code error;
    const fs::path source = fs::canonical(path.source, error);
    if (error) {
        return fail(
            Error(ErrorCode::not_found, fmt::format("`{}` does not exist", path.source.string()))
                .with_path(path.source.string()));
    }
    const bool is_absolute = path.destination.starts_with('/');
    ENVPACK_TRY(
        const SafePath destination,
        SafePath::normalize(is_absolute ? path.destination : workdir + "/" + path.destination));
    if (fs::is_directory(source, error)) {
        const archive::DiskTree tree(source);
        AddedReader reader(tree, limits, run);
        ENVPACK_CHECK(reader.folder(SafePath(), destination));
        added.left_out += reader.left_out();
        ENVPACK_TRY(std::vector<PlannedEntry> entries, std::move(reader).take());
        std::ranges::move(entries, std::back_inserter(added.entries));
        return {};
    }
    const archive::DiskTree tree(source.parent_path());
    auto name = SafePath::parse(source.filename().string());
    if (!name) {
        return fail(refused_file("add.name", source, "has a name that no image can have"));
    }
    ENVPACK_TRY(const auto info, tree.lookup(*name));
    if (!info) {
        return fail(ErrorCode::not_found, fmt::format("`{}` is gone", path.source.string()));
    }
    ENVPACK_TRY(const bool is_folder, is_folder_of(image, added.entries, destination));
    ENVPACK_TRY(
        SafePath place,
        with_context(place_of_file(path, destination, path.source.filename().string(), is_folder),
                     fmt::format("while adding `{}`", path.source.string())));
    AddedReader reader(tree, limits, run);
    ENVPACK_CHECK(reader.add(*name, *info, std::move(place)));
    ENVPACK_TRY(std::vector<PlannedEntry> entries, std::move(reader).take());
    std::ranges::move(entries, std::back_inserter(added.entries));
    return {};
}

}  // namespace

Result<AddedPath> AddedPath::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("`{}` is no SRC:DST", text::printable(text)))
                        .with_rule("add.destination")
                        .with_hint("such as build/app:/usr/local/bin/app, or src:. for the "
                                   "working folder of the image"));
    }
    return AddedPath{.source = std::string(text.substr(0, colon)),
                     .destination = std::string(text.substr(colon + 1))};
}

Result<AddedFiles> read_added_files(const std::vector<AddedPath>& add, const std::string& workdir,
                                    const archive::FileTree& image, const RunContext& run,
                                    const Limits& limits) {
    AddedFiles added;
    for (const AddedPath& path : add) {
        ENVPACK_CHECK(read_one(path, workdir, image, added, limits, run));
    }
    // Several sources may share a folder; as with COPY, the first one's attributes stay.
    std::map<SafePath, std::size_t> folders;
    std::vector<PlannedEntry> kept;
    for (PlannedEntry& entry : added.entries) {
        if (entry.type == FileType::directory && !folders.emplace(entry.path, kept.size()).second) {
            continue;
        }
        if (!entry.path.is_root()) {
            kept.push_back(std::move(entry));
        }
    }
    added.entries = std::move(kept);
    return added;
}

}  // namespace envpack::pipeline
