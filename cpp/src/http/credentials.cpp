#include "envpack/http/credentials.hpp"

#include "envpack/base/limits.hpp"
#include "envpack/base/text.hpp"

#include <cstdint>
#include <utility>

namespace envpack::http {

namespace {

/// RFC 4648 section 4, with padding.
std::string base64(std::string_view text) {
    static constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((text.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < text.size(); i += 3) {
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) {
            const auto byte = i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0U;
            group = group << 8U | byte;
        }
        for (std::size_t j = 0; j < 4; ++j) {
            out += i + j > text.size() ? '=' : alphabet[(group >> (18U - 6U * j)) & 0x3fU];
        }
    }
    return out;
}

/// The tokens of a netrc file: words, "quoted words" with \-escapes, `#` comments at line starts.
Result<std::vector<std::string>> netrc_tokens(std::string_view text) {
    std::vector<std::string> tokens;
    bool in_macro = false;
    for (std::string_view line : text::lines(text)) {
        line = text::trim(line);
        if (in_macro) {
            in_macro = !line.empty();  // macdef ends at the first empty line
            continue;
        }
        std::size_t at = 0;
        while (at < line.size()) {
            if (line[at] == ' ' || line[at] == '\t') {
                ++at;
                continue;
            }
            if (line[at] == '#' && (tokens.empty() || tokens.back() != "password")) {
                break;
            }
            std::string token;
            if (line[at] == '"') {
                for (++at; at < line.size() && line[at] != '"'; ++at) {
                    if (line[at] == '\\' && at + 1 < line.size()) {
                        ++at;
                    }
                    token += line[at];
                }
                if (at == line.size()) {
                    return fail(ErrorCode::parse_error, "netrc: a quoted word does not end");
                }
                ++at;
            } else {
                const auto end = line.find_first_of(" \t", at);
                token = line.substr(at, end == std::string_view::npos ? end : end - at);
                at += token.size();
            }
            if (token == "macdef") {
                in_macro = true;
                break;
            }
            tokens.push_back(std::move(token));
        }
    }
    return tokens;
}

}  // namespace

std::string Credential::authorization() const {
    return "Basic " + base64(user + ":" + password);
}

void CredentialStore::add(Origin origin, Credential credential) {
    origins_.insert_or_assign(std::move(origin), std::move(credential));
}

Result<void> CredentialStore::add_netrc(std::string_view text) {
    if (text.size() > Limits{}.max_text) {
        return fail(ErrorCode::limit_exceeded, "netrc: the file is too large");
    }
    ENVPACK_TRY(const std::vector<std::string> tokens, netrc_tokens(text));
    std::string machine;
    Credential credential;
    const auto keep = [&] {
        if (!machine.empty() && !(credential.user.empty() && credential.password.empty())) {
            machines_.try_emplace(machine, credential);  // as for every reader: the first counts
        }
        machine.clear();
        credential = {};
    };
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i] == "default") {
            keep();
            continue;
        }
        const bool known = tokens[i] == "machine" || tokens[i] == "login" ||
                           tokens[i] == "password" || tokens[i] == "account";
        if (!known || i + 1 == tokens.size()) {
            // The token may be a secret in the wrong place, so it is not shown.
            return fail(ErrorCode::parse_error,
                        known ? "netrc: the last word has no value"
                              : "netrc: word " + std::to_string(i + 1) + " is no keyword");
        }
        const std::string& value = tokens[++i];
        if (tokens[i - 1] == "machine") {
            keep();
            machine = text::to_lower(value);
        } else if (tokens[i - 1] == "login") {
            credential.user = value;
        } else if (tokens[i - 1] == "password") {
            credential.password = value;
        }
    }
    keep();
    return {};
}

const Credential* CredentialStore::find(const Origin& origin, bool redirected) const noexcept {
    if (const auto exact = origins_.find(origin); exact != origins_.end()) {
        return &exact->second;
    }
    if (redirected && !(origin.scheme == "https" && origin.port == 443)) {
        return nullptr;
    }
    const auto machine = machines_.find(origin.host);
    return machine == machines_.end() ? nullptr : &machine->second;
}

}  // namespace envpack::http
