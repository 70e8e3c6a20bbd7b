#include "blob_source.hpp"

#include "envpack/base/digest.hpp"
#include "target_errors.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

class BlobSource final : public ByteSource {
public:
    BlobSource(std::unique_ptr<ByteSource> from, const Descriptor& descriptor, std::string place)
        : verified_(std::move(from), descriptor.digest, descriptor.size),
          digest_(descriptor.digest),
          place_(std::move(place)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        Result<std::size_t> count = verified_.read(into);
        if (!count) {
            Error error = std::move(count).error();
            if (error.code() == ErrorCode::digest_mismatch) {
                error = std::move(error).with_rule("oci.blob-digest").with_path(place_);
            }
            return fail(std::move(error).with_context(
                fmt::format("while reading blob {} from `{}`", digest_.to_string(), place_)));
        }
        return count;
    }

private:
    VerifyingSource verified_;
    Digest digest_;
    std::string place_;
};

}  // namespace

std::unique_ptr<ByteSource> verified_blob(std::unique_ptr<ByteSource> from,
                                          const Descriptor& descriptor, std::string place) {
    return std::make_unique<BlobSource>(std::move(from), descriptor, std::move(place));
}

Result<void> copy_exactly(ByteSource& from, ByteSink& to, const Descriptor& expected,
                          std::string_view place, const RunContext& run) {
    constexpr std::size_t chunk = std::size_t{256} << 10;
    const std::string subject = "blob " + expected.digest.to_string().substr(0, 19);
    std::vector<std::byte> buffer(chunk);
    HashingSink hashing(&to);
    for (;;) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(const std::size_t count, from.read(buffer));
        if (count == 0) {
            break;
        }
        if (count > expected.size - hashing.count()) {
            return fail(pushed_other_content(expected, place));
        }
        ENVPACK_CHECK(hashing.write(std::span(buffer).first(count)));
        run.report(subject, hashing.count(), expected.size);
    }
    const std::uint64_t size = hashing.count();
    ENVPACK_CHECK(to.finish());
    if (size != expected.size || std::move(hashing).digest() != expected.digest) {
        return fail(pushed_other_content(expected, place));
    }
    return {};
}

}  // namespace envpack::oci
