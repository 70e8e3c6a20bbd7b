#include "envpack/http/curl_http_client.hpp"

#include "curl_loop.hpp"
#include "exchange.hpp"

#include <utility>

namespace envpack::http {

namespace {

ClientOptions completed(ClientOptions options) {
    if (options.user_agent.empty()) {
        options.user_agent = "envpack/" ENVPACK_VERSION;
    }
    return options;
}

}  // namespace

class CurlHttpClient::Implementation {
public:
    explicit Implementation(const ClientOptions& options)
        : credentials(options.credentials), retry(options.retry), loop(options) {}

    CredentialStore credentials;
    RetryOptions retry;
    CurlLoop loop;
};

CurlHttpClient::CurlHttpClient(ClientOptions options)
    : implementation_(std::make_unique<Implementation>(completed(std::move(options)))) {}

CurlHttpClient::~CurlHttpClient() = default;

Result<Response> CurlHttpClient::send(const Request& request, ByteSink& body,
                                      const RunContext& run) {
    const auto exchange = [this](const WireRequest& wire, Delivery& delivery,
                                 const RunContext& context) {
        return implementation_->loop.exchange(wire, delivery, context);
    };
    return send_over(exchange,
                     {.credentials = implementation_->credentials, .retry = implementation_->retry},
                     request, body, run);
}

}  // namespace envpack::http
