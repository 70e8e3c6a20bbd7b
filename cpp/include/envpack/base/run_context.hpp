#pragma once

#include "envpack/base/result.hpp"

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string_view>

namespace envpack {

/// One step of a long operation.
struct Progress {
    std::string_view subject;            ///< "layer 2/3", "torch 2.5.1"
    std::uint64_t done = 0;              ///< bytes or items, monotonic per subject
    std::optional<std::uint64_t> total;  ///< unknown when absent
};

/// Receives progress. Called from worker threads, from several at once.
class ProgressSink {
public:
    virtual ~ProgressSink() = default;
    virtual void update(const Progress& progress) noexcept = 0;
    /// A warning for people; the operation goes on.
    virtual void note(std::string_view line) noexcept = 0;
};

/// Everything ambient an operation may use. Passed last, by const reference.
struct RunContext {
    std::stop_token stop = {};         ///< default: cannot be stopped
    ProgressSink* progress = nullptr;  ///< not owned; may be null
    /// Threads that work, of each call; 0 is read as 1. With more than one, a solve also has up to
    /// 32 that do nothing but wait for an index.
    unsigned max_parallel = 4;

    /// Fails with ErrorCode::cancelled once stop was requested.
    Result<void> check() const;
    void report(std::string_view subject, std::uint64_t done,
                std::optional<std::uint64_t> total = std::nullopt) const noexcept;
    void note(std::string_view line) const noexcept;
};

}  // namespace envpack
