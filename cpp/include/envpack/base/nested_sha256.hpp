#pragma once

#include "envpack/base/digest.hpp"

#include <cstddef>
#include <memory>
#include <span>

namespace envpack {

/// The SHA-256 of a stream and, on the way, of parts of it, as of a tar and the files in it. A byte
/// of a part costs little more than any other where the processor has SHA instructions and the part
/// begins at a multiple of 64 bytes (docs/adr/0015). One thread.
class NestedSha256 {
public:
    NestedSha256();
    ~NestedSha256();
    NestedSha256(const NestedSha256&) = delete;
    NestedSha256& operator=(const NestedSha256&) = delete;

    void update(std::span<const std::byte> data);
    /// From here on, until finish_part(), what is added is of the part too. Parts do not overlap.
    void begin_part();
    /// The digest of the part.
    Digest finish_part();
    /// The digest of everything; the hasher is spent afterwards.
    Digest finish() &&;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace envpack
