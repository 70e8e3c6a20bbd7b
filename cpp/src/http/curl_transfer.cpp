#include "curl_transfer.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace envpack::http {

namespace {

constexpr std::size_t max_inbox = 1u << 20;
constexpr std::size_t max_header_bytes = 256u << 10;

extern "C" std::size_t envpack_on_header(char* data, std::size_t, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::string_view line = text::trim({data, size});
    const std::scoped_lock lock(transfer.mutex);
    transfer.header_bytes += size;
    if (transfer.header_bytes > max_header_bytes) {
        transfer.header_flood = true;
        return 0;
    }
    if (transfer.headers_complete) {
        return size;  // a trailer
    }
    if (line.starts_with("HTTP/")) {
        transfer.headers.clear();
        transfer.status = 0;
        if (const auto space = line.find(' '); space != std::string_view::npos) {
            std::from_chars(line.data() + space + 1, line.data() + line.size(), transfer.status);
        }
    } else if (line.empty()) {
        if (transfer.status >= 200) {
            transfer.headers_complete = true;
            transfer.changed.notify_all();
        }
    } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
        transfer.headers.push_back({std::string(text::trim(line.substr(0, colon))),
                                    std::string(text::trim(line.substr(colon + 1)))});
    }
    return size;
}

extern "C" std::size_t envpack_on_body(char* data, std::size_t, std::size_t size, void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::scoped_lock lock(transfer.mutex);
    if (transfer.inbox.size() >= max_inbox) {
        transfer.download_paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer.inbox.append(data, size);
    transfer.changed.notify_all();
    return size;
}

extern "C" std::size_t envpack_on_upload(char* into, std::size_t item, std::size_t count,
                                         void* user) {
    auto& transfer = *static_cast<Transfer*>(user);
    const std::scoped_lock lock(transfer.mutex);
    const std::size_t rest = transfer.outbox.size() - transfer.outbox_sent;
    if (rest == 0 && !transfer.outbox_end) {
        transfer.upload_wanted = true;
        transfer.upload_paused = true;
        transfer.changed.notify_all();
        return CURL_READFUNC_PAUSE;
    }
    const std::size_t size = std::min(rest, item * count);
    std::copy_n(transfer.outbox.data() + transfer.outbox_sent, size, into);
    transfer.outbox_sent += size;
    return size;
}

bool is_certificate_failure(CURLcode code) noexcept {
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_ISSUER_ERROR ||
           code == CURLE_SSL_CRL_BADFILE || code == CURLE_SSL_PINNEDPUBKEYNOTMATCH ||
           code == CURLE_SSL_INVALIDCERTSTATUS;
}

bool is_lost_connection(CURLcode code, std::string_view said) noexcept {
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_CONNECT:
        case CURLE_OPERATION_TIMEDOUT:
        case CURLE_SEND_ERROR:
        case CURLE_SEND_FAIL_REWIND:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
            return true;
        case CURLE_SSL_CONNECT_ERROR:
            // A reset during the handshake is the network's doing, anything else a refusal.
            return said.find("reset by peer") != std::string_view::npos ||
                   said.find("SYSCALL") != std::string_view::npos;
        default:
            return false;
    }
}

bool is_trusted(const std::vector<std::string>& hosts, const Url& url) {
    const std::string with_port = fmt::format("{}:{}", url.host(), url.port());
    return std::any_of(hosts.begin(), hosts.end(), [&](const std::string& host) {
        return text::equals_ignoring_case(host, url.host()) ||
               text::equals_ignoring_case(host, with_port);
    });
}

/// What the exchange cannot do without: a libcurl that has been built without a feature says so
/// here, and then nothing is sent.
template <class Value>
void set(Transfer& transfer, CURLoption option, Value value) {
    const CURLcode code = transfer.curl.easy_setopt(transfer.easy, option, value);
    ENVPACK_ASSERT(code != CURLE_OUT_OF_MEMORY);
    if (code != CURLE_OK && transfer.refusal == CURLE_OK) {
        transfer.refused = option;
        transfer.refusal = code;
    }
}

/// What makes it faster, or repeats what is made sure of elsewhere.
template <class Value>
void set_optional(Transfer& transfer, CURLoption option, Value value) {
    transfer.curl.easy_setopt(transfer.easy, option, value);
}

Error cannot_set(const Transfer& transfer, const Url& url) {
    return Error(ErrorCode::unsupported,
                 fmt::format("libcurl {} cannot be used for `{}`: it refuses option {}: {}",
                             transfer.curl.version_info(CURLVERSION_NOW)->version, url.shown(),
                             static_cast<int>(transfer.refused),
                             transfer.curl.easy_strerror(transfer.refusal)))
        .with_rule("http.libcurl-feature")
        .with_hint("install a libcurl with TLS (Debian and Ubuntu: `apt install libcurl4`)");
}

void set_headers(Transfer& transfer, const WireRequest& request) {
    const auto append = [&](const char* line) {
        transfer.header_list = transfer.curl.slist_append(transfer.header_list, line);
    };
    bool decodes = false;
    for (const Header& header : request.headers) {
        if (text::equals_ignoring_case(header.name, "Accept-Encoding")) {
            if (header.value != "identity") {
                set(transfer, CURLOPT_ACCEPT_ENCODING, header.value.c_str());
                decodes = true;
            }
            continue;
        }
        const std::string line = header.value.empty()
                                     ? header.name + ";"
                                     : fmt::format("{}: {}", header.name, header.value);
        append(line.c_str());
    }
    if (!decodes) {
        append("Accept-Encoding: identity");
    }
    append("Expect:");
    set(transfer, CURLOPT_HTTPHEADER, transfer.header_list);
}

void set_method(Transfer& transfer, const WireRequest& request) {
    if (request.body != nullptr) {
        set(transfer, CURLOPT_UPLOAD, 1L);
        set(transfer, CURLOPT_READFUNCTION, &envpack_on_upload);
        set(transfer, CURLOPT_READDATA, static_cast<void*>(&transfer));
        set(transfer, CURLOPT_INFILESIZE_LARGE,
            request.body_size ? static_cast<curl_off_t>(*request.body_size) : curl_off_t{-1});
        set_optional(transfer, CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(upload_chunk));
    } else if (request.method == "HEAD") {
        set(transfer, CURLOPT_NOBODY, 1L);
    } else if (request.method != "GET" && request.method != "DELETE") {
        set(transfer, CURLOPT_POSTFIELDSIZE, 0L);  // states Content-Length: 0
        set(transfer, CURLOPT_COPYPOSTFIELDS, "");
    }
    if (request.method != "HEAD") {
        set(transfer, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
}

void set_connection(Transfer& transfer, const ClientOptions& options, const Url& url) {
    set(transfer, CURLOPT_NOSIGNAL, 1L);
    // From 7.85; Url::parse() takes no other schemes, and redirects are not libcurl's to follow.
    set_optional(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    set(transfer, CURLOPT_FOLLOWLOCATION, 0L);
    set_optional(transfer, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set_optional(transfer, CURLOPT_PIPEWAIT, 1L);
    set_optional(transfer, CURLOPT_TCP_KEEPALIVE, 1L);
    set_optional(transfer, CURLOPT_QUICK_EXIT, 1L);
    set_optional(transfer, CURLOPT_BUFFERSIZE, 256L << 10);
    set_optional(transfer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(transfer, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
    set(transfer, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(transfer, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
    set(transfer, CURLOPT_USERAGENT, options.user_agent.c_str());
    const std::string& proxy =
        url.scheme() == "https" ? options.proxies.https : options.proxies.http;
    const bool uses_tls = url.scheme() == "https" || proxy.starts_with("https:");
    if (uses_tls) {
        set(transfer, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    }
    if (uses_tls && !options.ca_bundle.empty()) {
        set(transfer, CURLOPT_CAINFO, options.ca_bundle.c_str());
    }
    if (uses_tls && !options.client_certificate.empty()) {
        set(transfer, CURLOPT_SSLCERT, options.client_certificate.c_str());
    }
    if (uses_tls && is_trusted(options.trusted_hosts, url)) {
        set(transfer, CURLOPT_SSL_VERIFYPEER, 0L);
        set(transfer, CURLOPT_SSL_VERIFYHOST, 0L);
    }
    // Always set, because libcurl asks the environment for what is not.
    set(transfer, CURLOPT_PROXY, proxy.c_str());
    set(transfer, CURLOPT_NOPROXY, options.proxies.no_proxy.c_str());
}

}  // namespace

WireFailure failure_of(const Transfer& transfer, const WireRequest& request) {
    const std::string url = request.url.shown();
    if (transfer.header_flood) {
        return {Error(ErrorCode::limit_exceeded,
                      fmt::format("`{}` answers with more than {} bytes of headers", url,
                                  max_header_bytes))
                    .with_rule("http.header-flood"),
                false};
    }
    const std::string_view detail(transfer.error_text.data());
    const std::string said = text::printable(
        detail.empty() ? std::string_view(transfer.curl.easy_strerror(transfer.code)) : detail);
    Error error(ErrorCode::network_error, fmt::format("cannot reach `{}`: {}", url, said));
    if (is_certificate_failure(transfer.code)) {
        error = std::move(error)
                    .with_rule("http.certificate")
                    .with_hint(
                        "when a proxy inspects TLS, name its CA bundle (PIP_CERT or "
                        "SSL_CERT_FILE); also check the clock of this machine");
    } else if (transfer.code == CURLE_COULDNT_RESOLVE_HOST) {
        error = std::move(error).with_hint("check the host name, the network and the proxy");
    }
    return {std::move(error), is_lost_connection(transfer.code, said)};
}

Result<TransferPtr> prepare(const CurlLibrary& curl, const ClientOptions& options,
                            const WireRequest& request) {
    auto shared = std::make_shared<Transfer>(curl);
    Transfer& transfer = *shared;
    transfer.easy = curl.easy_init();
    ENVPACK_ASSERT(transfer.easy != nullptr);
    set(transfer, CURLOPT_URL, request.url.to_string().c_str());
    set(transfer, CURLOPT_ERRORBUFFER, transfer.error_text.data());
    set(transfer, CURLOPT_HEADERFUNCTION, &envpack_on_header);
    set(transfer, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    set(transfer, CURLOPT_WRITEFUNCTION, &envpack_on_body);
    set(transfer, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    set_connection(transfer, options, request.url);
    set_method(transfer, request);
    set_headers(transfer, request);
    if (transfer.refusal != CURLE_OK) {
        curl.easy_cleanup(std::exchange(transfer.easy, nullptr));
        return fail(cannot_set(transfer, request.url));
    }
    return shared;
}

}  // namespace envpack::http
