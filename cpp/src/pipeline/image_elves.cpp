#include "image_elves.hpp"

#include "content_region.hpp"
#include "layer_members.hpp"

#include <map>
#include <string_view>
#include <utility>

namespace envpack::pipeline {
namespace {

constexpr std::string_view elf_magic =
    "\x7f"
    "ELF";

}  // namespace

Result<std::optional<cuda::ElfFile>> elf_or_nothing(const ByteRegion& bytes) {
    Result<std::optional<cuda::ElfFile>> elf = cuda::ElfFile::read(bytes);
    if (!elf && elf.error().code() == ErrorCode::parse_error) {
        return std::nullopt;
    }
    return elf;
}

ImageElves::ImageElves(const archive::PlannedTree& tree, const archive::StackedTree& base,
                       const oci::Image& image, std::filesystem::path scratch)
    : tree_(tree), base_(base), image_(image), scratch_(std::move(scratch)) {}

Result<void> ImageElves::keep(const SafePath& path, const ByteRegion& bytes) {
    ENVPACK_TRY(known_[path], elf_or_nothing(bytes));
    return {};
}

Result<const cuda::ElfFile*> ImageElves::at(const SafePath& path, const RunContext& run) {
    if (const auto found = known_.find(path); found != known_.end()) {
        return found->second ? &*found->second : nullptr;
    }
    ENVPACK_TRY(const auto info, tree_.lookup(path));
    if (!info || info->type != archive::FileType::regular || info->size < member_front) {
        return nullptr;  // not kept: a library may be put there
    }
    const archive::PlannedEntry* const entry = tree_.planned(path);
    if (entry == nullptr) {
        asked_.insert(path);
        return nullptr;
    }
    ENVPACK_TRY(const ByteRegion bytes, region_of(entry->content, scratch_, run));
    ENVPACK_CHECK(keep(path, bytes));
    const std::optional<cuda::ElfFile>& elf = known_[path];
    return elf ? &*elf : nullptr;
}

Result<bool> ImageElves::read_asked(const RunContext& run) {
    if (asked_.empty()) {
        return false;
    }
    std::map<std::size_t, LayerMembers> members;
    std::map<archive::StackedTree::ContentPlace, std::vector<SafePath>> names;
    for (const SafePath& path : asked_) {
        known_[path] = std::nullopt;
        if (const auto place = base_.content_place(path)) {
            members[place->layer].try_emplace(place->member, path);
            names[*place].push_back(path);  // hard links are one file
        }
    }
    const MemberReader reader{
        .is_wanted = [](std::string_view front) { return front.starts_with(elf_magic); },
        .read = [&](const SafePath& path, const ByteRegion& bytes) { return keep(path, bytes); }};
    for (const auto& [layer, of_layer] : members) {
        ENVPACK_CHECK(read_members(*image_.layers()[layer], of_layer, reader, scratch_, run));
    }
    for (const auto& [place, paths] : names) {
        for (const SafePath& path : paths) {
            known_[path] = known_[paths.front()];
        }
    }
    asked_.clear();
    return true;
}

}  // namespace envpack::pipeline
