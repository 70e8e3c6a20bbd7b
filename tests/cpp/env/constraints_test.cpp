#include "envpack/env/constraints.hpp"

#include "envpack/env/freeze_text.hpp"
#include "envpack/env/inventory_output.hpp"
#include "envpack/env/target_environment.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

Inventory parsed(std::string_view text) {
    auto inventory = parse_pip_freeze(text);
    if (!inventory) {
        ADD_FAILURE() << inventory.error().render();
        return {};
    }
    return *std::move(inventory);
}

std::string pins(const Inventory& inventory) {
    Constraints constraints = constraints_from(inventory, {.include_installers = true});
    constraints.header.clear();
    return constraints.to_text();
}

TEST(Constraints, SayWhereTheyAreFromAndNothingElse) {
    Inventory inventory = parsed("B==1\na_x==2.0-1\npip==24.0\n");
    inventory.source = "oci:base\nevil==1";
    inventory.source_digest = "sha256:00";
    inventory.python = *described_interpreter("3.11.2", "x86_64", "glibc 2.36");
    EXPECT_EQ(constraints_from(inventory, {.envpack_version = "0.1.0"}).to_text(),
              "# constraints made by envpack 0.1.0\n"
              "# what is installed must stay as it is\n"
              "# source: oci:base\\x0aevil==1\n"
              "# digest: sha256:00\n"
              "# platform: linux x86_64 glibc 2.36\n"
              "# python: cpython 3.11.2\n"
              "a-x==2.0.post1\n"
              "b==1\n"
              "# pip 24.0: an installer, left out by default\n");
}

TEST(Constraints, LeaveOutInstallersUnlessAsked) {
    const Inventory inventory = parsed("pip==1\nsetuptools==2\nwheel==3\nuv==4\ndistribute==5\n");
    EXPECT_TRUE(constraints_from(inventory).pins.empty());
    EXPECT_EQ(constraints_from(inventory).left_out.size(), 5u);
    EXPECT_EQ(constraints_from(inventory, {.include_installers = true}).pins.size(), 5u);
}

TEST(Constraints, CommentsCannotBreakOut) {
    Inventory inventory;
    inventory.skipped.push_back({"x\nevil==1", "1\r2", "no-metadata", "a\nb"});
    const std::string text = constraints_from(inventory).to_text();
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
    EXPECT_EQ(text.find('\r'), std::string::npos);
}

/// pip takes `coding:NAME` in the first two lines for the encoding of the file (PEP 263).
TEST(Constraints, SourceCannotNameAnEncoding) {
    Inventory inventory = parsed("a==1\n");
    inventory.source = "oci:encoding:v1";
    inventory.packages[0].editable = true;
    for (const std::string& text :
         {constraints_from(inventory).to_text(), to_requirements_text(inventory).value()}) {
        const std::size_t third = text.find('\n', text.find('\n') + 1);
        EXPECT_EQ(text.substr(0, third).find("coding"), std::string::npos) << text;
    }
}

TEST(FreezeText, ReadsWhatInstallersPrint) {
    struct Row {
        const char* name;
        const char* text;
        const char* expected;
    };
    const Row rows[] = {
        {"pip freeze", "numpy==1.26.4\nTorch==2.0+CU118\r\n\n# comment\n",
         "numpy==1.26.4\ntorch==2.0+cu118\n"},
        {"byte order mark", "\xef\xbb\xbfnumpy==1\n", "numpy==1\n"},
        {"editable with a comment",
         "# Editable install with no version control (edit==1.0)\n-e /opt/edit\n", "edit==1.0\n"},
        {"editable from git", "-e git+https://example.org/o/r@9f1c#egg=my_edit&subdirectory=py\n",
         "# my-edit: editable, version unknown\n"},
        {"uv's editable", "-e file:///opt/edit\n", "# -e file:///opt/edit: unnamed-editable\n"},
        {"wheel by URL", "arch @ https://example.org/arch-1.0-py3-none-any.whl#sha256=aa\n",
         "arch==1.0\n"},
        {"VCS", "v @ git+https://example.org/o/r@abc\n", "# v: version unknown\n"},
        {"Debian", "distro-info===1.1build1\n",
         "# distro-info 1.1build1: not a PEP 440 version, cannot be constrained\n"},
        {"pip list",
         "Package    Version Editable project location Installer\n"
         "---------- ------- ------------------------- ---------\n"
         "edit       1.0     /opt/edit                 pip\n"
         "numpy      1.26.4                            pip\n",
         "edit==1.0\nnumpy==1.26.4\n"},
        {"pip list --format=json",
         R"([{"name":"numpy","version":"1.26.4"},{"name":"Edit","version":"1","editable_project_location":"/x"}])",
         "edit==1\nnumpy==1.26.4\n"},
        {"pip inspect",
         R"({"version":"1","installed":[{"metadata":{"name":"numpy","version":"1.26.4"}}]})",
         "numpy==1.26.4\n"},
        {"options", "--extra-index-url https://example.org\nnumpy==1\n", "numpy==1\n"},
        {"twice", "numpy==1\nNumPy==2\n", "numpy==1\n"},
        {"nothing", "", ""},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(pins(parsed(row.text)), row.expected) << row.name;
    }
}

TEST(FreezeText, RefusesOtherText) {
    for (const char* const text : {"numpy=1.26.4=py311h\n", "numpy\n", "numpy 1.0\n", "a b==1\n",
                                   "{", "[1]", "\xff==1\n", "==1\n", "x @ not a url here\n"}) {
        const auto inventory = parse_pip_freeze(text);
        ASSERT_FALSE(inventory) << text;
        EXPECT_EQ(inventory.error().code(), ErrorCode::parse_error) << text;
    }
    EXPECT_NE(parse_pip_freeze("numpy=1.26.4=py311h\n").error().hint().find("conda"),
              std::string_view::npos);
}

}  // namespace
}  // namespace envpack::env
