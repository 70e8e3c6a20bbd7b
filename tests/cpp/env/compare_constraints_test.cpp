#include "envpack/env/compare_constraints.hpp"

#include "envpack/env/constraints.hpp"
#include "support/python_tree.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

constexpr const char* site = "usr/lib/python3.11/site-packages";

archive::MemoryTree tree_with(const std::string& path, const std::string& text) {
    archive::MemoryTree tree;
    test::add_python(tree);
    test::add_dist_info(tree, site, "numpy", "1.26.4");
    test::add_dist_info(tree, site, "torch", "2.3.0a0+nv24.4");
    test::add_dist_info(tree, site, "regex", "2024.1.1");
    tree.add_file(path, text);
    return tree;
}

Inventory compared(const archive::MemoryTree& tree, const Environment& environment) {
    auto inventory = take_inventory(tree, {.environment = environment}, {});
    EXPECT_TRUE(inventory) << inventory.error().render();
    const auto done = compare_constraint_files(*inventory, tree, environment);
    EXPECT_TRUE(done) << done.error().render();
    return *std::move(inventory);
}

std::vector<std::string> texts(const std::vector<packaging::PackageName>& names) {
    std::vector<std::string> all;
    for (const auto& name : names) {
        all.push_back(name.to_string());
    }
    return all;
}

using Texts = std::vector<std::string>;

TEST(CompareConstraints, FourLists) {
    const Inventory inventory =
        compared(tree_with("etc/pip/constraint.txt",
                           "numpy==1.24.4\nTorch>=2.3.0a0\nxgboost==2.0 # not here\n"
                           "other==1; os_name == 'nt'\n"),
                 {{"PIP_CONSTRAINT", "/etc/pip/constraint.txt"}});
    ASSERT_EQ(inventory.constraint_files.size(), 1u);
    const ConstraintFile& file = inventory.constraint_files[0];
    EXPECT_EQ(file.origin, "pip");
    EXPECT_EQ(texts(file.same), Texts{"torch"});
    EXPECT_EQ(texts(file.only_installed), Texts{"regex"});
    ASSERT_EQ(file.only_in_file.size(), 1u);
    EXPECT_EQ(file.only_in_file[0].line, "xgboost==2.0");
    ASSERT_EQ(file.different.size(), 1u);
    EXPECT_EQ(file.different[0].installed, "1.26.4");
    ASSERT_EQ(inventory.problems.size(), 1u);
    EXPECT_EQ(inventory.problems[0].text,
              "`/etc/pip/constraint.txt` wants numpy==1.24.4, but numpy 1.26.4 is installed");
    const Constraints merged = constraints_from(inventory);
    ASSERT_EQ(merged.lines.size(), 1u);
    EXPECT_NE(merged.to_text().find("torch==2.3.0a0+nv24.4\n"
                                    "xgboost==2.0  # from /etc/pip/constraint.txt\n"),
              std::string::npos)
        << merged.to_text();
    EXPECT_EQ(merged.to_text().find("numpy==1.24.4"), std::string::npos);
}

TEST(CompareConstraints, OtherPlacesThatNameThem) {
    archive::MemoryTree tree = tree_with("c.txt", "numpy<2\n-c more.txt\n");
    tree.add_file("more.txt", "regex\n");
    tree.add_file("etc/pip.conf", "[global]\nconstraint = /c.txt\n");
    tree.add_file("etc/uv/uv.toml", "constraint-dependencies = ['numpy>2']\n");
    const Inventory inventory = compared(tree, {});
    ASSERT_EQ(inventory.constraint_files.size(), 2u);
    EXPECT_EQ(texts(inventory.constraint_files[0].same), (Texts{"numpy", "regex"}));
    EXPECT_EQ(inventory.constraint_files[1].path, "/etc/uv/uv.toml");
    EXPECT_EQ(inventory.constraint_files[1].different.size(), 1u);
}

TEST(CompareConstraints, WhatCannotBeReadIsAProblem) {
    const archive::MemoryTree tree = tree_with("bad.txt", "numpy=1\n");
    const Inventory inventory =
        compared(tree, {{"PIP_CONSTRAINT", "/gone.txt /bad.txt https://user:secret@host/c.txt"},
                        {"UV_CONSTRAINT", "../../etc/shadow"}});
    EXPECT_TRUE(inventory.constraint_files.empty());
    ASSERT_EQ(inventory.problems.size(), 4u);
    for (const Problem& problem : inventory.problems) {
        EXPECT_EQ(problem.kind, "constraint-file");
        EXPECT_EQ(problem.text.find("secret"), std::string::npos) << problem.text;
    }
}

TEST(Constraints, LegacyVersionsExactly) {
    archive::MemoryTree tree = tree_with("x", "");
    tree.add_file(std::string(site) + "/distro_info-1.1build1.egg-info",
                  "Metadata-Version: 1.0\nName: distro-info\nVersion: 1.1build1\n");
    const Inventory inventory = compared(tree, {});
    EXPECT_NE(constraints_from(inventory, {.exact_legacy = true})
                  .to_text()
                  .find("\ndistro-info===1.1build1  # not a PEP 440 version\n"),
              std::string::npos);
    EXPECT_NE(constraints_from(inventory).to_text().find("\n# distro-info 1.1build1: not a"),
              std::string::npos);
}

}  // namespace
}  // namespace envpack::env
