#include "envpack/archive/compression.hpp"

#include "buffered_input.hpp"
#include "decoders.hpp"
#include "envpack/base/text.hpp"
#include "little_endian.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::size_t magic_size = 6;

/// Reads from a BufferedInput it does not own.
class PlainSource final : public ByteSource {
public:
    explicit PlainSource(BufferedInput& input) : input_(input) {}
    Result<std::size_t> read(std::span<std::byte> into) override { return input_.read(into); }

private:
    BufferedInput& input_;
};

/// Owns the input and its decoder, and keeps the totals within the limits.
class BoundedSource final : public ByteSource {
public:
    BoundedSource(std::unique_ptr<BufferedInput> input, std::unique_ptr<ByteSource> decoder,
                  const Limits& limits)
        : input_(std::move(input)),
          decoder_(std::move(decoder)),
          max_size_(limits.max_total_size),
          max_ratio_(limits.max_ratio) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        ENVPACK_TRY(const std::size_t count, decoder_->read(into));
        size_ += count;
        if (size_ > max_size_) {
            return refuse("archive.too-large",
                          fmt::format("archive unpacks to more than {} bytes", max_size_),
                          ErrorCode::limit_exceeded);
        }
        if (size_ > Limits::ratio_from && size_ / max_ratio_ > input_->position()) {
            return refuse("archive.ratio",
                          fmt::format("archive unpacks to more than {} times its size", max_ratio_),
                          ErrorCode::limit_exceeded);
        }
        return count;
    }

private:
    std::unique_ptr<BufferedInput> input_;
    std::unique_ptr<ByteSource> decoder_;
    std::uint64_t max_size_;
    std::uint64_t max_ratio_;
    std::uint64_t size_ = 0;
};

}  // namespace

std::string_view to_string(Compression compression) noexcept {
    switch (compression) {
        case Compression::none:
            return "none";
        case Compression::gzip:
            return "gzip";
        case Compression::zstd:
            return "zstd";
    }
    return "none";
}

Result<Compression> compression_named(std::string_view name) {
    for (const Compression one : {Compression::none, Compression::gzip, Compression::zstd}) {
        if (name == to_string(one)) {
            return one;
        }
    }
    return fail(Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` is no compression", text::printable(name, 40)))
                    .with_hint("name one: gzip, zstd, none"));
}

Compression detect_compression(std::span<const std::byte> head) noexcept {
    if (head.size() >= 2 && le16(head, 0) == 0x8b1f) {
        return Compression::gzip;
    }
    if (head.size() >= 4) {
        const std::uint32_t magic = le32(head, 0);
        if (magic == 0xfd2f'b528 || (magic & 0xffff'fff0U) == 0x184d'2a50) {
            return Compression::zstd;
        }
    }
    return Compression::none;
}

Result<std::unique_ptr<ByteSource>> decompressed(std::unique_ptr<ByteSource> from,
                                                 const Limits& limits) {
    auto input = std::make_unique<BufferedInput>(std::move(from));
    ENVPACK_TRY(const std::span<const std::byte> head, input->peek(magic_size));
    std::unique_ptr<ByteSource> decoder;
    switch (detect_compression(head)) {
        case Compression::gzip:
            decoder = gunzipped(*input);
            break;
        case Compression::zstd:
            decoder = unzstd(*input);
            break;
        case Compression::none:
            decoder = std::make_unique<PlainSource>(*input);
            break;
    }
    return std::make_unique<BoundedSource>(std::move(input), std::move(decoder), limits);
}

}  // namespace envpack::archive
