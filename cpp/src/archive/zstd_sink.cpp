#include "zstd_sink.hpp"

#include "envpack/base/assert.hpp"

#include <array>

#include <zstd.h>

namespace envpack::archive {
namespace {

constexpr int level = 3;

class ZstdSink final : public ByteSink {
public:
    explicit ZstdSink(ByteSink& out) : out_(out), context_(::ZSTD_createCCtx()) {
        ENVPACK_ASSERT(context_ != nullptr);
        set(ZSTD_c_compressionLevel, level);
        set(ZSTD_c_checksumFlag, 1);
    }

    Result<void> write(std::span<const std::byte> data) override {
        ZSTD_inBuffer source{data.data(), data.size(), 0};
        while (source.pos < source.size) {
            ENVPACK_TRY([[maybe_unused]] const std::size_t left, step(source, ZSTD_e_continue));
        }
        return {};
    }

    Result<void> finish() override {
        ZSTD_inBuffer nothing{nullptr, 0, 0};
        for (;;) {
            ENVPACK_TRY(const std::size_t left, step(nothing, ZSTD_e_end));
            if (left == 0) {
                return {};
            }
        }
    }

private:
    void set(ZSTD_cParameter parameter, int value) {
        ENVPACK_ASSERT(::ZSTD_isError(::ZSTD_CCtx_setParameter(context_.get(), parameter, value)) ==
                       0);
    }

    Result<std::size_t> step(ZSTD_inBuffer& source, ZSTD_EndDirective directive) {
        ZSTD_outBuffer target{buffer_.data(), buffer_.size(), 0};
        const std::size_t left =
            ::ZSTD_compressStream2(context_.get(), &target, &source, directive);
        ENVPACK_ASSERT(::ZSTD_isError(left) == 0);  // only misuse and lack of memory fail
        if (target.pos > 0) {
            ENVPACK_CHECK(out_.write(std::span<const std::byte>(buffer_).first(target.pos)));
        }
        return left;
    }

    struct Free {
        void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
    };
    ByteSink& out_;
    std::unique_ptr<ZSTD_CCtx, Free> context_;
    std::array<std::byte, 128u << 10> buffer_{};
};

}  // namespace

std::unique_ptr<ByteSink> zstd_sink(ByteSink& out) {
    return std::make_unique<ZstdSink>(out);
}

std::string_view zstd_version() noexcept {
    return ::ZSTD_versionString();
}

}  // namespace envpack::archive
