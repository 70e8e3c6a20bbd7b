#pragma once

#include "envpack/http/client_options.hpp"
#include "envpack/http/http_client.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace envpack::http {

/// An HttpClient whose whole world is a table of answers: for tests, and for replaying a recorded
/// index. Redirects, retries (without waiting), credentials and limits follow the same rules as
/// in CurlHttpClient. An unknown URL is answered with 404. Thread-safe.
class MemoryHttpClient final : public HttpClient {
public:
    /// One scripted answer.
    struct Answer {
        int status = 200;
        std::vector<Header> headers = {};
        std::string body = {};
        /// The connection breaks after so many bytes of the body; SIZE_MAX: never.
        std::size_t breaks_after = SIZE_MAX;
        /// The answer obeys `Range: bytes=…` with 206.
        bool serves_ranges = false;
    };
    /// A request as it reached the table: after redirects, with the headers that were sent.
    struct Recorded {
        std::string method;
        std::string url;
        std::vector<Header> headers;
        std::string body;
    };
    using Responder = std::function<Answer(const Recorded&)>;

    explicit MemoryHttpClient(CredentialStore credentials = {}, unsigned retries = 3);

    /// What `url` (without userinfo and fragment) answers from now on, to every method.
    void route(std::string url, Answer answer);
    /// The same, decided for each request.
    void respond(std::string url, Responder responder);
    /// Everything asked so far, in order of arrival.
    std::vector<Recorded> requests() const;
    /// How often `url` was asked for.
    std::size_t count(std::string_view url) const;

    Result<Response> send(const Request& request, ByteSink& body, const RunContext& run) override;

private:
    CredentialStore credentials_;
    unsigned retries_;
    mutable std::mutex mutex_;
    std::map<std::string, Responder, std::less<>> routes_;
    std::vector<Recorded> requests_;
};

}  // namespace envpack::http
