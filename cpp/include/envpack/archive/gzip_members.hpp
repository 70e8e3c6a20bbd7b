#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/task_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::archive {

/// Names the byte recipe below and its pinned compressor; a change of either changes digests of
/// compressed layers (never their diff_id), and this number.
inline constexpr int gzip_encoder_version = 2;

/// The pinned compressor: "libdeflate 1.14".
std::string_view gzip_compressor() noexcept;

struct GzipEncoding {
    std::uint64_t verbatim_threshold = 65'536;  ///< T: smallest file whose DEFLATE bytes are moved
    std::size_t member_size = 1'048'576;        ///< M: plain bytes in a packed member, at most
    int level = 6;                              ///< of libdeflate
};

/// A member of packed bytes in a blob. Value; not synchronised.
struct PackedMember {
    Digest plain;              ///< of what was packed
    std::uint64_t offset = 0;  ///< in the blob
    std::uint64_t size = 0;    ///< in the blob
};

/// Members of a blob that the same recipe made before, to be taken instead of packing the same
/// bytes again. Value; not synchronised.
struct KnownMembers {
    std::string blob = {};  ///< verified against its digest
    std::vector<PackedMember> members = {};
};

/// Writes a byte stream as gzip members: most of it packed into members of up to M bytes that we
/// compress, large files that a zip archive already holds as DEFLATE moved untouched into members
/// of their own. Members are packed by whoever has time and emitted in order: the
/// output does not depend on timing or thread count. One thread.
///
///     track(…), if members are to be known
///     for each tar member:  begin(header and what packs with it); write(...)…,
///                           or begin_verbatim(...); advance_verbatim(...)…; end_verbatim()
///     finish()
class GzipMemberEncoder {
public:
    /// `out` is not owned; finish() is not passed on. `threads` 0: compress on the calling thread.
    GzipMemberEncoder(ByteSink& out, const GzipEncoding& encoding, unsigned threads);
    /// With workers that others use too.
    GzipMemberEncoder(ByteSink& out, const GzipEncoding& encoding, std::shared_ptr<TaskPool> pool);
    ~GzipMemberEncoder();
    GzipMemberEncoder(const GzipMemberEncoder&) = delete;
    GzipMemberEncoder& operator=(const GzipMemberEncoder&) = delete;

    /// Announces `need` bytes that are to lie in one member if they can: the open member is
    /// closed when they no longer fit, and before each of them that is told to begin one: so that
    /// members after a change are what they were before it.
    Result<void> begin(std::uint64_t need, bool begins_member = false);
    /// Before anything is written: packed() is wanted; members of `known` are taken. May be null.
    void track(std::shared_ptr<const KnownMembers> known);
    /// Appends plain bytes to the open member, cutting off full ones.
    Result<void> write(std::span<const std::byte> data);
    /// Closes the open member; the next one is raw DEFLATE data as it is. Whether that inflates to
    /// `size` bytes with its CRC-32 is the caller's to check.
    Result<void> begin_verbatim(const Content::Deflated& deflated, std::uint64_t size);
    /// The first `bytes` of the data may be emitted, while their pages are there for another use.
    Result<void> advance_verbatim(std::uint64_t bytes);
    /// All of the data is emitted in its turn, and its pages are let go.
    Result<void> end_verbatim();
    /// Closes the open member and emits everything that is pending.
    Result<void> finish();
    /// Closes the open member and packs `plain` as one, whatever its size.
    Result<void> whole(std::string plain);
    /// Closes the open member: what comes next begins one. Its number, counted from 0.
    Result<std::uint64_t> next_member();
    /// Where a member begins in the blob, once it was emitted: see finish(), after which more may
    /// be written.
    std::uint64_t offset_of(std::uint64_t member) const;

    std::uint64_t members() const noexcept;
    /// After finish(), of an encoder that tracks them.
    std::vector<PackedMember> packed() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace envpack::archive
