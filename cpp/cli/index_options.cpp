#include "index_options.hpp"

#include <CLI/CLI.hpp>

namespace envpack::cli {

void add_index_options(CLI::App& verb, pipeline::IndexOptions& options) {
    const auto group = "Package indexes (default: what pip on this machine uses)";
    verb.add_option("-i,--index-url", options.index_url, "Simple API of the index")
        ->type_name("URL")
        ->group(group);
    verb.add_option("--extra-index-url", options.extra_index_urls,
                    "Further index, asked before the index itself")
        ->type_name("URL")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group(group);
    verb.add_option("-f,--find-links", options.find_links, "Folder or page with more files")
        ->type_name("PATH")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group(group);
    verb.add_option_function<std::string>(
            "--index-strategy",
            [&options](const std::string& word) {
                options.strategy = index::parse_index_strategy(word).value();
            },
            "first-index: the first one that has a name owns it; unsafe-best-match: all together, "
            "as pip")
        ->type_name("STRATEGY")
        ->check(CLI::IsMember({"first-index", "unsafe-best-match"}))
        ->group(group);
    verb.add_option("--index-pin", options.pins, "That package comes from that index only")
        ->type_name("NAME=URL")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group(group);
    verb.add_option_function<std::string>(
            "--keyring-provider",
            [&options](const std::string& word) {
                options.keyring = pipeline::parse_keyring_provider(word).value();
            },
            "Whom to ask for credentials of indexes: the keyring command, or nobody")
        ->type_name("PROVIDER")
        ->check(CLI::IsMember({"disabled", "subprocess"}))
        ->group(group);
    verb.add_flag("--offline", options.offline, "Only what was fetched before")->group(group);
    verb.add_flag("--no-index", options.no_index, "Only --find-links")->group(group);
}

}  // namespace envpack::cli
