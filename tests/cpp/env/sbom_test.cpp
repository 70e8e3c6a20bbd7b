#include "envpack/env/sbom.hpp"

#include "support/python_tree.hpp"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

constexpr const char* site_folder = "usr/lib/python3.11/site-packages";

packaging::PackageName name(std::string_view text) {
    return packaging::PackageName::parse(text).value();
}

FrozenPackage package(std::string_view of, std::string version) {
    FrozenPackage frozen{.name = name(of), .raw_version = std::move(version)};
    if (auto parsed = packaging::Version::parse(frozen.raw_version)) {
        frozen.version = *std::move(parsed);
    }
    return frozen;
}

packaging::DirectUrl archive(std::string url) {
    return {.url = std::move(url), .info = packaging::DirectUrl::Archive{}};
}

TEST(PackageUrl, IsWrittenAsTheSpecificationWants) {
    FrozenPackage git = package("A_b.C", "1.0");
    git.direct_url =
        packaging::DirectUrl{.url = "https://u:secret@host/r.git",
                             .info = packaging::DirectUrl::Vcs{.vcs = "git", .commit_id = "abc"}};
    FrozenPackage editable = package("x", "1");
    editable.direct_url =
        packaging::DirectUrl{.url = "file:///home/me/x", .info = packaging::DirectUrl::Directory{}};
    FrozenPackage wheel = package("x", "1");
    wheel.direct_url = archive("https://u:secret@host/a%20b/x-1.whl?sig=secret#sha256=00");
    const PackageOrigin index{.name = name("x"), .index = "https://u:secret@host:8/simple/"};
    const PackageOrigin folder{.name = name("x"), .index = "file:///srv/simple"};
    struct Row {
        FrozenPackage package;
        const PackageOrigin* origin;
        const char* url;
    };
    const Row rows[] = {
        {package("Ruamel.Yaml", "1.0"), nullptr, "pkg:pypi/ruamel-yaml@1.0"},
        {package("torch", "2.3.0+cu121"), nullptr, "pkg:pypi/torch@2.3.0%2Bcu121"},
        {package("x", "1!2"), nullptr, "pkg:pypi/x@1%212"},
        {package("x", "not a version"), nullptr, "pkg:pypi/x@not%20a%20version"},
        {package("x", ""), nullptr, "pkg:pypi/x"},
        {git, nullptr, "pkg:pypi/a-b-c@1.0?vcs_url=git%2Bhttps://host/r.git%40abc"},
        {editable, nullptr, "pkg:pypi/x@1"},
        {wheel, nullptr, "pkg:pypi/x@1?download_url=https://host/a%2520b/x-1.whl"},
        {package("x", "1"), &index, "pkg:pypi/x@1?repository_url=https://host:8/simple/"},
        {package("x", "1"), &folder, "pkg:pypi/x@1"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(package_url(row.package, row.origin), row.url);
    }
}

TEST(Sbom, HostileTextStaysInItsPlace) {
    Inventory inventory;
    inventory.packages = {package("x", "1\"\n\x1b[2J\xff")};
    inventory.packages[0].location = "site/\xff\n";
    inventory.packages[0].license_expression = "MIT)\n(";
    for (const json::Value& document : {to_cyclonedx(inventory), to_spdx(inventory)}) {
        const std::string text = json::to_pretty(document);
        EXPECT_EQ(json::parse(text).value(), document);
        EXPECT_EQ(text.find('\x1b'), std::string::npos);
        EXPECT_EQ(text.find('\xff'), std::string::npos);
    }
}

TEST(Sbom, IdentityFollowsTheContent) {
    Inventory inventory;
    inventory.packages = {package("x", "1")};
    const auto serial = [](const json::Value& document) {
        return *document.find("serialNumber")->as_string();
    };
    const std::string first = serial(to_cyclonedx(inventory));
    EXPECT_EQ(serial(to_cyclonedx(inventory)), first);
    EXPECT_NE(serial(to_cyclonedx(inventory, {.created = 1})), first);
    EXPECT_NE(serial(to_cyclonedx(inventory, {.subject = {.digest = "sha256:00"}})), first);
    // RFC 9562: urn:uuid:xxxxxxxx-xxxx-8xxx-[89ab]xxx-xxxxxxxxxxxx
    ASSERT_EQ(first.size(), std::string_view("urn:uuid:").size() + 36);
    EXPECT_EQ(first[9 + 14], '8');
    EXPECT_NE(std::string_view("89ab").find(first[9 + 19]), std::string_view::npos);
    for (const std::size_t place : {8U, 13U, 18U, 23U}) {
        EXPECT_EQ(first[9 + place], '-');
    }
}

TEST(Sbom, LicensesAreTakenOnlyWhereTheGrammarAllowsThem) {
    struct Row {
        const char* declared;
        const char* told;
    };
    const Row rows[] = {
        {"MIT", "MIT"},
        {"mit or apache-2.0", "mit OR apache-2.0"},
        {"(MIT AND (BSD-3-Clause OR Zlib))", "(MIT AND (BSD-3-Clause OR Zlib))"},
        {"GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0"},
        {"GPL-2.0+ AND LicenseRef-Own", "GPL-2.0+ AND LicenseRef-Own"},
        {"", "NOASSERTION"},
        {"MIT License", "NOASSERTION"},
        {"MIT OR", "NOASSERTION"},
        {"OR MIT", "NOASSERTION"},
        {"(MIT", "NOASSERTION"},
        {"MIT)", "NOASSERTION"},
        {"()", "NOASSERTION"},
        {"MIT WITH", "NOASSERTION"},
        {"(MIT) WITH x", "NOASSERTION"},
        {"MIT WITH x WITH y", "NOASSERTION"},
        {"MIT (Zlib)", "NOASSERTION"},
        {"MIT/Zlib", "NOASSERTION"},
        {"LicenseRef-", "NOASSERTION"},
        {"+", "NOASSERTION"},
    };
    for (const Row& row : rows) {
        Inventory inventory;
        inventory.packages = {package("x", "1")};
        inventory.packages[0].license_expression = row.declared;
        const json::Value document = to_spdx(inventory);
        const json::Value& listed = document.find("packages")->as_array()->at(1);
        EXPECT_EQ(*listed.find("licenseDeclared"), json::Value(row.told)) << row.declared;
    }
}

TEST(Sbom, PathsOfThisMachineBeginAtThePrefix) {
    Inventory inventory;
    inventory.python.prefix = SafePath::parse("home/me/venv").value();
    inventory.packages = {package("inside", "1"), package("outside", "1")};
    inventory.packages[0].location = "home/me/venv/lib/inside-1.dist-info";
    inventory.packages[1].location = "home/me/src/outside.egg-info";
    inventory.startup_hooks = {{"pth", "home/me/other/x.pth"}};
    for (const bool here : {false, true}) {
        const SbomOptions options{.subject = {.is_of_this_machine = here}};
        for (const json::Value& document :
             {to_cyclonedx(inventory, options), to_spdx(inventory, options)}) {
            const std::string text = json::to_pretty(document);
            EXPECT_EQ(text.find("home/me") == std::string::npos, here);
            EXPECT_NE(text.find("lib/inside-1.dist-info"), std::string::npos);
        }
    }
}

TEST(StartupHooks, AreFoundWhereThePythonLooks) {
    archive::MemoryTree tree;
    test::add_python(tree);
    const std::string folder = std::string(site_folder) + '/';
    tree.add_file(folder + "code.pth", "/opt/more\nimport sys; sys.x = 1\n");
    tree.add_file(folder + "comment.pth", "# import os\nimportant/folder\n");
    tree.add_file(folder + "long.pth", std::string((1U << 20) + 1, '#'));
    tree.add_file(folder + ".hidden.pth", "import os\n");
    tree.add_file(folder + "sitecustomize/__init__.py", "");
    tree.add_file(folder + "usercustomize.cpython-311-x86_64-linux-gnu.so", "");
    tree.add_file(folder + "sitecustomize_more.py", "");
    tree.add_symlink(folder + "dangling.pth", "nowhere");
    tree.add_file("etc/python3.11/sitecustomize.py", "");
    tree.add_symlink("usr/lib/python3.11/sitecustomize.py", "/etc/python3.11/sitecustomize.py");
    const auto inventory = take_inventory(tree, {}, {});
    ASSERT_TRUE(inventory) << inventory.error().render();
    const std::vector<StartupHook> expected = {
        {"pth-code", folder + "code.pth"},
        {"pth", folder + "comment.pth"},
        {"pth-code", folder + "long.pth"},
        {"sitecustomize", folder + "sitecustomize/__init__.py"},
        {"usercustomize", folder + "usercustomize.cpython-311-x86_64-linux-gnu.so"},
        {"sitecustomize", "usr/lib/python3.11/sitecustomize.py"},
    };
    EXPECT_EQ(inventory->startup_hooks, expected);
    EXPECT_TRUE(
        take_inventory(tree, {.detail = InventoryDetail::sources}, {})->startup_hooks.empty());
}

TEST(Inventory, TellsLicenseAndDocumentsOfPackages) {
    archive::MemoryTree tree;
    test::add_python(tree);
    test::add_dist_info(tree, site_folder, "app", "1.0", "License-Expression: MIT OR Zlib");
    const std::string folder = std::string(site_folder) + "/app-1.0.dist-info/sboms/";
    tree.add_file(folder + "b.spdx.json", "{}");
    tree.add_file(folder + "a/x.cdx.json", "{}");
    tree.add_symlink(folder + "loop", ".");
    const auto inventory = take_inventory(tree, {}, {});
    ASSERT_TRUE(inventory) << inventory.error().render();
    const FrozenPackage& app = inventory->packages.at(0);
    EXPECT_EQ(app.license_expression, "MIT OR Zlib");
    EXPECT_EQ(app.sboms, (std::vector{folder + "a/x.cdx.json", folder + "b.spdx.json"}));
}

TEST(Inventory, StopsListingDocumentsAtSomePoint) {
    archive::MemoryTree tree;
    test::add_python(tree);
    test::add_dist_info(tree, site_folder, "app", "1.0");
    const std::string folder = std::string(site_folder) + "/app-1.0.dist-info/sboms/";
    for (int i = 0; i < 1002; ++i) {
        tree.add_file(folder + std::to_string(i), "");
    }
    const auto inventory = take_inventory(tree, {}, {});
    ASSERT_TRUE(inventory) << inventory.error().render();
    EXPECT_EQ(inventory->packages.at(0).sboms.size(), 1000U);
    ASSERT_EQ(inventory->problems.size(), 1U);
    EXPECT_EQ(inventory->problems[0].kind, "sboms");
}

}  // namespace
}  // namespace envpack::env
