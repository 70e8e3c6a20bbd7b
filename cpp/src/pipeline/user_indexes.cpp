#include "envpack/pipeline/user_indexes.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "envpack/archive/zip_reader.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/host_python.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/env/site_packages.hpp"
#include "envpack/http/curl_http_client.hpp"
#include "envpack/http/offline_http_client.hpp"
#include "envpack/http/url.hpp"
#include "envpack/index/cache.hpp"
#include "envpack/index/chained_index.hpp"
#include "envpack/index/open_indexes.hpp"
#include "keyring.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view index_module = "pip/_internal/models/index.py";
constexpr std::size_t max_module = std::size_t{1} << 20;
constexpr std::size_t max_netrc = std::size_t{1} << 20;

/// The default index of the pip in a wheel that was put aside for new environments.
Result<std::optional<std::string>> default_of_pip_wheel(const fs::path& wheel) {
    ENVPACK_TRY(const archive::ZipReader zip, archive::ZipReader::open(wheel));
    ENVPACK_TRY(const SafePath path, SafePath::parse(index_module));
    const archive::ZipEntry* entry = zip.find(path);
    if (entry == nullptr) {
        return std::nullopt;
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, entry->content.open());
    ENVPACK_TRY(const std::string text, read_all(*source, max_module));
    return index::default_index_of_pip(text);
}

/// Where Python and Debian keep a pip wheel for environments that have no pip of their own.
Result<std::optional<std::string>> default_of_bundled_pip(const archive::FileTree& root,
                                                          const env::Interpreter& python) {
    const std::string bundle = fmt::format("{}/lib/{}/ensurepip/_bundled", python.base_prefix.str(),
                                           python.library_name());
    for (const std::string& folder : {bundle, std::string("usr/share/python-wheels")}) {
        ENVPACK_TRY(const SafePath wanted, SafePath::normalize(folder));
        ENVPACK_TRY(const auto place, archive::resolve(root, wanted));
        if (!place) {
            continue;
        }
        ENVPACK_TRY(const auto info, root.lookup(*place));
        if (!info || info->type != archive::FileType::directory) {
            continue;
        }
        ENVPACK_TRY(const std::vector<std::string> names, root.list(*place));
        for (const std::string& name : names) {
            if (name.starts_with("pip-") && name.ends_with(".whl")) {
                const auto found =
                    default_of_pip_wheel("/" + place->join(*SafePath::parse(name)).str());
                if (found && *found) {
                    return *found;
                }
            }
        }
    }
    return std::nullopt;
}

Result<http::ClientOptions> client_options(const index::PipConfig& pip, const UserConfig& user) {
    http::ClientOptions options;
    options.ca_bundle = pip.cert;
    options.client_certificate = pip.client_cert;
    options.proxies = pip.proxies;
    options.trusted_hosts = pip.trusted_hosts;
    if (pip.retries) {
        options.retry.retries = *pip.retries;
    }
    if (pip.timeout) {
        options.stall_timeout = std::chrono::seconds(static_cast<std::int64_t>(*pip.timeout) + 1);
    }
    const std::string_view netrc = user.variable("NETRC");
    const fs::path path =
        netrc.empty() ? fs::path(user.variable("HOME")) / ".netrc" : fs::path(netrc);
    if (const auto text = read_file(path, max_netrc)) {
        ENVPACK_CHECK(with_context(options.credentials.add_netrc(*text),
                                   fmt::format("while reading `{}`", path.string())));
    }
    return options;
}

/// What index URLs say of their origin holds for its files too when nobody has asked the index
/// itself: a build fetches what a lock names.
void add_credentials(const IndexOptions& options, const index::PipConfig& pip,
                     http::CredentialStore& credentials) {
    const auto add = [&](const std::string& text) {
        if (const auto url = http::Url::parse(text); url && url->user() && !url->is_file()) {
            credentials.add(url->origin(), {*url->user(), url->password().value_or("")});
        }
    };
    for (const auto* pins : {&options.pins, &options.page_pins}) {
        for (const std::string& pin : *pins) {
            add(pin.substr(pin.find('=') + 1));
        }
    }
    for (const auto* urls :
         {&pip.find_links, &options.find_links, &pip.extra_index_urls, &options.extra_index_urls}) {
        std::for_each(urls->begin(), urls->end(), add);
    }
    add(options.index_url.value_or(pip.index_url));
}

KeyringProvider keyring_of(const IndexOptions& options, const index::PipConfig& pip) {
    const auto configured = pip.keyring_provider == "subprocess" ? KeyringProvider::subprocess
                                                                 : KeyringProvider::disabled;
    return options.keyring.value_or(configured);
}

/// Completes the URLs of both; the default index of pip is asked by everybody and has no names.
Result<void> complete_with_keyring(IndexOptions& options, index::PipConfig& pip,
                                   const UserConfig& user, const RunContext& run) {
    const auto complete = [&](std::string& text, std::size_t from = 0) -> Result<void> {
        const auto url = http::Url::parse(std::string_view(text).substr(from));
        if (!url) {
            return {};  // a path, or said where it is opened
        }
        ENVPACK_TRY(const http::Url known, with_keyring(*url, user, run));
        if (known != *url) {
            text.replace(from, std::string::npos, known.to_string());
        }
        return {};
    };
    for (auto* pins : {&options.pins, &options.page_pins}) {
        for (std::string& pin : *pins) {
            ENVPACK_CHECK(complete(pin, pin.find('=') + 1));
        }
    }
    for (auto* urls :
         {&options.extra_index_urls, &options.find_links, &pip.extra_index_urls, &pip.find_links}) {
        for (std::string& url : *urls) {
            ENVPACK_CHECK(complete(url));
        }
    }
    return options.index_url ? complete(*options.index_url) : complete(pip.index_url);
}

/// `NAME=URL` each, the URL opened by `open`.
template <class Open>
Result<void> open_pins(const std::vector<std::string>& pins, Open open,
                       const index::IndexServices& services, index::ChainedIndex::Options& chain) {
    for (const std::string& pin : pins) {
        const std::size_t equals = pin.find('=');
        if (equals == std::string::npos) {
            return fail(Error(ErrorCode::invalid_argument,
                              fmt::format("`{}` pins no package to an index",
                                          text::printable(text::redact_url(pin))))
                            .with_hint("write it as torch=https://download.pytorch.org/whl/cu124"));
        }
        ENVPACK_TRY(packaging::PackageName name,
                    packaging::PackageName::parse(std::string_view(pin).substr(0, equals)));
        ENVPACK_TRY(auto opened, open(pin.substr(equals + 1), services));
        chain.pinned.insert_or_assign(std::move(name), std::move(opened));
    }
    return {};
}

}  // namespace

Result<std::string> default_index(const UserConfig& user, const RunContext& run) {
    const archive::DiskTree root("/");
    ENVPACK_TRY(SafePath named,
                env::find_host_python(root,
                                      {.path = std::string(user.variable("PATH")),
                                       .virtual_env = std::string(user.variable("VIRTUAL_ENV"))},
                                      run));
    ENVPACK_TRY(const env::FoundInterpreters python,
                env::find_interpreter(root, {.python = std::move(named)}, run));
    ENVPACK_TRY(const auto folders, env::site_paths(root, python.chosen, {}, run));
    ENVPACK_TRY(const SafePath module, SafePath::parse(index_module));
    for (const env::SitePath& folder : folders) {
        const auto text = archive::read_file(root, folder.path.join(module), max_module);
        if (text) {
            ENVPACK_TRY(const auto found, index::default_index_of_pip(*text));
            if (found) {
                return *found;
            }
        }
    }
    ENVPACK_TRY(const auto bundled, default_of_bundled_pip(root, python.chosen));
    if (bundled) {
        return *bundled;
    }
    return fail(Error(ErrorCode::not_found,
                      "no package index is configured, and there is no pip "
                      "to take the default from")
                    .with_hint("give --index-url URL, or set PIP_INDEX_URL"));
}

Result<KeyringProvider> parse_keyring_provider(std::string_view word) {
    if (word == "disabled") {
        return KeyringProvider::disabled;
    }
    if (word == "subprocess") {
        return KeyringProvider::subprocess;
    }
    return fail(Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` is no keyring provider", text::printable(word)))
                    .with_hint("say `disabled` or `subprocess`"));
}

Result<index::PipConfig> read_user_pip_config(const UserConfig& user) {
    return index::read_pip_config({.variables = user.environment});
}

Result<UserIndexes> open_user_indexes(const IndexOptions& asked, const UserConfig& user,
                                      const RunContext& run) {
    IndexOptions options = asked;
    ENVPACK_TRY(index::PipConfig pip, read_user_pip_config(user));
    if (!options.offline && keyring_of(options, pip) == KeyringProvider::subprocess) {
        ENVPACK_CHECK(complete_with_keyring(options, pip, user, run));
    }
    const auto cache = std::make_shared<const index::Cache>(user.cache_directory());
    ENVPACK_TRY(http::ClientOptions http_options, client_options(pip, user));
    http_options.retry.retries = options.retries.value_or(http_options.retry.retries);
    add_credentials(options, pip, http_options.credentials);
    index::IndexServices services{.client = {}, .cache = cache, .offline = options.offline};
    if (options.offline) {
        services.client = std::make_shared<http::OfflineHttpClient>();
    } else {
        services.client = std::make_shared<http::CurlHttpClient>(std::move(http_options));
    }

    UserIndexes indexes;
    index::ChainedIndex::Options chain{.strategy = options.strategy};
    const auto add_index = [&](const std::string& url) -> Result<void> {
        ENVPACK_TRY(auto opened, index::open_index(url, services));
        chain.indexes.push_back(std::move(opened));
        indexes.order.push_back(text::redact_url(url));
        return {};
    };
    if (!options.no_index && !pip.no_index) {
        // Extra indexes come first, as for uv: whoever names a private one means it to win.
        for (const auto* urls : {&options.extra_index_urls, &pip.extra_index_urls}) {
            for (const std::string& url : *urls) {
                ENVPACK_CHECK(add_index(url));
            }
        }
        std::string url = options.index_url.value_or(pip.index_url);
        if (url.empty()) {
            ENVPACK_TRY(url, default_index(user, run));
        }
        ENVPACK_CHECK(add_index(url));
    }
    for (const auto* places : {&options.find_links, &pip.find_links}) {
        for (const std::string& place : *places) {
            ENVPACK_TRY(auto opened, index::open_find_links(place, services));
            chain.find_links.push_back(std::move(opened));
        }
    }
    ENVPACK_CHECK(open_pins(options.pins, index::open_index, services, chain));
    ENVPACK_CHECK(open_pins(options.page_pins, index::open_find_links, services, chain));
    indexes.services = services;
    indexes.index = std::make_shared<index::ChainedIndex>(std::move(chain));
    return indexes;
}

}  // namespace envpack::pipeline
