#include "decoders.hpp"
#include "envpack/base/assert.hpp"

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

namespace envpack::archive {
namespace {

constexpr int max_window_log = 27;  // reliability.md D2: 128 MiB

class ZstdSource final : public ByteSource {
public:
    explicit ZstdSource(BufferedInput& input) : input_(input), context_(::ZSTD_createDCtx()) {
        ENVPACK_ASSERT(context_ != nullptr);
        ENVPACK_ASSERT(::ZSTD_isError(::ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax,
                                                               max_window_log)) == 0);
    }

    Result<std::size_t> read(std::span<std::byte> into) override {
        ZSTD_outBuffer target{into.data(), into.size(), 0};
        while (target.pos == 0) {
            ENVPACK_TRY(const std::span<const std::byte> ready, input_.peek());
            if (ready.empty() && at_frame_end_) {
                return 0;
            }
            ZSTD_inBuffer source{ready.data(), ready.size(), 0};
            const bool starts_frame = at_frame_end_;
            const std::size_t status = ::ZSTD_decompressStream(context_.get(), &target, &source);
            if (::ZSTD_isError(status) != 0) {
                return refused(::ZSTD_getErrorCode(status), starts_frame);
            }
            input_.consume(source.pos);
            at_frame_end_ = status == 0;
            any_frame_ = any_frame_ || at_frame_end_;
            // Without input left, only what the decoder still holds can come.
            if (ready.empty() && target.pos == 0 && !at_frame_end_) {
                return refuse("zstd.truncated", "zstd data ends in the middle");
            }
        }
        return target.pos;
    }

private:
    tl::unexpected<Error> refused(ZSTD_ErrorCode code, bool starts_frame) const {
        switch (code) {
            case ZSTD_error_prefix_unknown:
                if (starts_frame && any_frame_) {
                    return refuse("zstd.trailing-bytes",
                                  "bytes that are no zstd frame follow the last one");
                }
                break;
            case ZSTD_error_frameParameter_windowTooLarge:
                return refuse("zstd.window",
                              fmt::format("zstd data needs a window of more than {} MiB",
                                          (1 << max_window_log) >> 20),
                              ErrorCode::limit_exceeded);
            case ZSTD_error_dictionary_wrong:
                return refuse("zstd.dictionary", "zstd data needs a dictionary",
                              ErrorCode::unsupported);
            case ZSTD_error_checksum_wrong:
                return refuse("zstd.checksum", "zstd data does not match its checksum",
                              ErrorCode::digest_mismatch);
            default:
                break;
        }
        return refuse("zstd.data", "zstd data is malformed");
    }

    struct Free {
        void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
    };
    BufferedInput& input_;
    std::unique_ptr<ZSTD_DCtx, Free> context_;
    bool at_frame_end_ = true;
    bool any_frame_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> unzstd(BufferedInput& input) {
    return std::make_unique<ZstdSource>(input);
}

}  // namespace envpack::archive
