#pragma once

#include "envpack/http/credentials.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace envpack::http {

/// Which proxy to use; what the user's configuration says, never read from the environment here.
struct Proxies {
    std::string http = {};      ///< for http URLs; empty: none
    std::string https = {};     ///< for https URLs; empty: none
    std::string no_proxy = {};  ///< hosts asked directly: comma separated, or `*`
    friend bool operator==(const Proxies&, const Proxies&) = default;
};

/// How often and how patiently a client tries. Value; not synchronised.
struct RetryOptions {
    unsigned retries = 3;  ///< tries after the first; GET and HEAD without a body only
    /// The wait before the first retry, doubled for each further one, with up to a half of jitter.
    std::chrono::milliseconds first_wait{250};
    /// A Retry-After up to this is obeyed; a longer one makes the answer final.
    std::chrono::seconds max_wait{60};
};

/// Everything a CurlHttpClient can be told. Value; not synchronised.
struct ClientOptions {
    std::string user_agent = {};  ///< empty: "envpack/<version>"
    std::chrono::milliseconds connect_timeout{10'000};
    /// Without a single byte for so long a transfer is given up; there is no total limit.
    std::chrono::seconds stall_timeout{30};
    RetryOptions retry = {};
    std::string ca_bundle = {};           ///< PEM file; empty: the system's
    std::string client_certificate = {};  ///< PEM file with certificate and key
    Proxies proxies = {};
    /// "host" or "host:port" whose certificates are not checked (pip's trusted-host).
    std::vector<std::string> trusted_hosts = {};
    CredentialStore credentials = {};
};

}  // namespace envpack::http
