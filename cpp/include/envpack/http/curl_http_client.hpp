#pragma once

#include "envpack/http/client_options.hpp"
#include "envpack/http/http_client.hpp"

#include <memory>

namespace envpack::http {

/// The network, through libcurl: HTTP/2, kept connections, requests of several threads multiplexed
/// over one connection. Thread-safe.
///
/// One worker thread, started by the first request, drives all transfers; sinks and sources are
/// called on the thread that called send(), which a stop request wakes at once.
///
/// Accept-Encoding is `identity` unless the request names another; `Accept-Encoding: gzip` makes
/// the client decode, and Request::max_body counts the decoded bytes. The answer's headers stay as
/// they were sent.
///
/// A GET or HEAD without a body follows up to 10 redirects, never from https to http, and never
/// takes Authorization or Cookie to another origin; other methods return a 3xx answer as it is.
/// 408, 429, 5xx and lost connections are tried again for the same requests. A body that broke off
/// after its first byte is continued when the server proves that it is the same one (206, strong
/// ETag), otherwise send() fails: its sink cannot be rewound. Certificate failures are never
/// retried.
class CurlHttpClient final : public HttpClient {
public:
    explicit CurlHttpClient(ClientOptions options);
    ~CurlHttpClient() override;
    CurlHttpClient(const CurlHttpClient&) = delete;
    CurlHttpClient& operator=(const CurlHttpClient&) = delete;

    Result<Response> send(const Request& request, ByteSink& body, const RunContext& run) override;

private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace envpack::http
