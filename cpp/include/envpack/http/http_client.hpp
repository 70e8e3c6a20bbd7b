#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::http {

struct Header {
    std::string name;  ///< compared without case
    std::string value;
    friend bool operator==(const Header&, const Header&) = default;
};

struct Request {
    std::string method = "GET";
    std::string url;  ///< http or https; userinfo becomes Basic
    std::vector<Header> headers = {};
    ByteSource* body = nullptr;  ///< not owned; streamed; may be null
    std::optional<std::uint64_t> body_size = std::nullopt;
    std::uint64_t max_body = std::uint64_t{1} << 40;  ///< response bytes; beyond: limit_exceeded
};

struct Response {
    int status = 0;
    std::vector<Header> headers = {};
    std::string effective_url = {};  ///< after redirects, without userinfo
    std::string error_body = {};     ///< outside 2xx: its start (Limits), for messages
};

/// The first header of that name; nullptr when there is none.
const std::string* find_header(const std::vector<Header>& headers, std::string_view name) noexcept;

/// The only door to the network. Thread-safe.
class HttpClient {
public:
    virtual ~HttpClient() = default;
    /// Sends one request, follows its redirects and retries what may be repeated. The body of a
    /// 2xx answer goes to `body` (not finished); of any other answer it is dropped. Every answer,
    /// also 404 or 500, is a Response; only the lack of one is an error (network_error, cancelled,
    /// limit_exceeded, invalid_argument for a URL that cannot be used).
    virtual Result<Response> send(const Request& request, ByteSink& body,
                                  const RunContext& run) = 0;
};

/// send() into memory for small documents: the body of a 2xx answer. 401 and 403 become
/// unauthorized, 404 and 410 not_found, other statuses http_status.
Result<std::string> get_text(HttpClient& client, const Request& request, std::size_t max_size,
                             const RunContext& run);

/// The Error for an answer outside 2xx, as get_text() makes it.
Error status_failure(const Request& request, const Response& response);

}  // namespace envpack::http
