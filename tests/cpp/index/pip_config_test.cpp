#include "envpack/index/pip_config.hpp"

#include <gtest/gtest.h>

namespace envpack::index {
namespace {

using Files = std::map<std::string, std::string>;
using Variables = std::map<std::string, std::string, std::less<>>;

PipEnvironment environment(const Files& files, Variables variables) {
    return {
        .variables = std::move(variables),
        .read = [files](const std::filesystem::path& path) -> Result<std::optional<std::string>> {
            const auto found = files.find(path.string());
            return found == files.end() ? std::nullopt : std::optional(found->second);
        }};
}

std::string index_url(const Files& files, Variables variables) {
    const auto config = read_pip_config(environment(files, std::move(variables)));
    return config ? config->index_url : config.error().render();
}

const Files everywhere = {{"/etc/xdg/pip/pip.conf", "[global]\nindex-url = xdg"},
                          {"/etc/pip.conf", "[global]\nindex-url = etc"},
                          {"/home/me/.pip/pip.conf", "[global]\nindex-url = legacy"},
                          {"/home/me/.config/pip/pip.conf", "[global]\nindex-url = user"},
                          {"/venv/pip.conf", "[global]\nindex-url = site"},
                          {"/named.conf", "[global]\nindex-url = named"}};

Files without(std::vector<std::string> names) {
    Files files = everywhere;
    for (const auto& name : names) {
        files.erase(name);
    }
    return files;
}

TEST(PipConfig, LaterFileWins) {
    const Variables all = {{"HOME", "/home/me"}, {"VIRTUAL_ENV", "/venv"}};
    const struct {
        Files files;
        Variables variables;
        const char* expected;
    } rows[] = {
        {everywhere, all, "site"},
        {without({"/venv/pip.conf"}), all, "user"},
        {everywhere, {{"HOME", "/home/me"}}, "user"},
        {without({"/home/me/.config/pip/pip.conf"}), {{"HOME", "/home/me"}}, "legacy"},
        {everywhere, {}, "etc"},
        {without({"/etc/pip.conf"}), {}, "xdg"},
        {{}, all, ""},
        {everywhere, {{"PIP_CONFIG_FILE", "/named.conf"}, {"VIRTUAL_ENV", "/venv"}}, "named"},
        {everywhere, {{"PIP_CONFIG_FILE", "/dev/null"}, {"HOME", "/home/me"}}, ""},
        {everywhere, {{"PIP_INDEX_URL", "variable"}, {"VIRTUAL_ENV", "/venv"}}, "variable"},
        {everywhere, {{"PIP_INDEX_URL", ""}, {"VIRTUAL_ENV", "/venv"}}, "site"},
        {everywhere, {{"PIP_CONFIG_FILE", "/dev/null"}, {"PIP_INDEX_URL", "x"}}, "x"},
        {{{"/xdg/pip/pip.conf", "[global]\nindex-url=x"}},
         {{"HOME", "/home/me"}, {"XDG_CONFIG_HOME", "/xdg"}},
         "x"},
        {{{"/b/pip/pip.conf", "[global]\nindex-url=b"},
          {"/a/pip/pip.conf", "[global]\nindex-url=a"}},
         {{"XDG_CONFIG_DIRS", "/a:/b"}},
         "b"}};
    for (const auto& row : rows) {
        EXPECT_EQ(index_url(row.files, row.variables), row.expected);
    }
}

TEST(PipConfig, NamedFileReplacesTheUsersOwn) {
    const Files files = {{"/home/me/.config/pip/pip.conf", "[global]\nindex-url = user"},
                         {"/named.conf", "[global]\npre = yes"}};
    EXPECT_EQ(index_url(files, {{"HOME", "/home/me"}, {"PIP_CONFIG_FILE", "/named.conf"}}), "");
    EXPECT_EQ(index_url(files, {{"HOME", "/home/me"}, {"PIP_CONFIG_FILE", "/missing"}}), "user");
}

TEST(PipConfig, SectionOfTheCommandGoesBeforeGlobalOfALaterFile) {
    const Files files = {
        {"/etc/pip.conf", "[install]\nindex-url = install\n[download]\nindex-url = download"},
        {"/venv/pip.conf", "[global]\nindex-url = global\n[other]\nindex-url = other"}};
    const auto env = environment(files, {{"VIRTUAL_ENV", "/venv"}});
    EXPECT_EQ(read_pip_config(env).value().index_url, "install");
    EXPECT_EQ(read_pip_config(env, "download").value().index_url, "download");
    EXPECT_EQ(read_pip_config(env, "wheel").value().index_url, "global");
}

TEST(PipConfig, EveryOptionIsRead) {
    const auto config = read_pip_config(environment({{"/etc/pip.conf", R"(# comment
[global]
Index_URL: https://index.example/simple
extra-index-url = https://a.example/simple
    https://b.example/simple
    ; not this one

find-links = /srv/wheels  https://links.example/
no-index = off
cert = /etc/ca.pem
client-cert = /etc/me.pem
proxy = http://proxy.example:3128
default-timeout = 2.5
retries = 7
trusted-host = a.example b.example:8080
constraint = /etc/pip/constraint.txt
pre = TRUE
unknown = ignored
)"}},
                                                    {}))
                            .value();
    EXPECT_EQ(config.index_url, "https://index.example/simple");
    EXPECT_EQ(config.extra_index_urls,
              (std::vector<std::string>{"https://a.example/simple", "https://b.example/simple"}));
    EXPECT_EQ(config.find_links,
              (std::vector<std::string>{"/srv/wheels", "https://links.example/"}));
    EXPECT_FALSE(config.no_index);
    EXPECT_EQ(config.cert, "/etc/ca.pem");
    EXPECT_EQ(config.client_cert, "/etc/me.pem");
    EXPECT_EQ(config.proxies.https, "http://proxy.example:3128");
    EXPECT_EQ(config.timeout, 2.5);
    EXPECT_EQ(config.retries, 7u);
    EXPECT_EQ(config.trusted_hosts, (std::vector<std::string>{"a.example", "b.example:8080"}));
    EXPECT_EQ(config.constraints, (std::vector<std::string>{"/etc/pip/constraint.txt"}));
    EXPECT_TRUE(config.pre);
    EXPECT_EQ(config.files, (std::vector<std::filesystem::path>{"/etc/pip.conf"}));
}

TEST(PipConfig, VariablesReplaceWholeLists) {
    const auto config =
        read_pip_config(environment({{"/etc/pip.conf", "[global]\nextra-index-url = a b"}},
                                    {{"PIP_EXTRA_INDEX_URL", "c\n d"},
                                     {"PIP_NO_INDEX", "1"},
                                     {"PIP_DEFAULT_TIMEOUT", "180"},
                                     {"PIP_FIND_LINKS", "/srv/wheels"}}))
            .value();
    EXPECT_EQ(config.extra_index_urls, (std::vector<std::string>{"c", "d"}));
    EXPECT_TRUE(config.no_index);
    EXPECT_EQ(config.timeout, 180.0);
    EXPECT_EQ(config.find_links, (std::vector<std::string>{"/srv/wheels"}));
}

TEST(PipConfig, CertificatesAndProxiesFallBackToCommonVariables) {
    const auto config = [](Variables variables) {
        return read_pip_config(environment({}, std::move(variables))).value();
    };
    EXPECT_EQ(config({{"SSL_CERT_FILE", "s"}}).cert, "s");
    EXPECT_EQ(config({{"SSL_CERT_FILE", "s"}, {"CURL_CA_BUNDLE", "c"}}).cert, "c");
    EXPECT_EQ(config({{"REQUESTS_CA_BUNDLE", "r"}, {"CURL_CA_BUNDLE", "c"}}).cert, "r");
    EXPECT_EQ(config({{"REQUESTS_CA_BUNDLE", "r"}, {"PIP_CERT", "p"}}).cert, "p");
    const auto proxied = config(
        {{"http_proxy", "h"}, {"HTTP_PROXY", "H"}, {"ALL_PROXY", "a"}, {"no_proxy", "x.example"}});
    EXPECT_EQ(proxied.proxies, (http::Proxies{"h", "a", "x.example"}));
}

TEST(PipConfig, MalformedFilesAreRefusedWithTheirLine) {
    const char* texts[] = {
        "index-url = x", "[global]\nno delimiter", "[global]\na = 1\na = 2", "[global]\n[global]",
        "[]\n",          "[global\nx = 1",         "[global]\nx = \xff"};
    for (const char* text : texts) {
        const auto config = read_pip_config(environment({{"/etc/pip.conf", text}}, {}));
        ASSERT_FALSE(config) << text;
        EXPECT_EQ(config.error().code(), ErrorCode::parse_error) << text;
        EXPECT_NE(config.error().render().find("/etc/pip.conf"), std::string::npos);
    }
    EXPECT_FALSE(read_pip_config(environment({}, {{"PIP_NO_INDEX", "perhaps"}})));
    EXPECT_FALSE(read_pip_config(environment({}, {{"PIP_TIMEOUT", "soon"}})));
}

TEST(PipConfig, DefaultSectionHoldsForAll) {
    EXPECT_EQ(index_url({{"/etc/pip.conf", "[DEFAULT]\nindex-url = d\n[global]\npre = no"}}, {}),
              "d");
}

TEST(PipConfig, DefaultIndexIsFoundInPipsOwnSource) {
    const struct {
        const char* text;
        std::optional<std::string> expected;
    } rows[] = {
        {"import x\n\nPyPI = PackageIndex(\"https://index.example/\", file_storage_domain=\"f\")\n",
         "https://index.example/simple"},
        {"PyPI = PackageIndex(\n    'https://index.example/root/',\n    file_storage_domain='f'\n)",
         "https://index.example/root/simple"},
        {"TestPyPI = PackageIndex('https://test.example/')", std::nullopt},
        {"PyPI = other('x')", std::nullopt},
        {"PyPI = PackageIndex('", std::nullopt},
        {"", std::nullopt}};
    for (const auto& row : rows) {
        EXPECT_EQ(default_index_of_pip(row.text).value(), row.expected) << row.text;
    }
    EXPECT_FALSE(default_index_of_pip("PyPI = PackageIndex('ftp://x/')"));
}

}  // namespace
}  // namespace envpack::index
