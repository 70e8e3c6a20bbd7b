#pragma once

#include "envpack/http/http_client.hpp"

namespace envpack::http {

/// Sends nothing: every request is a network_error that says so. For `--offline`, so that what was
/// not fetched before is missed by name. Thread-safe.
class OfflineHttpClient final : public HttpClient {
public:
    Result<Response> send(const Request& request, ByteSink& body, const RunContext& run) override;
};

}  // namespace envpack::http
