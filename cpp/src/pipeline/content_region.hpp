#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/byte_region.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/scratch_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace envpack::pipeline {

/// Collects a file for reading at any place: in memory, or what is too large for that in
/// `scratch`, without a name, as long as the region lives. One thread.
class RegionWriter final : public ByteSink {
public:
    static Result<RegionWriter> create(std::uint64_t size, const std::filesystem::path& scratch);
    /// limit_exceeded for more than `size` bytes in all.
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override { return {}; }
    Result<ByteRegion> take() &&;

private:
    explicit RegionWriter(std::uint64_t size) noexcept : left_(size) {}
    std::uint64_t left_;
    std::string memory_;
    std::optional<ScratchFile> file_;
};

/// A planned file, for reading at any place. What lies on this machine as a file is read there;
/// a member of a wheel is inflated once, checked against its CRC-32, into a RegionWriter.
Result<ByteRegion> region_of(const archive::Content& content, const std::filesystem::path& scratch,
                             const RunContext& run);

}  // namespace envpack::pipeline
