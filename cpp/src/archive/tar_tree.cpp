#include "envpack/archive/tar_tree.hpp"

#include "envpack/archive/compression.hpp"
#include "envpack/archive/tar_reader.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/text.hpp"
#include "file_slice.hpp"
#include "not_there.hpp"

#include <array>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

namespace fs = std::filesystem;
using FilePtr = std::shared_ptr<const SharedFile>;

/// Members from this size on are seeked over. A reader is made anew behind each, which costs as
/// much as reading a few hundred KiB.
constexpr std::uint64_t seek_from = 1u << 20;

struct Node {
    FileInfo info;
    std::uint64_t offset = 0;  ///< of a regular file's bytes
    bool implied = false;      ///< a folder that only its members speak of
};

Result<Compression> compression_at(const FilePtr& file, std::uint64_t offset) {
    std::array<std::byte, 6> head{};
    const auto source = file_slice(file, offset, file->size - offset);
    ENVPACK_TRY(const std::size_t filled, read_full(*source, head));
    return detect_compression(std::span(head).first(filled));
}

/// The plain bytes of a compressed file in a file that nobody else can name.
Result<FilePtr> unpacked(const FilePtr& packed, const fs::path& scratch, const Limits& limits,
                         const RunContext& run) {
    // The folder is 0700 and goes, with the name in it, when this returns.
    ENVPACK_TRY(const TemporaryDirectory folder, TemporaryDirectory::create(scratch));
    const fs::path name = folder.path() / "archive.tar";
    ENVPACK_TRY(AtomicFile plain, AtomicFile::create(name));
    ENVPACK_TRY(std::unique_ptr<ByteSource> source,
                decompressed(file_slice(packed, 0, packed->size), limits));
    ENVPACK_CHECK(copy(*source, plain, run));
    return SharedFile::open(plain.temporary_path().string(), packed->path);
}

/// As written by tar tools: `./` in front and `/` behind are form, anything else is no name.
Result<SafePath> member_path(std::string_view raw, const Limits& limits) {
    std::string_view name = raw;
    while (name.starts_with("./")) {
        name.remove_prefix(2);
    }
    if (name.ends_with('/')) {
        name.remove_suffix(1);
    }
    if (name.empty() || name == ".") {
        return SafePath();
    }
    return SafePath::parse(name, limits);
}

tl::unexpected<Error> bad_link(const TarEntry& entry) {
    return refuse("tar.link-target",
                  fmt::format("hard link `{}` names no file before it: `{}`",
                              text::printable(entry.path), text::printable(entry.link_target)));
}

}  // namespace

struct TarTree::State {
    FilePtr file;
    std::map<std::string, Node, std::less<>> nodes;

    Result<void> add_parents(const SafePath& path) {
        for (SafePath folder = path.parent(); !folder.is_root(); folder = folder.parent()) {
            const auto [place, added] = nodes.try_emplace(folder.str());
            if (added) {
                place->second = {.info = {.type = FileType::directory, .mode = 0755},
                                 .implied = true};
            } else if (place->second.info.type != FileType::directory) {
                return refuse("tar.duplicate-name",
                              fmt::format("tar member `{}` lies below `{}`, which is no folder",
                                          path.str(), folder.str()));
            } else {
                break;
            }
        }
        return {};
    }

    Result<void> add(const TarEntry& entry, std::uint64_t offset, const Limits& limits) {
        ENVPACK_TRY(const SafePath path, member_path(entry.path, limits));
        if (path.is_root()) {
            return {};
        }
        Node node{.info = {.type = entry.type,
                           .size = entry.size,
                           .mode = entry.mode,
                           .uid = entry.uid,
                           .gid = entry.gid,
                           .mtime = entry.mtime,
                           .link_target = entry.link_target},
                  .offset = offset};
        if (entry.hard_link) {
            Result<SafePath> target = member_path(entry.link_target, limits);
            const auto found = target ? nodes.find(target->str()) : nodes.end();
            if (found == nodes.end() || found->second.info.type != FileType::regular) {
                return bad_link(entry);
            }
            node = found->second;
        }
        ENVPACK_CHECK(add_parents(path));
        const auto [place, added] = nodes.try_emplace(path.str());
        const bool both_folders =
            node.info.type == FileType::directory && place->second.info.type == FileType::directory;
        if (!added && !(both_folders && place->second.implied)) {
            return refuse("tar.duplicate-name",
                          fmt::format("tar archive has two members `{}`", path.str()));
        }
        place->second = std::move(node);
        if (nodes.size() > limits.max_entries) {
            return refuse("archive.too-many-entries",
                          fmt::format("tar archive has more than {} members", limits.max_entries),
                          ErrorCode::limit_exceeded);
        }
        return {};
    }

    /// From `start` to the first large member or the end; where to go on, nullopt at the end.
    Result<std::optional<std::uint64_t>> add_from(std::uint64_t start, const Limits& limits,
                                                  const RunContext& run) {
        // Only the beginning of a file may say that it is compressed.
        ENVPACK_TRY(const Compression compression, compression_at(file, start));
        if (compression != Compression::none) {
            return refuse("tar.checksum", fmt::format("no tar header at byte {}", start));
        }
        ENVPACK_TRY(TarReader reader,
                    TarReader::open(file_slice(file, start, file->size - start), limits));
        for (;;) {
            ENVPACK_CHECK(run.check());
            ENVPACK_TRY(const TarEntry* const entry, reader.next());
            if (entry == nullptr) {
                return std::nullopt;
            }
            const std::uint64_t offset = start + reader.position();
            if (entry->size > file->size - offset) {
                return refuse("tar.truncated", fmt::format("tar archive ends in member `{}`",
                                                           text::printable(entry->path)));
            }
            ENVPACK_CHECK(add(*entry, offset, limits));
            const std::uint64_t end = offset + entry->size + tar_padding(entry->size);
            if (entry->size >= seek_from && end <= file->size) {
                return end;
            }
        }
    }
};

TarTree::TarTree(std::unique_ptr<const State> state) noexcept : state_(std::move(state)) {}
TarTree::~TarTree() = default;

Result<std::shared_ptr<const TarTree>> TarTree::open(const fs::path& path, const fs::path& scratch,
                                                     const Limits& limits, const RunContext& run) {
    const auto reading = fmt::format("while reading `{}`", path.string());
    auto state = std::make_unique<State>();
    ENVPACK_TRY(state->file, SharedFile::open(path.string(), path.string()));
    ENVPACK_TRY(const Compression compression, compression_at(state->file, 0));
    if (compression != Compression::none) {
        ENVPACK_TRY(state->file, with_context(unpacked(state->file, scratch, limits, run),
                                              fmt::format("while unpacking `{}` below `{}`",
                                                          path.string(), scratch.string())));
    }
    state->nodes[""] = Node{.info = {.type = FileType::directory, .mode = 0755}, .implied = true};
    for (std::optional<std::uint64_t> next = 0; next;) {
        ENVPACK_TRY(next, with_context(state->add_from(*next, limits, run), reading));
    }
    return std::shared_ptr<const TarTree>(new TarTree(std::move(state)));
}

Result<std::optional<FileInfo>> TarTree::lookup(const SafePath& path) const {
    const auto found = state_->nodes.find(path.str());
    if (found == state_->nodes.end()) {
        return std::nullopt;
    }
    return found->second.info;
}

Result<std::vector<std::string>> TarTree::list(const SafePath& path) const {
    const auto& nodes = state_->nodes;
    const auto found = nodes.find(path.str());
    if (found == nodes.end() || found->second.info.type != FileType::directory) {
        return no_directory(path);
    }
    const std::string prefix = path.is_root() ? "" : path.str() + '/';
    std::vector<std::string> names;
    for (auto it = nodes.upper_bound(prefix); it != nodes.end() && it->first.starts_with(prefix);) {
        const std::string name = it->first.substr(prefix.size());
        const std::size_t slash = name.find('/');
        if (slash == std::string::npos) {
            names.push_back(name);
            ++it;
        } else {
            it = nodes.lower_bound(prefix + name.substr(0, slash) + '0');  // '0' follows '/'
        }
    }
    return names;
}

Result<std::unique_ptr<ByteSource>> TarTree::open(const SafePath& path) const {
    const auto found = state_->nodes.find(path.str());
    if (found == state_->nodes.end() || found->second.info.type != FileType::regular) {
        return no_file(path);
    }
    return file_slice(state_->file, found->second.offset, found->second.info.size);
}

}  // namespace envpack::archive
