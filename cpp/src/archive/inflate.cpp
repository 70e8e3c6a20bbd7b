#include "decoders.hpp"
#include "envpack/archive/compression.hpp"
#include "envpack/base/assert.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>

namespace envpack::archive {
namespace {

constexpr std::size_t inflate_chunk = 64u << 10;

tl::unexpected<Error> broken(std::string_view rule, std::string message) {
    return refuse(rule, std::move(message), ErrorCode::digest_mismatch);
}

class InflatingSource final : public ByteSource {
public:
    InflatingSource(std::shared_ptr<const void> owner, std::span<const std::byte> data,
                    std::uint64_t size, std::uint32_t crc32)
        : owner_(std::move(owner)), rest_(data), size_(size), expected_(crc32) {
        ENVPACK_ASSERT(::inflateInit2(&stream_, -MAX_WBITS) == Z_OK);
    }
    ~InflatingSource() override { ::inflateEnd(&stream_); }
    InflatingSource(const InflatingSource&) = delete;
    InflatingSource& operator=(const InflatingSource&) = delete;

    Result<std::size_t> read(std::span<std::byte> into) override {
        if (done_) {
            return 0;
        }
        const std::span<std::byte> target = into.first(std::min(into.size(), inflate_chunk));
        stream_.next_out = reinterpret_cast<Bytef*>(target.data());
        stream_.avail_out = static_cast<uInt>(target.size());
        while (stream_.avail_out == target.size() && !ended_) {
            ENVPACK_CHECK(step());
        }
        const std::size_t count = target.size() - stream_.avail_out;
        crc_ = crc32_of(target.first(count), crc_);
        produced_ += count;
        if (produced_ > size_) {
            return broken("deflate.size",
                          fmt::format("data inflates to more than {} bytes", size_));
        }
        if (ended_) {
            ENVPACK_CHECK(check_end());
            done_ = count == 0;
        }
        return count;
    }

private:
    Result<void> step() {
        const std::size_t offered = std::min<std::size_t>(rest_.size(), inflate_chunk);
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(rest_.data()));
        stream_.avail_in = static_cast<uInt>(offered);
        const int status = ::inflate(&stream_, Z_NO_FLUSH);
        rest_ = rest_.subspan(offered - stream_.avail_in);
        if (status == Z_STREAM_END) {
            ended_ = true;
            return {};
        }
        if (status == Z_BUF_ERROR || (status == Z_OK && offered == 0)) {
            return broken("deflate.data", "deflate data ends before its last block");
        }
        if (status != Z_OK) {
            return broken("deflate.data", "deflate data is malformed");
        }
        return {};
    }

    Result<void> check_end() const {
        if (!rest_.empty()) {
            return broken("deflate.trailing-bytes",
                          fmt::format("{} bytes follow the deflate data", rest_.size()));
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

    std::shared_ptr<const void> owner_;
    std::span<const std::byte> rest_;
    std::uint64_t size_;
    std::uint64_t produced_ = 0;
    std::uint32_t expected_;
    std::uint32_t crc_ = 0;
    bool ended_ = false;
    bool done_ = false;
    z_stream stream_{};
};

}  // namespace

std::uint32_t crc32_of(std::span<const std::byte> data, std::uint32_t crc) noexcept {
    return ::libdeflate_crc32(crc, data.data(), data.size());
}

std::unique_ptr<ByteSource> inflated(std::shared_ptr<const void> owner,
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
