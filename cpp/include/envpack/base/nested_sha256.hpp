#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <utility>

namespace envpack {

/// Whether this processor has SHA instructions that we know: several hashes at once then take
/// little longer than one (docs/adr/0015).
bool can_hash_at_once() noexcept;

/// The SHA-256 of a stream and, on the way, of parts of it, as of a tar and the files in it; and of
/// a second stream beside it, as of the blob that the tar becomes. Where can_hash_at_once(), a byte
/// of a part costs little more than any other if the part begins at a multiple of 64 bytes, and so
/// does a byte of the second stream while something is deferred. One thread.
class NestedSha256 {
public:
    NestedSha256();
    ~NestedSha256();
    NestedSha256(const NestedSha256&) = delete;
    NestedSha256& operator=(const NestedSha256&) = delete;

    struct Digests {
        Digest all;
        Digest beside;
    };

    void update(std::span<const std::byte> data);
    /// As update(), no later than settle(): `data` stays until then, and what comes beside it is
    /// hashed at the same time.
    void defer(std::span<const std::byte> data);
    void settle();
    /// Of the second stream.
    void update_beside(std::span<const std::byte> data);
    /// From here on, until finish_part(), what is added is of the part too. Parts do not overlap.
    void begin_part();
    /// The digest of the part.
    Digest finish_part();
    /// The digests of both streams; the hasher is spent afterwards.
    Digests finish() &&;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// The digests of two files. Where can_hash_at_once(), in little more time than that of the longer
/// one; else one after the other.
Result<std::pair<Digest, Digest>> digests_of_two(const MappedFile& a, const MappedFile& b,
                                                 const RunContext& run = {});

}  // namespace envpack
