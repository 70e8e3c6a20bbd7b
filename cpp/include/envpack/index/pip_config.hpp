#pragma once

#include "envpack/base/result.hpp"
#include "envpack/http/client_options.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::index {

/// What pip would see. The caller gathers it; nothing here asks the process environment.
struct PipEnvironment {
    std::map<std::string, std::string, std::less<>> variables = {};
    /// sys.prefix of the interpreter whose pip is meant; empty: `VIRTUAL_ENV` when that is set.
    std::filesystem::path prefix = {};
    /// The file's text; nullopt when there is no such file. Null: the machine's files.
    std::function<Result<std::optional<std::string>>(const std::filesystem::path&)> read = {};
};

/// The options of `pip install` that say where packages come from. Value; not synchronised.
struct PipConfig {
    std::string index_url = {};  ///< empty: the default index of the interpreter's pip
    std::vector<std::string> extra_index_urls = {};
    std::vector<std::string> find_links = {};
    bool no_index = false;
    std::string cert = {};  ///< CA bundle: pip's `cert`, else REQUESTS_CA_BUNDLE, else …
    std::string client_cert = {};
    http::Proxies proxies = {};  ///< pip's `proxy`, else http_proxy, https_proxy, all_proxy
    std::optional<double> timeout = std::nullopt;  ///< seconds
    std::optional<unsigned> retries = std::nullopt;
    std::vector<std::string> trusted_hosts = {};
    std::vector<std::string> constraints = {};
    bool pre = false;
    std::string keyring_provider = {};  ///< "subprocess", "import", "auto", "disabled" or empty
    std::vector<std::filesystem::path> files = {};  ///< the configuration files that were read
};

/// The configuration that pip puts together from its files (global, user, site, PIP_CONFIG_FILE)
/// and PIP_* variables, with its precedence: `[global]`, then `[install]` (or the section named
/// `command`), then variables; in each, the later file wins. parse_error, with the file and line,
/// for a file that pip refuses too. Source: pip documentation, "Configuration".
Result<PipConfig> read_pip_config(const PipEnvironment& environment,
                                  std::string_view command = "install");

/// The simple API of the index that an interpreter's own pip uses when nothing is configured: read
/// from the text of its `pip/_internal/models/index.py`. nullopt when that is not there.
Result<std::optional<std::string>> default_index_of_pip(std::string_view models_index_py);

}  // namespace envpack::index
