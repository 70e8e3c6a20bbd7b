#include "decoders.hpp"
#include "envpack/base/assert.hpp"
#include "little_endian.hpp"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>
#include <zlib.h>

namespace envpack::archive {
namespace {

// RFC 1952, section 2.3.1.
constexpr std::uint8_t flag_header_crc = 0x02;
constexpr std::uint8_t flag_extra = 0x04;
constexpr std::uint8_t flag_name = 0x08;
constexpr std::uint8_t flag_comment = 0x10;
constexpr std::uint8_t flags_reserved = 0xe0;
constexpr std::size_t max_header_text = 64u << 10;
constexpr int max_empty_members = 1000;

class GzipSource final : public ByteSource {
public:
    explicit GzipSource(BufferedInput& input) : input_(input) {
        ENVPACK_ASSERT(::inflateInit2(&stream_, -MAX_WBITS) == Z_OK);
    }
    ~GzipSource() override { ::inflateEnd(&stream_); }
    GzipSource(const GzipSource&) = delete;
    GzipSource& operator=(const GzipSource&) = delete;

    Result<std::size_t> read(std::span<std::byte> into) override {
        // zlib counts in 32 bits.
        const std::span<std::byte> target =
            into.first(std::min<std::size_t>(into.size(), 1u << 30));
        while (!done_) {
            if (!in_member_) {
                ENVPACK_CHECK(start_member());
                continue;
            }
            ENVPACK_TRY(const std::size_t count, inflate_some(target));
            if (count > 0) {
                return count;
            }
        }
        return 0;
    }

private:
    static tl::unexpected<Error> truncated() {
        return refuse("gzip.truncated", "gzip data ends in the middle");
    }

    Result<void> start_member() {
        ENVPACK_TRY(const std::span<const std::byte> head, input_.peek(10));
        if (head.empty() && members_ > 0) {
            done_ = true;
            return {};
        }
        const bool magic =
            head.size() >= 2 && head[0] == std::byte{0x1f} && head[1] == std::byte{0x8b};
        if (!magic && members_ > 0) {
            return refuse("gzip.trailing-bytes",
                          "bytes that are no gzip member follow the last one");
        }
        if (head.size() < 10) {
            return truncated();
        }
        const auto flags = std::to_integer<std::uint8_t>(head[3]);
        if (!magic || head[2] != std::byte{8} || (flags & flags_reserved) != 0) {
            return refuse("gzip.header", "gzip header is malformed");
        }
        header_crc_ = 0;
        take(head.first(10));
        ENVPACK_CHECK(skip_optional_fields(flags));
        ENVPACK_ASSERT(::inflateReset(&stream_) == Z_OK);
        in_member_ = true;
        ++members_;
        crc_ = 0;
        size_ = 0;
        return {};
    }

    void take(std::span<const std::byte> bytes) {
        header_crc_ = crc32_of(bytes, header_crc_);
        input_.consume(bytes.size());
    }

    Result<void> skip_optional_fields(std::uint8_t flags) {
        if ((flags & flag_extra) != 0) {
            ENVPACK_TRY(const std::span<const std::byte> length, input_.peek(2));
            if (length.size() < 2) {
                return truncated();
            }
            const std::size_t count = le16(length, 0);
            take(length.first(2));
            ENVPACK_TRY(const std::span<const std::byte> extra, input_.peek(count));
            if (extra.size() < count) {
                return truncated();
            }
            take(extra.first(count));
        }
        for (const std::uint8_t flag : {flag_name, flag_comment}) {
            if ((flags & flag) != 0) {
                ENVPACK_CHECK(skip_text());
            }
        }
        if ((flags & flag_header_crc) != 0) {
            ENVPACK_TRY(const std::span<const std::byte> stored, input_.peek(2));
            if (stored.size() < 2) {
                return truncated();
            }
            if (le16(stored, 0) != (header_crc_ & 0xffffU)) {
                return refuse("gzip.checksum", "gzip header does not match its CRC-16");
            }
            input_.consume(2);
        }
        return {};
    }

    /// A text that ends in NUL.
    Result<void> skip_text() {
        for (std::size_t length = 0; length < max_header_text;) {
            ENVPACK_TRY(const std::span<const std::byte> ready, input_.peek());
            if (ready.empty()) {
                return truncated();
            }
            const auto end = std::find(ready.begin(), ready.end(), std::byte{0});
            const auto count = static_cast<std::size_t>(end - ready.begin());
            const bool found = end != ready.end();
            take(ready.first(count + (found ? 1 : 0)));
            if (found) {
                return {};
            }
            length += count;
        }
        return refuse("gzip.header", "gzip header has a name or comment that is too long");
    }

    Result<std::size_t> inflate_some(std::span<std::byte> target) {
        ENVPACK_TRY(const std::span<const std::byte> ready, input_.peek());
        if (ready.empty()) {
            return truncated();
        }
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(ready.data()));
        stream_.avail_in = static_cast<uInt>(ready.size());
        stream_.next_out = reinterpret_cast<Bytef*>(target.data());
        stream_.avail_out = static_cast<uInt>(target.size());
        const int status = ::inflate(&stream_, Z_NO_FLUSH);
        input_.consume(ready.size() - stream_.avail_in);
        const std::size_t count = target.size() - stream_.avail_out;
        crc_ = crc32_of(target.first(count), crc_);
        size_ += count;
        if (status == Z_STREAM_END) {
            ENVPACK_CHECK(end_member());
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            return refuse("gzip.data", "gzip data is malformed");
        }
        return count;
    }

    Result<void> end_member() {
        ENVPACK_TRY(const std::span<const std::byte> trailer, input_.peek(8));
        if (trailer.size() < 8) {
            return truncated();
        }
        if (le32(trailer, 0) != crc_ || le32(trailer, 4) != (size_ & 0xffff'ffffU)) {
            return refuse("gzip.checksum", "gzip data does not match its CRC-32 or length",
                          ErrorCode::digest_mismatch);
        }
        input_.consume(8);
        in_member_ = false;
        empty_members_ = size_ == 0 ? empty_members_ + 1 : 0;
        if (empty_members_ > max_empty_members) {
            return refuse("gzip.empty-members", "gzip data has a flood of empty members",
                          ErrorCode::limit_exceeded);
        }
        return {};
    }

    BufferedInput& input_;
    z_stream stream_{};
    std::uint64_t members_ = 0;
    std::uint64_t size_ = 0;
    std::uint32_t crc_ = 0;
    std::uint32_t header_crc_ = 0;
    int empty_members_ = 0;
    bool in_member_ = false;
    bool done_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> gunzipped(BufferedInput& input) {
    return std::make_unique<GzipSource>(input);
}

}  // namespace envpack::archive
