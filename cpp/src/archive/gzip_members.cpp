#include "envpack/archive/gzip_members.hpp"

#include "decoders.hpp"
#include "envpack/base/assert.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <libdeflate.h>

namespace envpack::archive {
namespace {

// oci.md c.2, H: MTIME 0, XFL 0, OS 255; no name, no extra field, no comment.
constexpr std::string_view member_header("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", 10);
constexpr std::size_t trailer_size = 8;

/// Room made at once for a member: larger ones grow.
constexpr std::size_t usual_member_size = 1u << 20;

constexpr std::size_t spare_members = 6;
/// More of them do not help one layer, but each would hold a member.
constexpr unsigned most_workers = 8;

/// Of data that is moved, at once: hashed and written.
constexpr std::size_t moved_piece = std::size_t{256} << 10;
/// Of data that was moved, at once: no longer counted as memory. Every processor of the process is
/// interrupted for it.
constexpr std::size_t released_piece = std::size_t{4} << 20;

std::array<char, trailer_size> trailer_of(std::uint32_t crc32, std::uint64_t size) {
    std::array<char, trailer_size> trailer{};
    for (unsigned i = 0; i < 4; ++i) {
        trailer[i] = static_cast<char>(crc32 >> (8 * i) & 0xffU);
        trailer[4 + i] = static_cast<char>(size >> (8 * i) & 0xffU);  // modulo 2^32 (RFC 1952)
    }
    return trailer;
}

libdeflate_compressor* compressor_of(int level) {
    struct Free {
        void operator()(libdeflate_compressor* c) const { ::libdeflate_free_compressor(c); }
    };
    struct Kept {
        int level = -1;
        std::unique_ptr<libdeflate_compressor, Free> compressor;
    };
    // Megabytes of tables: made once a thread.
    thread_local Kept kept;
    if (kept.level != level) {
        kept.compressor.reset(::libdeflate_alloc_compressor(level));
        kept.level = level;
    }
    ENVPACK_ASSERT(kept.compressor != nullptr);
    return kept.compressor.get();
}

std::string pack(const std::string& plain, int level) {
    libdeflate_compressor* const compressor = compressor_of(level);
    std::string member(member_header);
    const std::size_t bound = ::libdeflate_deflate_compress_bound(compressor, plain.size());
    member.resize(member_header.size() + bound);
    const std::size_t size = ::libdeflate_deflate_compress(
        compressor, plain.data(), plain.size(), member.data() + member_header.size(), bound);
    ENVPACK_ASSERT(size > 0);
    member.resize(member_header.size() + size);
    const auto trailer = trailer_of(crc32_of(as_bytes(plain)), plain.size());
    member.append(trailer.data(), trailer.size());
    return member;
}

/// Members by what was packed. Workers read them, and may outlive the encoder.
struct MembersByPlain {
    std::shared_ptr<const KnownMembers> owner;
    std::map<Digest, std::string_view> members;

    explicit MembersByPlain(std::shared_ptr<const KnownMembers> known) : owner(std::move(known)) {
        if (owner == nullptr) {
            return;
        }
        const std::string_view blob = owner->blob;
        for (const PackedMember& member : owner->members) {
            if (member.offset <= blob.size() && member.size <= blob.size() - member.offset) {
                members.emplace(member.plain, blob.substr(static_cast<std::size_t>(member.offset),
                                                          static_cast<std::size_t>(member.size)));
            }
        }
    }
};

struct Packed {
    std::string member;
    std::optional<Digest> plain = std::nullopt;  ///< where it is tracked
};

Packed pack_or_find(const std::string& plain, int level, const MembersByPlain* known) {
    if (known == nullptr) {
        return {.member = pack(plain, level)};
    }
    const Digest digest = Digest::of(as_bytes(plain));
    const auto found = known->members.find(digest);
    if (found != known->members.end()) {
        // Who says so was checked; that it is no other member costs nothing to see.
        const auto trailer = trailer_of(crc32_of(as_bytes(plain)), plain.size());
        if (found->second.ends_with(std::string_view(trailer.data(), trailer.size()))) {
            return {.member = std::string(found->second), .plain = digest};
        }
    }
    return {.member = pack(plain, level), .plain = digest};
}

}  // namespace

struct GzipMemberEncoder::State {
    /// A member in its place of the output: being packed, or DEFLATE data to be moved.
    struct Pending {
        std::optional<Task<Packed>> packed;
        Content::Deflated deflated;
        std::array<char, trailer_size> trailer{};
        bool is_begun = false;    ///< of DEFLATE data: its header is emitted
        std::size_t allowed = 0;  ///< bytes of it that may be emitted by now
        std::size_t emitted = 0;  ///< bytes of it that were
        std::size_t released = 0;
    };

    State(ByteSink& sink, const GzipEncoding& how, std::shared_ptr<TaskPool> workers)
        : out(sink), encoding(how), pool(std::move(workers)) {}

    Result<void> flush() {
        if (open.empty()) {
            return {};
        }
        std::string plain = std::exchange(open, {});
        return enqueue(std::move(plain));
    }

    Result<void> enqueue(std::string plain) {
        Pending member;
        member.packed =
            pool->submit([plain = std::move(plain), level = encoding.level, known = tracked] {
                return pack_or_find(plain, level, known.get());
            });
        pending.push_back(std::move(member));
        ++packing;
        ++members;
        return emit(most_packing());
    }

    /// Members that wait for others to be packed. Behind one that has to be packed come many that
    /// are known: the workers, where there are any, have to do meanwhile.
    std::size_t most_packing() const noexcept {
        const unsigned workers = std::min(pool->serving(), most_workers);
        return workers == 0 ? 0 : workers + spare_members;
    }

    /// Emits members from the front while they are ready, and further ones, waiting for them,
    /// until at most `keep` are being packed.
    Result<void> emit(std::size_t keep) {
        while (!pending.empty()) {
            Pending& member = pending.front();
            if (member.packed) {
                if (packing <= keep && !member.packed->is_ready()) {
                    return {};
                }
                --packing;
                const Packed packed = pool->take(*member.packed);
                offsets.push_back(written);
                if (packed.plain) {
                    found.push_back(
                        {.plain = *packed.plain, .offset = written, .size = packed.member.size()});
                }
                ENVPACK_CHECK(put(as_bytes(packed.member)));
            } else {
                ENVPACK_CHECK(move_allowed(member));
                if (member.emitted < member.deflated.data.size()) {
                    return {};
                }
                ENVPACK_CHECK(put(std::as_bytes(std::span(member.trailer))));
            }
            pending.pop_front();
        }
        return {};
    }

    Result<void> put(std::span<const std::byte> bytes) {
        written += bytes.size();
        return out.write(bytes);
    }

    Result<void> move_allowed(Pending& member) {
        if (!member.is_begun) {
            member.is_begun = true;
            offsets.push_back(written);
            ENVPACK_CHECK(put(as_bytes(member_header)));
        }
        const Content::Deflated& deflated = member.deflated;
        while (member.emitted < member.allowed) {
            const auto now = deflated.data.subspan(
                member.emitted, std::min(member.allowed - member.emitted, moved_piece));
            member.emitted += now.size();
            ENVPACK_CHECK(put(now));
            const std::size_t kept = member.emitted - member.released;
            if (deflated.owner != nullptr &&
                (kept >= released_piece || member.emitted == deflated.data.size())) {
                deflated.owner->release(deflated.data.subspan(member.released, kept));
                member.released = member.emitted;
            }
        }
        return {};
    }

    /// The DEFLATE data that came last, and has not ended.
    Pending& moving() {
        ENVPACK_ASSERT(!pending.empty() && !pending.back().packed);
        return pending.back();
    }

    ByteSink& out;
    GzipEncoding encoding;
    std::shared_ptr<const MembersByPlain> tracked;
    std::vector<PackedMember> found;
    std::uint64_t written = 0;
    std::vector<std::uint64_t> offsets;  ///< of the members that were emitted
    std::shared_ptr<TaskPool> pool;
    std::string open;  ///< P of the recipe
    std::deque<Pending> pending;
    std::size_t packing = 0;
    std::uint64_t members = 0;
};

GzipMemberEncoder::GzipMemberEncoder(ByteSink& out, const GzipEncoding& encoding, unsigned threads)
    : GzipMemberEncoder(out, encoding, std::make_shared<TaskPool>(threads)) {}

GzipMemberEncoder::GzipMemberEncoder(ByteSink& out, const GzipEncoding& encoding,
                                     std::shared_ptr<TaskPool> pool)
    : state_(std::make_unique<State>(out, encoding, std::move(pool))) {
    ENVPACK_ASSERT(encoding.member_size > 0);
}

GzipMemberEncoder::~GzipMemberEncoder() = default;

Result<void> GzipMemberEncoder::begin(std::uint64_t need, bool begins_member) {
    if (begins_member || state_->open.size() + need > state_->encoding.member_size) {
        return state_->flush();
    }
    return {};
}

Result<void> GzipMemberEncoder::write(std::span<const std::byte> data) {
    std::string& open = state_->open;
    const std::size_t limit = state_->encoding.member_size;
    // A member is cut off when there is more than fits, not when it is full: the bytes do not
    // depend on the sizes of the writes.
    while (open.size() + data.size() > limit) {
        const std::size_t room = limit - open.size();
        open += as_text(data.first(room));
        data = data.subspan(room);
        ENVPACK_CHECK(state_->flush());
    }
    if (open.empty()) {
        open.reserve(std::min(limit, usual_member_size));
    }
    open += as_text(data);
    return {};
}

Result<void> GzipMemberEncoder::begin_verbatim(const Content::Deflated& deflated,
                                               std::uint64_t size) {
    ENVPACK_CHECK(state_->flush());
    State::Pending member;
    member.deflated = deflated;
    member.trailer = trailer_of(deflated.crc32, size);
    state_->pending.push_back(std::move(member));
    ++state_->members;
    return {};
}

Result<void> GzipMemberEncoder::advance_verbatim(std::uint64_t bytes) {
    State::Pending& member = state_->moving();
    // All of it is emitted at the end only, and the member stays until then.
    const std::size_t most = std::max<std::size_t>(member.deflated.data.size(), 1) - 1;
    member.allowed = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, most));
    if (member.allowed < member.emitted + moved_piece) {
        return {};
    }
    return state_->emit(state_->most_packing());
}

Result<void> GzipMemberEncoder::end_verbatim() {
    State::Pending& member = state_->moving();
    member.allowed = member.deflated.data.size();
    return state_->emit(state_->most_packing());
}

Result<void> GzipMemberEncoder::finish() {
    ENVPACK_CHECK(state_->flush());
    return state_->emit(0);
}

Result<void> GzipMemberEncoder::whole(std::string plain) {
    ENVPACK_CHECK(state_->flush());
    return state_->enqueue(std::move(plain));
}

Result<std::uint64_t> GzipMemberEncoder::next_member() {
    ENVPACK_CHECK(state_->flush());
    return state_->members;
}

std::uint64_t GzipMemberEncoder::offset_of(std::uint64_t member) const {
    ENVPACK_ASSERT(member < state_->offsets.size());
    return state_->offsets[static_cast<std::size_t>(member)];
}

void GzipMemberEncoder::track(std::shared_ptr<const KnownMembers> known) {
    state_->tracked = std::make_shared<const MembersByPlain>(std::move(known));
}

std::vector<PackedMember> GzipMemberEncoder::packed() const {
    return state_->found;
}

std::uint64_t GzipMemberEncoder::members() const noexcept {
    return state_->members;
}

std::string_view gzip_compressor() noexcept {
    return "libdeflate " LIBDEFLATE_VERSION_STRING;
}

}  // namespace envpack::archive
