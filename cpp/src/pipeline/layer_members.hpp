#pragma once

#include "envpack/base/byte_region.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/oci/layer.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string_view>

// Many files of one layer, for reading at any place, in one pass over it.

namespace envpack::pipeline {

/// Paths by the index of their tar member.
using LayerMembers = std::map<std::uint64_t, SafePath>;

/// How many bytes from the front of a file decide whether it is wanted; shorter ones are not.
inline constexpr std::size_t member_front = 16;

struct MemberReader {
    std::function<bool(std::string_view front)> is_wanted;
    std::function<Result<void>(const SafePath& path, const ByteRegion& bytes)> read;
};

/// Streams the layer up to the last of `members`. What is too large for memory is kept in
/// `scratch` while it is read.
Result<void> read_members(const oci::Layer& layer, const LayerMembers& members,
                          const MemberReader& reader, const std::filesystem::path& scratch,
                          const RunContext& run);

}  // namespace envpack::pipeline
