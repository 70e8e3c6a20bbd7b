#include "content_text.hpp"

#include "envpack/base/bytes.hpp"

#include <memory>
#include <span>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {

Result<std::string> read_text(const SafePath& path, const archive::Content& content,
                              const std::optional<Digest>& sha256, std::size_t max_size) {
    if (content.size() > max_size) {
        return fail(
            Error(ErrorCode::limit_exceeded, fmt::format("`{}` has {} bytes; {} are allowed",
                                                         path.str(), content.size(), max_size))
                .with_rule("wheel.text-size"));
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, content.open());
    ENVPACK_TRY(std::string text, with_context(read_all(*source, max_size),
                                               fmt::format("while reading `{}`", path.str())));
    if (sha256) {
        if (const Digest found = Digest::of(as_bytes(text)); found != *sha256) {
            return fail(hash_mismatch(path, *sha256, found));
        }
    }
    return text;
}

Result<std::string> read_head(const archive::Content& content, std::size_t size) {
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, content.open());
    std::string head(size, '\0');
    ENVPACK_TRY(const std::size_t filled,
                read_full(*source, std::as_writable_bytes(std::span(head))));
    head.resize(filled);
    return head;
}

Result<Digest> digest_of(const SafePath& path, const archive::Content& content,
                         const RunContext& run) {
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, content.open());
    return with_context(Digest::of(*source, run), fmt::format("while reading `{}`", path.str()));
}

Error hash_mismatch(const SafePath& path, const Digest& promised, const Digest& found) {
    return Error(ErrorCode::digest_mismatch,
                 fmt::format("`{}` has {}, but RECORD promises {}", path.str(), found.to_string(),
                             promised.to_string()))
        .with_rule("record.hash-mismatch")
        .with_hint(
            "the wheel was changed after it was built, or was built wrongly; fetch it again "
            "or report it to its authors");
}

}  // namespace envpack::wheel
