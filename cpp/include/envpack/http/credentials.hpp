#pragma once

#include "envpack/base/result.hpp"
#include "envpack/http/url.hpp"

#include <map>
#include <string>
#include <string_view>

namespace envpack::http {

/// A name and a secret for HTTP Basic (RFC 7617). Value; not synchronised.
struct Credential {
    std::string user;
    std::string password;
    /// "Basic …", the value of an Authorization header.
    std::string authorization() const;
    friend bool operator==(const Credential&, const Credential&) = default;
};

/// Which credential belongs to which origin. Value; not synchronised.
class CredentialStore {
public:
    /// Replaces what the origin had.
    void add(Origin origin, Credential credential);
    /// The `machine` entries of a netrc file, `default` and `macdef` left out. A machine stands
    /// for every port of a host that is asked for directly, and for https on port 443 only when a
    /// redirect leads there. parse_error for a malformed file; never shows its text.
    Result<void> add_netrc(std::string_view text);

    /// nullptr when nothing is known. An exact origin goes before netrc. `redirected`: the origin
    /// was named by a server, not by the user.
    const Credential* find(const Origin& origin, bool redirected) const noexcept;

private:
    std::map<Origin, Credential> origins_;
    std::map<std::string, Credential, std::less<>> machines_;
};

}  // namespace envpack::http
