#pragma once

#include "curl_library.hpp"
#include "envpack/http/client_options.hpp"
#include "exchange.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace envpack::http {

inline constexpr std::size_t upload_chunk = 256u << 10;

/// One exchange. The caller and the worker share it, so that either may leave first.
struct Transfer {
    explicit Transfer(const CurlLibrary& library) : curl(library) {}
    ~Transfer() { curl.slist_free_all(header_list); }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    const CurlLibrary& curl;
    // Set up by the caller before start(), then only the worker's.
    CURL* easy = nullptr;
    curl_slist* header_list = nullptr;
    CURLoption refused = CURLOPT_LASTENTRY;  ///< the first needed option that did not take
    CURLcode refusal = CURLE_OK;
    std::array<char, CURL_ERROR_SIZE> error_text{};
    std::size_t header_bytes = 0;

    std::mutex mutex;
    std::condition_variable_any changed;
    // Guarded by the mutex.
    int status = 0;
    std::vector<Header> headers;
    bool headers_complete = false;
    std::string inbox;
    bool download_paused = false;
    std::string outbox;
    std::size_t outbox_sent = 0;
    bool outbox_end = false;
    bool upload_wanted = false;
    bool upload_paused = false;
    bool header_flood = false;
    bool done = false;
    CURLcode code = CURLE_OK;
};
using TransferPtr = std::shared_ptr<Transfer>;

/// The exchange, set up and not begun; unsupported (rule `http.libcurl-feature`) where this libcurl
/// refuses an option that it needs. `request` and `options` have to live until it is done.
Result<TransferPtr> prepare(const CurlLibrary& curl, const ClientOptions& options,
                            const WireRequest& request);

/// Why a transfer that is done has no answer.
WireFailure failure_of(const Transfer& transfer, const WireRequest& request);

}  // namespace envpack::http
