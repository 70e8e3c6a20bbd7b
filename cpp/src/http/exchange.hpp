#pragma once

#include "envpack/http/client_options.hpp"
#include "envpack/http/http_client.hpp"
#include "envpack/http/url.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace envpack::http {

// What CurlHttpClient and MemoryHttpClient have in common: redirects, credentials, retries and
// limits, over a function that makes one exchange and decides nothing.

/// One request as it goes over the wire.
struct WireRequest {
    std::string method;
    Url url;  ///< without userinfo and fragment
    std::vector<Header> headers;
    ByteSource* body = nullptr;
    std::optional<std::uint64_t> body_size;
};

struct WireFailure {
    Error error;
    bool lost_connection;  ///< the same request may work in a moment
};
using WireResult = tl::expected<void, WireFailure>;

/// Takes in the answers to one request until one is whole: the body of a 2xx answer goes to the
/// sink, the start of any other into memory. One thread.
class Delivery {
public:
    Delivery(const Request& request, ByteSink& sink);

    /// Called once an answer's headers are there; an error ends the exchange.
    Result<void> begin(int status, std::vector<Header> headers);
    Result<void> write(std::span<const std::byte> data);
    /// False when the rest of the body would be thrown away.
    bool wants_more() const noexcept;

    /// Bytes in the sink, which cannot be taken back.
    std::uint64_t delivered() const noexcept { return delivered_; }
    /// `Range` and `If-Range` for the rest; nullopt when nobody could prove that it is the rest.
    std::optional<std::vector<Header>> continuation() const;
    int status() const noexcept { return status_; }
    const std::vector<Header>& headers() const noexcept { return headers_; }
    /// The answer so far, as the caller sees it: that of the first part when there were several.
    Response response() const;

private:
    const Request& request_;
    ByteSink& sink_;
    std::uint64_t delivered_ = 0;
    int status_ = 0;
    std::vector<Header> headers_;
    std::string error_body_;
    std::optional<Response> first_;
    std::string strong_etag_;
};

using Exchange = std::function<WireResult(const WireRequest&, Delivery&, const RunContext&)>;

struct SendPolicy {
    const CredentialStore& credentials;
    RetryOptions retry;
    bool waits = true;  ///< false: retries follow at once
};

/// HttpClient::send() over `exchange`.
Result<Response> send_over(const Exchange& exchange, const SendPolicy& policy,
                           const Request& request, ByteSink& body, const RunContext& run);

}  // namespace envpack::http
