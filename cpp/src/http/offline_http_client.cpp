#include "envpack/http/offline_http_client.hpp"

#include "envpack/base/text.hpp"

#include <fmt/format.h>

namespace envpack::http {

Result<Response> OfflineHttpClient::send(const Request& request, ByteSink& /*body*/,
                                         const RunContext& /*run*/) {
    return fail(Error(ErrorCode::network_error,
                      fmt::format("`{}` was not fetched before, and this run is offline",
                                  text::printable(text::redact_url(request.url))))
                    .with_rule("http.offline")
                    .with_hint("run once without --offline"));
}

}  // namespace envpack::http
