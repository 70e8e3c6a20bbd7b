#include "layer_members.hpp"

#include "content_region.hpp"
#include "envpack/archive/tar_reader.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace envpack::pipeline {
namespace {

constexpr std::size_t spool_block = std::size_t{1} << 20;

/// The member that a tar reader is at, for reading at any place; nullopt when it is not wanted.
Result<std::optional<ByteRegion>> spooled(archive::TarReader& tar, std::uint64_t size,
                                          const std::filesystem::path& scratch,
                                          const MemberReader& reader, const RunContext& run) {
    std::vector<std::byte> block(
        static_cast<std::size_t>(std::clamp<std::uint64_t>(size, member_front, spool_block)));
    std::size_t front = 0;
    while (front < member_front) {
        ENVPACK_TRY(const std::size_t count, tar.read(std::span(block).subspan(front)));
        if (count == 0) {
            return std::nullopt;
        }
        front += count;
    }
    if (!reader.is_wanted(as_text(std::span(block).first(front)))) {
        return std::nullopt;
    }
    ENVPACK_TRY(RegionWriter writer, RegionWriter::create(size, scratch));
    for (std::size_t count = front; count > 0;) {
        ENVPACK_CHECK(run.check());
        ENVPACK_CHECK(writer.write(std::span(block).first(count)));
        ENVPACK_TRY(count, tar.read(block));
    }
    ENVPACK_TRY(ByteRegion region, std::move(writer).take());
    return region;
}

}  // namespace

Result<void> read_members(const oci::Layer& layer, const LayerMembers& members,
                          const MemberReader& reader, const std::filesystem::path& scratch,
                          const RunContext& run) {
    ENVPACK_TRY(std::unique_ptr<ByteSource> blob, layer.open(run));
    ENVPACK_TRY(archive::TarReader tar, archive::TarReader::open(std::move(blob)));
    auto next = members.begin();
    for (std::uint64_t member = 0; next != members.end(); ++member) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(const archive::TarEntry* const entry, tar.next());
        if (entry == nullptr) {
            return fail(ErrorCode::digest_mismatch, "the layer is not the one that was listed");
        }
        if (member != next->first) {
            continue;
        }
        const SafePath& path = next->second;
        ++next;
        ENVPACK_TRY(const auto bytes, spooled(tar, entry->size, scratch, reader, run));
        if (bytes) {
            ENVPACK_CHECK(reader.read(path, *bytes));
        }
    }
    return {};
}

}  // namespace envpack::pipeline
