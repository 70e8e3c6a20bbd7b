#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace envpack::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request, so that temporary files are removed and
/// the process ends by itself; a second signal ends it at once. Make it before any other thread.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    std::stop_token token() const { return source_.get_token(); }

private:
    std::stop_source source_;
    std::atomic<bool> ending_ = false;
    std::thread waiter_;
};

}  // namespace envpack::cli
