#pragma once

#include "envpack/base/run_context.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>

namespace envpack::cli {

/// One line at the foot of a terminal that shows the latest step; notes stay above it. Away from a
/// terminal only notes are written. Everything goes to standard error. Thread-safe.
class TerminalProgress final : public ProgressSink {
public:
    /// `quiet` drops both.
    explicit TerminalProgress(bool quiet);
    ~TerminalProgress() override;
    TerminalProgress(const TerminalProgress&) = delete;
    TerminalProgress& operator=(const TerminalProgress&) = delete;
    void update(const Progress& progress) noexcept override;
    void note(std::string_view line) noexcept override;

private:
    void clear() noexcept;
    bool quiet_;
    bool terminal_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point last_ = {};
    std::mutex mutex_;
};

}  // namespace envpack::cli
