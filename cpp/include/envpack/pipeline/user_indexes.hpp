#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/index/chained_index.hpp"
#include "envpack/index/open_indexes.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/index/pip_config.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// Whom to ask for the credentials of an index; pip's words.
enum class KeyringProvider : std::uint8_t {
    disabled,    ///< nobody: what the URL and netrc say
    subprocess,  ///< the `keyring` command of this machine
};
/// `disabled` or `subprocess`.
Result<KeyringProvider> parse_keyring_provider(std::string_view word);

/// Options of a verb that say where packages come from, with pip's words. What is not said here
/// comes from pip's own configuration on this machine (ADR 0005).
struct IndexOptions {
    std::optional<std::string> index_url = std::nullopt;  ///< replaces the configured one
    std::vector<std::string> extra_index_urls = {};       ///< asked before the index itself
    std::vector<std::string> find_links = {};
    bool no_index = false;
    index::IndexStrategy strategy = index::IndexStrategy::first_index;
    /// `NAME=URL`: that package comes from that index and from nowhere else.
    std::vector<std::string> pins = {};
    /// The same with a page of links instead of an index.
    std::vector<std::string> page_pins = {};
    bool offline = false;                                   ///< only what was fetched before
    std::optional<KeyringProvider> keyring = std::nullopt;  ///< none: what pip is configured with
    std::optional<unsigned> retries = std::nullopt;         ///< likewise
};

/// Where packages of this run come from. Copies share the connections and the cache.
struct UserIndexes {
    std::shared_ptr<const index::PackageIndex> index;
    index::IndexServices services = {};
    std::vector<std::string> order = {};  ///< index URLs as asked, without credentials
};

/// The default index: where the pip of the Python in use would go without configuration (ADR
/// 0005). Its file is read, pip is not run. not_found where there is no pip.
Result<std::string> default_index(const UserConfig& user, const RunContext& run);

/// What pip on this machine is configured with.
Result<index::PipConfig> read_user_pip_config(const UserConfig& user);

/// Opens the indexes; nothing is fetched. not_found when no index is configured and no pip that
/// would know one is installed.
Result<UserIndexes> open_user_indexes(const IndexOptions& options, const UserConfig& user,
                                      const RunContext& run);

}  // namespace envpack::pipeline
