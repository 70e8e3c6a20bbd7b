#pragma once

#include "envpack/http/client_options.hpp"
#include "exchange.hpp"

#include <memory>
#include <mutex>

namespace envpack::http {

/// libcurl's multi interface on one worker thread. Thread-safe.
///
/// The worker only moves bytes between sockets and bounded buffers; a transfer whose buffer is full
/// is paused. Everything that may block or take time (sinks, sources, hashing) happens on the
/// thread that called exchange(). A stop request makes exchange() return at once; the worker drops
/// the transfer on its own. libcurl is loaded by the first exchange.
class CurlLoop {
public:
    explicit CurlLoop(ClientOptions options);
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    WireResult exchange(const WireRequest& request, Delivery& delivery, const RunContext& run);

private:
    class Worker;
    Result<Worker*> worker();

    ClientOptions options_;
    std::mutex mutex_;
    std::unique_ptr<Worker> worker_;
};

}  // namespace envpack::http
