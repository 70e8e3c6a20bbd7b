#include "envpack/archive/tar_reader.hpp"

#include "buffered_input.hpp"
#include "envpack/archive/compression.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/text.hpp"
#include "pax.hpp"
#include "tar_header.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::uint64_t max_special = 1u << 20;  // Go: maxSpecialFileSize

bool is_zero(std::span<const std::byte> block) {
    return std::all_of(block.begin(), block.end(), [](std::byte b) { return b == std::byte{0}; });
}

/// What precedes a member and belongs to it.
struct Extensions {
    std::optional<PaxRecords> pax;
    std::optional<std::string> gnu_path;
    std::optional<std::string> gnu_link;
    bool any() const { return pax || gnu_path || gnu_link; }
};

}  // namespace

struct TarReader::State {
    State(std::unique_ptr<ByteSource> plain, const Limits& bounds)
        : input(std::move(plain)), limits(bounds) {}

    tl::unexpected<Error> refused(std::string_view rule, std::string message,
                                  ErrorCode code = ErrorCode::parse_error) const {
        return tl::unexpected(
            refuse(rule, std::move(message), code)
                .value()
                .with_context(fmt::format("while reading tar member {} at byte {}", count + 1,
                                          input.position())));
    }

    /// The next block; nullopt at the end of the archive or of the stream.
    Result<std::optional<std::span<const std::byte>>> next_block() {
        ENVPACK_TRY(const std::size_t got, read_full(input, block));
        if (got == 0) {
            return std::nullopt;  // no end blocks: Go reads on to the end of the stream too
        }
        if (got < block.size()) {
            return refused("tar.truncated", "tar archive ends in the middle of a header");
        }
        if (!is_zero(block)) {
            return std::span<const std::byte>(block);
        }
        ENVPACK_CHECK(check_end());
        return std::nullopt;
    }

    /// After the first zero block: a second one, then zeros only (records are padded with them).
    Result<void> check_end() {
        for (bool second = true;; second = false) {
            ENVPACK_TRY(const std::size_t got, read_full(input, block));
            if (got > 0 && !is_zero(std::span(block).first(got))) {
                return refused("tar.end", second ? "a zero block lies between tar members"
                                                 : "bytes follow the end of the tar archive");
            }
            if (got < block.size()) {
                return {};
            }
        }
    }

    Result<void> skip_rest() {
        std::uint64_t skip = rest + padding;
        rest = 0;
        padding = 0;
        while (skip > 0) {
            ENVPACK_TRY(const std::span<const std::byte> ready, input.peek());
            if (ready.empty()) {
                return refused("tar.truncated", "tar archive ends in the middle of a member");
            }
            const auto step = static_cast<std::size_t>(std::min<std::uint64_t>(ready.size(), skip));
            input.consume(step);
            skip -= step;
        }
        return {};
    }

    /// The body of a PAX or long-name header.
    Result<std::string> read_special(std::uint64_t size) {
        if (size > max_special) {
            return refused("tar.pax", fmt::format("tar header extension of {} bytes", size),
                           ErrorCode::limit_exceeded);
        }
        std::string body(static_cast<std::size_t>(size), '\0');
        ENVPACK_TRY(const std::size_t got,
                    read_full(input, std::as_writable_bytes(std::span(body))));
        if (got < size) {
            return refused("tar.truncated", "tar archive ends in the middle of a header");
        }
        padding = tar_padding(size);
        ENVPACK_CHECK(skip_rest());
        return body;
    }

    Result<void> read_extension(const RawTarHeader& header, Extensions& extensions) {
        ENVPACK_TRY(std::string body, read_special(header.size));
        switch (header.type) {
            case 'x': {
                if (extensions.any()) {
                    return refused("tar.pax-order", "two header extensions for one tar member");
                }
                ENVPACK_TRY(extensions.pax, parse_pax(body));
                return {};
            }
            case 'g': {
                // Go hands global headers out and applies nothing; GNU tar applies them.
                ENVPACK_TRY(const PaxRecords global, parse_pax(body));
                if (global.changes_members) {
                    return refused("tar.pax-global", "global PAX header changes tar members");
                }
                if (extensions.any()) {
                    return refused("tar.pax-order",
                                   "global PAX header between extension and member");
                }
                return {};
            }
            default: {
                std::optional<std::string>& slot =
                    header.type == 'L' ? extensions.gnu_path : extensions.gnu_link;
                if (extensions.pax || slot) {
                    return refused("tar.pax-order", "two header extensions for one tar member");
                }
                body.resize(std::min(body.find('\0'), body.size()));
                slot = std::move(body);
                return {};
            }
        }
    }

    Result<void> fill(RawTarHeader header, Extensions extensions) {
        entry = TarEntry{};
        entry.path = std::move(header.name);
        entry.link_target = std::move(header.link_name);
        entry.mode = header.mode;
        entry.uid = header.uid;
        entry.gid = header.gid;
        entry.mtime = header.mtime;
        std::uint64_t size = header.size;
        if (extensions.gnu_path) {
            entry.path = *std::move(extensions.gnu_path);
        }
        if (extensions.gnu_link) {
            entry.link_target = *std::move(extensions.gnu_link);
        }
        if (extensions.pax) {
            PaxRecords& pax = *extensions.pax;
            // CVE-2025-62518: readers that skip by the block's size see other members.
            if (pax.size && header.size != 0 && header.size != *pax.size) {
                return refused("tar.pax", "PAX header contradicts the size of its tar member");
            }
            entry.path = std::move(pax.path).value_or(std::move(entry.path));
            entry.link_target = std::move(pax.link_path).value_or(std::move(entry.link_target));
            size = pax.size.value_or(size);
            entry.uid = pax.uid.value_or(entry.uid);
            entry.gid = pax.gid.value_or(entry.gid);
            entry.mtime = pax.mtime.value_or(entry.mtime);
            entry.xattrs = std::move(pax.xattrs);
        }
        return classify(header.type, size);
    }

    Result<void> classify(char type, std::uint64_t size) {
        const bool ends_in_slash = entry.path.ends_with('/');
        bool has_data = false;
        switch (type) {
            case '\0':  // before POSIX a directory was a regular file with a slash
                entry.type = ends_in_slash ? FileType::directory : FileType::regular;
                has_data = !ends_in_slash;
                break;
            case '0':
                has_data = true;
                break;
            case '1':
                entry.hard_link = true;
                break;
            case '2':
                entry.type = FileType::symlink;
                break;
            case '5':
                entry.type = FileType::directory;
                break;
            case '3':
            case '4':
            case '6':
                entry.type = FileType::other;
                break;
            default:
                return refused(
                    "tar.type",
                    fmt::format("tar member `{}` has type `{}`", text::printable(entry.path),
                                text::printable(std::string_view(&type, 1))),
                    ErrorCode::unsupported);
        }
        if (entry.path.empty() || (type == '0' && ends_in_slash)) {
            return refused("tar.name", fmt::format("tar member has the name `{}`",
                                                   text::printable(entry.path)));
        }
        if (size > 0 && !has_data) {
            return refused("tar.payload", fmt::format("tar member `{}` has bytes, and is no file",
                                                      text::printable(entry.path)));
        }
        if (size > limits.max_entry_size) {
            return refused(
                "archive.entry-too-large",
                fmt::format("tar member `{}` has {} bytes", text::printable(entry.path), size),
                ErrorCode::limit_exceeded);
        }
        if (entry.type != FileType::symlink && !entry.hard_link) {
            entry.link_target.clear();
        }
        entry.size = size;
        rest = size;
        padding = tar_padding(size);
        return {};
    }

    BufferedInput input;
    Limits limits;
    std::array<std::byte, tar_block> block{};
    TarEntry entry;
    std::uint64_t rest = 0;
    std::size_t padding = 0;
    std::uint64_t count = 0;
    bool ended = false;
};

TarReader::TarReader(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader& TarReader::operator=(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

Result<TarReader> TarReader::open(std::unique_ptr<ByteSource> from, const Limits& limits) {
    ENVPACK_TRY(std::unique_ptr<ByteSource> plain, decompressed(std::move(from), limits));
    return TarReader(std::make_unique<State>(std::move(plain), limits));
}

Result<const TarEntry*> TarReader::next() {
    State& state = *state_;
    if (state.ended) {
        return nullptr;
    }
    ENVPACK_CHECK(state.skip_rest());
    Extensions extensions;
    for (;;) {
        ENVPACK_TRY(const std::optional<std::span<const std::byte>> block, state.next_block());
        if (!block) {
            if (extensions.any()) {
                return state.refused("tar.truncated", "tar archive ends after a header extension");
            }
            state.ended = true;
            return nullptr;
        }
        Result<RawTarHeader> header = parse_tar_header(*block);
        if (!header) {
            return fail(std::move(header).error().with_context(
                fmt::format("while reading tar member {}", state.count + 1)));
        }
        const char type = header->type;
        if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
            ENVPACK_CHECK(state.read_extension(*header, extensions));
            continue;
        }
        if (++state.count > state.limits.max_entries) {
            return state.refused(
                "archive.too-many-entries",
                fmt::format("tar archive has more than {} members", state.limits.max_entries),
                ErrorCode::limit_exceeded);
        }
        ENVPACK_CHECK(state.fill(*std::move(header), std::move(extensions)));
        return &state.entry;
    }
}

Result<std::size_t> TarReader::read(std::span<std::byte> into) {
    State& state = *state_;
    if (state.rest == 0) {
        return 0;
    }
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), state.rest));
    ENVPACK_TRY(const std::size_t got, state.input.read(into.first(wanted)));
    if (got == 0) {
        return state.refused("tar.truncated", "tar archive ends in the middle of a member");
    }
    state.rest -= got;
    return got;
}

std::unique_ptr<ByteSource> TarReader::take_current() && {
    class MemberSource final : public ByteSource {
    public:
        explicit MemberSource(TarReader reader) : reader_(std::move(reader)) {}
        Result<std::size_t> read(std::span<std::byte> into) override { return reader_.read(into); }

    private:
        TarReader reader_;
    };
    return std::make_unique<MemberSource>(std::move(*this));
}

std::uint64_t TarReader::position() const noexcept {
    return state_->input.position();
}

}  // namespace envpack::archive
