#include "envpack/env/inventory_record.hpp"

#include "envpack/env/inventory_output.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

SafePath path(std::string_view text) {
    return SafePath::parse(text).value();
}
packaging::PackageName name(std::string_view text) {
    return packaging::PackageName::parse(text).value();
}

/// Nothing in it has the value that it would have by itself.
Inventory full_inventory() {
    Inventory inventory{.source = "oci:base",
                        .source_digest = "sha256:00",
                        .python = {.invoked = path("opt/venv/bin/python3"),
                                   .executable = path("usr/bin/python3.11"),
                                   .prefix = path("opt/venv"),
                                   .base_prefix = path("usr"),
                                   .has_base = false,
                                   .implementation = "pypy",
                                   .major = 3,
                                   .minor = 11,
                                   .full_version = "3.11.2",
                                   .abi_flags = "t",
                                   .is_venv = true,
                                   .system_site_packages = true,
                                   .machine = "x86_64",
                                   .libc = {.name = "glibc", .major = 2, .minor = 36}},
                        .other_interpreters = {path("usr/bin/python3.9"), path("opt/p")},
                        .search_path = {path("usr/lib/python3/dist-packages")},
                        .skipped = {{"name", "1-x", "bad-name", "a/b"}},
                        .problems = {{"leftover", "a line with \"quotes\" and ü"}},
                        .dropped = {{"gone", "1", "excluded"}},
                        .constraint_files = {{.path = "/c.txt",
                                              .origin = "pip",
                                              .same = {name("a")},
                                              .only_in_file = {{name("b"), "b<2"}},
                                              .only_installed = {name("c")},
                                              .different = {{name("d"), "1", "d==2"}}}},
                        .startup_hooks = {{"pth", "usr/lib/a.pth"}}};
    FrozenPackage package{.name = name("my-pkg")};
    package.raw_name = "My.Pkg";
    package.raw_version = "1.0-post1";
    package.version = packaging::Version::parse("1!2.0.dev1+local.7").value();
    package.form = PackageForm::debian;
    package.location = "usr/lib/My.Pkg-1.0.dist-info";
    package.layer = 7;
    package.installer = "pip";
    package.direct_url =
        packaging::DirectUrl{.url = "https://example.org/x.git",
                             .info = packaging::DirectUrl::Vcs{.vcs = "git",
                                                               .commit_id = "abc",
                                                               .requested_revision = "main"},
                             .subdirectory = "sub"};
    package.checkout = package.direct_url;
    package.editable = true;
    package.metadata_version = "1.1";
    package.conda_build = "py311h";
    package.debian_package = "python3-demo";
    package.requires_dist = {
        packaging::Requirement::parse("six[a,b]>=1,!=2; python_version < '3.9' or extra == 'x'")
            .value(),
        packaging::Requirement::parse("x @ https://example.org/x.whl").value()};
    package.requires_python = ">=3.8";
    package.provides_extra = {name("x"), name("y")};
    package.license_expression = "MIT OR Apache-2.0";
    package.sboms = {"usr/lib/My.Pkg-1.0.dist-info/sboms/a.cdx.json"};
    package.shadowed = {{"0.9", "usr/lib/old", 3}};
    package.flags = {"local", "shadows"};
    inventory.packages = {package, FrozenPackage{.name = name("bare")}};
    return inventory;
}

/// Whether a value, anywhere in it, is what an empty inventory would hold.
void collect_empty(const json::Value& value, const std::string& place, std::set<std::string>& at) {
    if (const json::Array* items = value.as_array()) {
        if (items->empty()) {
            at.insert(place);
        }
        for (std::size_t i = 0; i < items->size(); ++i) {
            collect_empty((*items)[i], place + "." + std::to_string(i), at);
        }
    } else if (value.is_null() || value == json::Value("") || value == json::Value(0)) {
        at.insert(place);
    }
}

TEST(InventoryRecord, HoldsEveryMember) {
    Inventory inventory = full_inventory();
    inventory.packages.resize(1, FrozenPackage{.name = name("bare")});
    std::set<std::string> empty;
    collect_empty(json::parse(to_record(inventory)).value(), "", empty);
    EXPECT_TRUE(empty.empty()) << "give it a value in full_inventory(): " << *empty.begin();
}

TEST(InventoryRecord, IsReadAsItWasWritten) {
    for (const Inventory& inventory : {full_inventory(), Inventory()}) {
        const std::string text = to_record(inventory);
        const auto again = parse_record(text);
        ASSERT_TRUE(again.has_value()) << again.error().render();
        EXPECT_EQ(to_record(*again), text);
        EXPECT_EQ(json::to_canonical(to_json(*again)), json::to_canonical(to_json(inventory)));
        EXPECT_EQ(again->python, inventory.python);
    }
}

TEST(InventoryRecord, EveryFormIsKept) {
    Inventory inventory;
    for (std::size_t i = 0; i <= 255; ++i) {
        inventory.packages = {
            FrozenPackage{.name = name("x"), .form = static_cast<PackageForm>(i)}};
        EXPECT_EQ(parse_record(to_record(inventory))->packages[0].form, inventory.packages[0].form);
    }
}

TEST(InventoryRecord, PasswordsOfDirectUrlsAreNotKept) {
    Inventory inventory = full_inventory();
    inventory.packages[0].direct_url->url = "https://user:secret@example.org/x.git";
    EXPECT_EQ(to_record(inventory).find("secret"), std::string::npos);
}

TEST(InventoryRecord, AnythingElseIsRefused) {
    const std::string good = to_record(full_inventory());
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(parse_record(good.substr(0, size))) << size;
    }
    const json::Value document = json::parse(good).value();
    for (std::size_t i = 0; i < document.as_array()->size(); ++i) {
        json::Value changed = document;
        changed.as_array()->at(i) = json::Object{};
        EXPECT_FALSE(parse_record(json::to_canonical(changed))) << i;
        changed = document;
        changed.as_array()->erase(changed.as_array()->begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_FALSE(parse_record(json::to_canonical(changed))) << i;
    }
    json::Value longer = document;
    longer.push_back("x");
    EXPECT_EQ(parse_record(json::to_canonical(longer)).error().rule(), "inventory.record");
    EXPECT_EQ(parse_record("{}").error().rule(), "inventory.record");
}

}  // namespace
}  // namespace envpack::env
