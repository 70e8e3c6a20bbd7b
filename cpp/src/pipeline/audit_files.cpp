#include "audit_files.hpp"

#include "content_region.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/cuda/ar_archive.hpp"
#include "layer_members.hpp"
#include "whole_image.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// By its first bytes.
bool may_be_binary(std::string_view text) {
    return text.starts_with(
               "\x7f"
               "ELF") ||
           text.starts_with("!<arch>\n") || text.starts_with("\x50\xed\x55\xba");
}

/// Nothing that a process loads: kernel file systems, and debug information, whose tables lie in
/// another file.
bool is_left_out(const SafePath& path) {
    const std::string& text = path.str();
    return text == "proc" || text == "sys" || text == "dev" || text == "usr/lib/debug" ||
           path.name() == ".debug";
}

struct ListedFile {
    SafePath path;
    std::uint64_t size;
};

Result<void> list_files(const archive::FileTree& tree, const SafePath& folder,
                        std::vector<ListedFile>& files, const RunContext& run) {
    std::vector<SafePath> pending{folder};
    while (!pending.empty()) {
        ENVPACK_CHECK(run.check());
        const SafePath path = std::move(pending.back());
        pending.pop_back();
        ENVPACK_TRY(const auto info, tree.lookup(path));
        if (!info || is_left_out(path)) {
            continue;
        }
        if (info->type == archive::FileType::regular && info->size >= member_front) {
            files.push_back({path, info->size});
        } else if (info->type == archive::FileType::directory) {
            const auto names = tree.list(path);
            if (!names) {  // no permission: other users' folders of a live machine
                run.note(fmt::format("`{}` is not looked into: {}", path.str(),
                                     names.error().message()));
                continue;
            }
            for (const std::string& name : *names) {
                pending.push_back(path / name);
            }
        }
    }
    return {};
}

void sort_by_path(std::vector<Binary>& binaries) {
    std::ranges::sort(binaries, {}, &Binary::path);
}

std::vector<Binary> found_by_path(std::vector<std::optional<Binary>> read) {
    std::vector<Binary> binaries;
    for (std::optional<Binary>& one : read) {
        if (one) {
            binaries.push_back(*std::move(one));
        }
    }
    sort_by_path(binaries);
    return binaries;
}

/// What `read` finds in `count` files, which it is called for from several threads.
template <class Read>
Result<std::vector<Binary>> binaries_among(std::size_t count, const Read& read,
                                           const RunContext& run) {
    std::atomic<std::uint64_t> done{0};
    ENVPACK_TRY(std::vector<std::optional<Binary>> found,
                parallel_map<std::optional<Binary>>(
                    count,
                    [&](std::size_t i) -> Result<std::optional<Binary>> {
                        run.report("files", ++done, count);
                        return read(i);
                    },
                    run));
    return found_by_path(std::move(found));
}

Result<std::vector<Binary>> binaries_of_layer(const oci::Layer& layer, const LayerMembers& members,
                                              const std::filesystem::path& scratch,
                                              const RunContext& run) {
    std::vector<Binary> binaries;
    const MemberReader reader{
        .is_wanted = may_be_binary,
        .read = [&](const SafePath& path, const ByteRegion& bytes) -> Result<void> {
            ENVPACK_TRY(auto binary, read_binary(path, bytes, run));
            if (binary) {
                binaries.push_back(*std::move(binary));
            }
            return {};
        }};
    ENVPACK_CHECK(read_members(layer, members, reader, scratch, run));
    return binaries;
}

/// Whether it is worth to be inflated as a whole.
Result<bool> begins_as_binary(const archive::Content& content) {
    if (content.size() < member_front) {
        return false;
    }
    ENVPACK_TRY(const auto source, content.open());
    std::array<std::byte, member_front> front{};
    for (std::size_t have = 0; have < front.size();) {
        ENVPACK_TRY(const std::size_t count, source->read(std::span(front).subspan(have)));
        if (count == 0) {
            return false;
        }
        have += count;
    }
    return may_be_binary(as_text(front));
}

}  // namespace

bool Binary::is_loaded() const noexcept {
    constexpr std::uint16_t relocatable = 1;
    return !is_archive &&
           (!elf || elf->machine == cuda::ElfFile::machine_cuda || elf->type != relocatable);
}

Result<std::optional<Binary>> read_binary(const SafePath& path, const ByteRegion& bytes,
                                          const RunContext& run) {
    std::vector<std::byte> buffer;
    ENVPACK_TRY(const auto front, bytes.read(0, member_front, buffer));
    if (!may_be_binary(as_text(front))) {
        return std::nullopt;
    }
    Binary binary{.path = path, .size = bytes.size()};
    ENVPACK_TRY(binary.is_archive, cuda::is_ar_archive(bytes));
    Result<std::optional<cuda::ElfFile>> elf = cuda::ElfFile::read(bytes);
    if (elf) {
        binary.elf = *std::move(elf);
    } else if (elf.error().code() == ErrorCode::parse_error) {
        binary.damage = elf.error().message();
    } else {
        return fail(std::move(elf).error());
    }
    ENVPACK_TRY(binary.code, cuda::read_file_code(bytes, {}, run));
    return binary;
}

Result<std::vector<Binary>> binaries_on_disk(const archive::DiskTree& tree,
                                             const std::vector<SafePath>& roots,
                                             const RunContext& run) {
    std::vector<ListedFile> files;
    for (const SafePath& root : roots) {
        ENVPACK_CHECK(list_files(tree, root, files, run));
    }
    // One folder may lie in another. The largest first, so that no core is left with one at the
    // end.
    std::ranges::sort(files, {}, &ListedFile::path);
    const auto same = std::ranges::unique(files, {}, &ListedFile::path);
    files.erase(same.begin(), same.end());
    std::ranges::stable_sort(files, std::greater<>(), &ListedFile::size);
    return binaries_among(
        files.size(),
        [&](std::size_t i) -> Result<std::optional<Binary>> {
            auto file = tree.open_file(files[i].path);
            if (!file && file.error().code() == ErrorCode::not_found) {
                return std::nullopt;  // gone since it was listed
            }
            if (!file) {
                run.note(fmt::format("`{}` is not read: {}", files[i].path.str(),
                                     file.error().message()));
                return std::nullopt;
            }
            ENVPACK_TRY(const ByteRegion bytes,
                        ByteRegion::of_file(*std::move(file), files[i].path.str()));
            return read_binary(files[i].path, bytes, run);
        },
        run);
}

Result<std::vector<Binary>> binaries_of_image(const OpenSource& open,
                                              const std::filesystem::path& scratch,
                                              const RunContext& run) {
    std::vector<ListedFile> files;
    ENVPACK_CHECK(list_files(*open.layers, SafePath(), files, run));
    std::ranges::sort(files, {}, &ListedFile::path);
    std::vector<LayerMembers> members(open.image->layers().size());
    for (const ListedFile& file : files) {
        // Of the names of one file the first is told.
        if (const auto place = open.layers->content_place(file.path)) {
            members.at(place->layer).try_emplace(place->member, file.path);
        }
    }
    std::atomic<std::uint64_t> done{0};
    ENVPACK_TRY(
        std::vector<std::vector<Binary>> read,
        parallel_map<std::vector<Binary>>(
            members.size(),
            [&](std::size_t i) -> Result<std::vector<Binary>> {
                std::vector<Binary> binaries;
                if (!members[i].empty()) {
                    ENVPACK_TRY(
                        binaries,
                        with_context(
                            binaries_of_layer(*open.image->layers()[i], members[i], scratch, run),
                            fmt::format("while reading layer {} of {}", i + 1, members.size())));
                }
                run.report("layers", ++done, members.size());
                return binaries;
            },
            run));
    std::vector<Binary> binaries;
    for (std::vector<Binary>& layer : read) {
        std::ranges::move(layer, std::back_inserter(binaries));
    }
    sort_by_path(binaries);
    return binaries;
}

Result<std::vector<Binary>> binaries_of_plan(const std::vector<archive::PlannedEntry>& entries,
                                             const std::filesystem::path& scratch,
                                             const RunContext& run) {
    std::vector<const archive::PlannedEntry*> files;
    for (const archive::PlannedEntry& entry : entries) {
        if (entry.type == archive::FileType::regular) {
            files.push_back(&entry);
        }
    }
    // As for a disk: no core is left with the largest at the end.
    std::ranges::stable_sort(files, std::greater<>(), [](const archive::PlannedEntry* entry) {
        return entry->content.size();
    });
    return binaries_among(
        files.size(),
        [&](std::size_t i) -> Result<std::optional<Binary>> {
            const archive::PlannedEntry& entry = *files[i];
            const auto reading = fmt::format("while reading `{}`", entry.path.str());
            ENVPACK_TRY(const bool is_wanted,
                        with_context(begins_as_binary(entry.content), reading));
            if (!is_wanted) {
                return std::nullopt;
            }
            ENVPACK_TRY(const ByteRegion bytes,
                        with_context(region_of(entry.content, scratch, run), reading));
            return read_binary(entry.path, bytes, run);
        },
        run);
}

}  // namespace envpack::pipeline
