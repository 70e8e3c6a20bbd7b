#include "envpack/index/pip_config.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/text.hpp"
#include "ini.hpp"

#include <charconv>
#include <cstdlib>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::index {

namespace {

namespace fs = std::filesystem;
using Options = std::map<std::string, std::string, std::less<>>;

Result<std::optional<std::string>> read_local(const fs::path& path) {
    auto text = read_file(path, Limits{}.max_text);
    if (!text) {
        // pip takes a path that is no file for one that does not exist.
        const ErrorCode code = text.error().code();
        if (code == ErrorCode::not_found || code == ErrorCode::invalid_argument) {
            return std::nullopt;
        }
        return fail(std::move(text).error());
    }
    return *std::move(text);
}

/// `--Index_URL` in a file and PIP_INDEX_URL are the same option.
std::string option_name(std::string_view key) {
    std::string name = text::to_lower(key);
    for (char& c : name) {
        c = c == '_' ? '-' : c;
    }
    if (name.starts_with("--")) {
        name.erase(0, 2);
    }
    return name == "default-timeout" ? "timeout" : name == "pypi-url" ? "index-url" : name;
}

class Reader {
public:
    Reader(const PipEnvironment& environment, std::string_view command)
        : environment_(environment), command_(command) {}

    Result<PipConfig> run() {
        ENVPACK_CHECK(read_files());
        // Sections first, then variables; among equals the later file has already won.
        Options options;
        merge(options, global_);
        merge(options, own_);
        Options from_variables;
        for (const auto& [name, value] : environment_.variables) {
            if (name.starts_with("PIP_") && name != "PIP_CONFIG_FILE") {
                from_variables.insert_or_assign(option_name(std::string_view(name).substr(4)),
                                                value);
            }
        }
        merge(options, from_variables);
        return decide(options);
    }

private:
    std::string variable(std::string_view name) const {
        const auto found = environment_.variables.find(name);
        return found == environment_.variables.end() ? std::string() : found->second;
    }

    /// pip ignores empty values, whereever they stand.
    static void merge(Options& into, const Options& from) {
        for (const auto& [key, value] : from) {
            if (!value.empty()) {
                into.insert_or_assign(key, value);
            }
        }
    }

    Result<std::optional<std::string>> read(const fs::path& path) const {
        return environment_.read ? environment_.read(path) : read_local(path);
    }

    Result<void> read_files() {
        const std::string named = variable("PIP_CONFIG_FILE");
        if (named == "/dev/null") {  // os.devnull: no file at all
            return {};
        }
        bool named_exists = false;
        if (!named.empty()) {
            ENVPACK_TRY(const auto text, read(named));
            named_exists = text.has_value();
        }
        std::string system = variable("XDG_CONFIG_DIRS");
        system = system.empty() ? "/etc/xdg" : system;
        for (const std::string_view folder : text::split(system, ':')) {
            ENVPACK_CHECK(read_file_into(fs::path(folder) / "pip/pip.conf"));
        }
        ENVPACK_CHECK(read_file_into("/etc/pip.conf"));
        const std::string home = variable("HOME");
        if (!home.empty() && !named_exists) {
            const std::string xdg = variable("XDG_CONFIG_HOME");
            const fs::path config = xdg.empty() ? fs::path(home) / ".config" : fs::path(xdg);
            ENVPACK_CHECK(read_file_into(fs::path(home) / ".pip/pip.conf"));
            ENVPACK_CHECK(read_file_into(config / "pip/pip.conf"));
        }
        const fs::path prefix =
            environment_.prefix.empty() ? fs::path(variable("VIRTUAL_ENV")) : environment_.prefix;
        if (!prefix.empty()) {
            ENVPACK_CHECK(read_file_into(prefix / "pip.conf"));
        }
        if (!named.empty()) {
            ENVPACK_CHECK(read_file_into(named));
        }
        return {};
    }

    Result<void> read_file_into(const fs::path& path) {
        ENVPACK_TRY(const auto text, read(path));
        if (!text) {
            return {};
        }
        const std::string doing = fmt::format("while reading `{}`", path.string());
        if (!text::is_utf8(*text)) {
            return fail(Error(ErrorCode::parse_error, "the file is not UTF-8")
                            .with_context(doing)
                            .with_path(path.string()));
        }
        ENVPACK_TRY(const IniFile file, with_context(parse_ini(*text), doing));
        config_.files.push_back(path);
        for (const auto& [section, keys] : file) {
            if (section == "global" || section == command_) {
                for (const auto& [key, value] : keys) {
                    (section == "global" ? global_ : own_)
                        .insert_or_assign(option_name(key), value);
                }
            }
        }
        return {};
    }

    Result<bool> boolean(const Options& options, std::string_view key) const {
        const auto found = options.find(key);
        if (found == options.end()) {
            return false;
        }
        static const std::set<std::string, std::less<>> yes = {"y", "yes", "t", "true", "on", "1"};
        static const std::set<std::string, std::less<>> no = {"n", "no", "f", "false", "off", "0"};
        const std::string value = text::to_lower(found->second);
        if (!yes.contains(value) && !no.contains(value)) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("pip's option `{}` is `{}`, not yes or no", key,
                                    text::printable(found->second)));
        }
        return yes.contains(value);
    }

    template <class Number>
    Result<std::optional<Number>> number(const Options& options, std::string_view key) const {
        const auto found = options.find(key);
        if (found == options.end()) {
            return std::nullopt;
        }
        Number value{};
        const std::string_view digits = found->second;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size()) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("pip's option `{}` is `{}`, not a number", key,
                                    text::printable(found->second)));
        }
        return value;
    }

    http::Proxies proxies(const std::string& option) const {
        const auto either = [&](std::string_view lower, std::string_view upper) {
            std::string value = variable(lower);
            return value.empty() ? variable(upper) : value;
        };
        http::Proxies proxies{
            .http = option, .https = option, .no_proxy = either("no_proxy", "NO_PROXY")};
        if (option.empty()) {
            const std::string all = either("all_proxy", "ALL_PROXY");
            proxies.http = either("http_proxy", "HTTP_PROXY");
            proxies.https = either("https_proxy", "HTTPS_PROXY");
            proxies.http = proxies.http.empty() ? all : proxies.http;
            proxies.https = proxies.https.empty() ? all : proxies.https;
        }
        return proxies;
    }

    Result<PipConfig> decide(const Options& options) {
        const auto text = [&](std::string_view key) {
            const auto found = options.find(key);
            return found == options.end() ? std::string() : found->second;
        };
        const auto list = [&](std::string_view key) {
            std::vector<std::string> items;
            const std::string whole = text(key);
            for (const std::string_view word : text::words(whole)) {
                items.emplace_back(word);
            }
            return items;
        };
        config_.index_url = text("index-url");
        config_.extra_index_urls = list("extra-index-url");
        config_.find_links = list("find-links");
        config_.trusted_hosts = list("trusted-host");
        config_.constraints = list("constraint");
        config_.client_cert = text("client-cert");
        config_.cert = text("cert");
        for (const char* name : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
            if (config_.cert.empty()) {
                config_.cert = variable(name);
            }
        }
        config_.keyring_provider = text("keyring-provider");
        config_.proxies = proxies(text("proxy"));
        ENVPACK_TRY(config_.no_index, boolean(options, "no-index"));
        ENVPACK_TRY(config_.pre, boolean(options, "pre"));
        ENVPACK_TRY(config_.timeout, number<double>(options, "timeout"));
        ENVPACK_TRY(config_.retries, number<unsigned>(options, "retries"));
        return std::move(config_);
    }

    const PipEnvironment& environment_;
    std::string_view command_;
    PipConfig config_;
    Options global_;
    Options own_;
};

}  // namespace

Result<PipConfig> read_pip_config(const PipEnvironment& environment, std::string_view command) {
    return Reader(environment, command).run();
}

Result<std::optional<std::string>> default_index_of_pip(std::string_view models_index_py) {
    // PyPI = PackageIndex("https://…/", file_storage_domain="…"), perhaps over several lines.
    for (std::string_view rest = models_index_py; !rest.empty();) {
        const auto end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        if (line.starts_with("PyPI") && text::trim(line.substr(4)).starts_with('=')) {
            const auto open = rest.find_first_of("\"'");
            const auto close =
                open == std::string_view::npos ? open : rest.find(rest[open], open + 1);
            if (rest.find("PackageIndex(") > open || close == std::string_view::npos) {
                return std::nullopt;
            }
            ENVPACK_TRY(const http::Url base,
                        http::Url::parse(rest.substr(open + 1, close - open - 1)));
            ENVPACK_TRY(const http::Url simple, base.resolve("simple"));
            return simple.to_string();
        }
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
    return std::nullopt;
}

}  // namespace envpack::index
