#include "decoders.hpp"
#include "envpack/archive/compression.hpp"
#include "envpack/base/assert.hpp"

#include <algorithm>
#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <libdeflate.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace envpack::archive {
namespace {

constexpr std::size_t most_at_once = std::size_t{1} << 20;
constexpr std::size_t most_offered = std::size_t{4} << 20;

tl::unexpected<Error> broken(std::string_view rule, std::string message) {
    return refuse(rule, std::move(message), ErrorCode::digest_mismatch);
}

#if defined(__x86_64__)
__attribute__((target("avx"))) void zero_upper_halves() {
    _mm256_zeroupper();
}
#endif

/// ISA-L's CRC-32 leaves the upper halves of vector registers in use, with which code for SSE, as
/// that of SHA-256, is a quarter slower (Intel 64 and IA-32 Architectures Optimization Reference
/// Manual, "Mixing AVX code with SSE code").
void clean_upper_halves() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx") != 0) {
        zero_upper_halves();
    }
#endif
}

/// ISA-L's streaming inflater: as fast as libdeflate, which has none (docs/adr/0013).
class InflatingSource final : public ByteSource {
public:
    InflatingSource(std::shared_ptr<const MappedFile> owner, std::span<const std::byte> data,
                    std::uint64_t size, std::uint32_t crc32)
        : owner_(std::move(owner)), rest_(data), size_(size), expected_(crc32) {
        ::isal_inflate_init(stream_.get());
        stream_->crc_flag = ISAL_DEFLATE;  // raw, RFC 1951
    }

    Result<std::size_t> read(std::span<std::byte> into) override {
        if (is_ended()) {
            return 0;
        }
        const std::span<std::byte> target = into.first(std::min(into.size(), most_at_once));
        stream_->next_out = reinterpret_cast<std::uint8_t*>(target.data());
        stream_->avail_out = static_cast<std::uint32_t>(target.size());
        while (stream_->avail_out > 0 && !is_ended()) {
            ENVPACK_CHECK(step());
        }
        const std::size_t count = target.size() - stream_->avail_out;
        crc_ = crc32_of(target.first(count), crc_);
        produced_ += count;
        if (produced_ > size_) {
            return broken("deflate.size",
                          fmt::format("data inflates to more than {} bytes", size_));
        }
        if (is_ended()) {
            ENVPACK_CHECK(check_end());
        }
        return count;
    }

private:
    bool is_ended() const noexcept { return stream_->block_state == ISAL_BLOCK_FINISH; }

    Result<void> step() {
        if (is_starved_ && (rest_.empty() || stream_->avail_in > 0)) {
            return broken("deflate.data", "deflate data ends before its last block");
        }
        if (stream_->avail_in == 0) {
            offer();
        }
        const std::uint32_t room = stream_->avail_out;
        const std::uint32_t offered = stream_->avail_in;
        if (::isal_inflate(stream_.get()) < 0) {
            return broken("deflate.data", "deflate data is malformed");
        }
        is_starved_ = stream_->avail_out == room && stream_->avail_in == offered;
        return {};
    }

    /// Gives the inflater more data, and lets go of what it had before the last: that may still be
    /// on its way into a gzip member.
    void offer() {
        if (owner_ != nullptr && !before_.empty()) {
            owner_->release(before_);
        }
        before_ = offered_;
        offered_ = rest_.first(std::min(rest_.size(), most_offered));
        rest_ = rest_.subspan(offered_.size());
        // Older releases of ISA-L take what they only read as a pointer to mutable.
        stream_->next_in =
            const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(offered_.data()));
        stream_->avail_in = static_cast<std::uint32_t>(offered_.size());
    }

    Result<void> check_end() const {
        // Whole bytes behind the last block that the inflater has taken into its bit buffer.
        const auto taken = static_cast<std::size_t>(std::max(stream_->read_in_length, 0)) / 8;
        if (const std::size_t left = rest_.size() + stream_->avail_in + taken; left > 0) {
            return broken("deflate.trailing-bytes",
                          fmt::format("{} bytes follow the deflate data", left));
        }
        if (produced_ != size_) {
            return broken("deflate.size",
                          fmt::format("data inflates to {} bytes instead of {}", produced_, size_));
        }
        if (crc_ != expected_) {
            return broken("deflate.checksum",
                          fmt::format("CRC-32 is {:08x} instead of {:08x}", crc_, expected_));
        }
        return {};
    }

    std::shared_ptr<const MappedFile> owner_;
    std::span<const std::byte> rest_;
    std::span<const std::byte> offered_;
    std::span<const std::byte> before_;
    std::uint64_t size_;
    std::uint64_t produced_ = 0;
    std::uint32_t expected_;
    std::uint32_t crc_ = 0;
    bool is_starved_ = false;  ///< the last step took nothing and gave nothing
    std::unique_ptr<inflate_state> stream_ = std::make_unique<inflate_state>();
};

}  // namespace

std::uint32_t crc32_of(std::span<const std::byte> data, std::uint32_t crc) noexcept {
    // Four times as fast as libdeflate's.
    const std::uint32_t result =
        ::crc32_gzip_refl(crc, reinterpret_cast<const unsigned char*>(data.data()), data.size());
    clean_upper_halves();
    return result;
}

std::unique_ptr<ByteSource> inflated(std::shared_ptr<const MappedFile> owner,
                                     std::span<const std::byte> data, std::uint64_t size,
                                     std::uint32_t crc32) {
    return std::make_unique<InflatingSource>(std::move(owner), data, size, crc32);
}

Result<std::unique_ptr<std::byte[]>> inflate_whole(std::span<const std::byte> data,
                                                   std::size_t size, std::uint32_t crc32) {
    if (!is_possible_inflation(data.size(), size)) {
        return broken("deflate.size", fmt::format("{} bytes of deflate data cannot be {} bytes",
                                                  data.size(), size));
    }
    struct Free {
        void operator()(libdeflate_decompressor* d) const { ::libdeflate_free_decompressor(d); }
    };
    // One set of tables a thread: making it costs more than a small file.
    thread_local const std::unique_ptr<libdeflate_decompressor, Free> decompressor(
        ::libdeflate_alloc_decompressor());
    ENVPACK_ASSERT(decompressor != nullptr);
    auto plain = std::make_unique_for_overwrite<std::byte[]>(std::max<std::size_t>(size, 1));
    std::size_t consumed = 0;
    std::size_t produced = 0;
    switch (::libdeflate_deflate_decompress_ex(decompressor.get(), data.data(), data.size(),
                                               plain.get(), size, &consumed, &produced)) {
        case LIBDEFLATE_SUCCESS:
            break;
        case LIBDEFLATE_INSUFFICIENT_SPACE:
            return broken("deflate.size", fmt::format("data inflates to more than {} bytes", size));
        default:
            return broken("deflate.data", "deflate data is malformed or incomplete");
    }
    if (consumed != data.size()) {
        return broken("deflate.trailing-bytes",
                      fmt::format("{} bytes follow the deflate data", data.size() - consumed));
    }
    if (produced != size) {
        return broken("deflate.size",
                      fmt::format("data inflates to {} bytes instead of {}", produced, size));
    }
    if (const std::uint32_t crc = crc32_of({plain.get(), size}); crc != crc32) {
        return broken("deflate.checksum",
                      fmt::format("CRC-32 is {:08x} instead of {:08x}", crc, crc32));
    }
    return plain;
}

}  // namespace envpack::archive
