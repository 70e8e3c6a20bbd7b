#include "envpack/env/selection.hpp"

#include "envpack/env/installed_dependencies.hpp"
#include "envpack/env/package_files.hpp"
#include "support/python_tree.hpp"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

constexpr const char* site = "usr/lib/python3.11/site-packages";

void add_package(archive::MemoryTree& tree, const std::string& name, const std::string& record,
                 const std::string& more_headers = {}) {
    test::add_dist_info(tree, site, name, "1.0", more_headers);
    tree.add_file(std::string(site) + '/' + name + "-1.0.dist-info/RECORD", record);
}

/// torch with code, filelock that it needs, vision built for it, and pure things around.
archive::MemoryTree torch_tree() {
    archive::MemoryTree tree;
    test::add_python(tree);
    add_package(tree, "torch", "torch/__init__.py,,\ntorch/_C.cpython-311-x86_64-linux-gnu.so,,\n",
                "Requires-Dist: filelock\nRequires-Dist: numpy\n"
                "Requires-Dist: pytest; extra == 'test'");
    add_package(tree, "filelock", "filelock/__init__.py,,\n");
    add_package(tree, "numpy", "numpy/__init__.py,,\nnumpy.libs/libblas.so.3,,\n");
    add_package(tree, "torch_cluster", "torch_cluster/_a.so,,\n", "Requires-Dist: torch");
    add_package(tree, "lightning", "lightning/__init__.py,,\n", "Requires-Dist: torch");
    add_package(tree, "google_cloud_storage", "google/cloud/storage/__init__.py,,\n");
    add_package(tree, "google_auth", "google/auth/__init__.py,,\n");
    add_package(tree, "pytest", "pytest/__init__.py,,\n_pytest/__init__.py,,\n");
    test::add_dist_info(tree, site, "PyYAML", "1.0", {}, "debian\n");
    tree.add_file(std::string(site) + "/PyYAML-1.0.dist-info/top_level.txt", "_yaml\nyaml\n");
    tree.add_file(std::string(site) + "/yaml/_yaml.cpython-311-x86_64-linux-gnu.so", "");
    return tree;
}

Inventory selected(const SelectionOptions& options, const archive::MemoryTree& tree) {
    auto inventory = take_inventory(tree, {}, {});
    EXPECT_TRUE(inventory) << inventory.error().render();
    const auto done = select_packages(*inventory, tree, options, {});
    EXPECT_TRUE(done) << done.error().render();
    return *std::move(inventory);
}

std::vector<std::string> names(const Inventory& inventory) {
    std::vector<std::string> all;
    for (const FrozenPackage& package : inventory.packages) {
        all.push_back(package.name.to_string());
    }
    return all;
}

using Names = std::vector<std::string>;

TEST(Selection, BinaryIsMachineCodeAndWhatItNeeds) {
    const Inventory inventory = selected({.pin = PinScope::binary}, torch_tree());
    EXPECT_EQ(names(inventory), (Names{"filelock", "numpy", "pyyaml", "torch", "torch-cluster"}));
    ASSERT_FALSE(inventory.dropped.empty());
    EXPECT_EQ(inventory.dropped[0].name, "google-auth");
    EXPECT_EQ(inventory.dropped[0].reason, "no machine code in it");
}

TEST(Selection, TorchStackIsTheMachineCodeAroundTorch) {
    EXPECT_EQ(names(selected({.pin = PinScope::torch_stack}, torch_tree())),
              (Names{"numpy", "torch", "torch-cluster"}));
}

TEST(Selection, ExcludedNamesSayWhenTheyAreNotThere) {
    const Inventory inventory =
        selected({.exclude = {packaging::PackageName::parse("PyTest").value(),
                              packaging::PackageName::parse("nothing").value()}},
                 torch_tree());
    EXPECT_EQ(inventory.dropped, (std::vector<LeftOut>{{"pytest", "1.0", "excluded"}}));
    EXPECT_EQ(inventory.problems.back().kind, "unknown-exclude");
}

TEST(Selection, UsedByFollowsModulesToTheirPackages) {
    const ProjectImports project{.project = "src",
                                 .files = {{"src/a.py",
                                            {{"torch.nn", {"functional"}, 1},
                                             {"google.cloud", {"storage"}, 2},
                                             {"yaml", {}, 3},
                                             {"os", {}, 4},
                                             {"sys", {}, 5},
                                             {"helper", {}, 6},
                                             {"missing.part", {}, 7}}}},
                                 .own = {"a", "helper"}};
    const Inventory inventory = selected({.used_by = project}, torch_tree());
    EXPECT_EQ(names(inventory), (Names{"google-cloud-storage", "pyyaml", "torch"}));
    std::map<std::string, std::string> reasons;
    for (const LeftOut& item : inventory.dropped) {
        reasons[item.name] = item.reason;
    }
    EXPECT_EQ(reasons["numpy"], "not imported by src, needed by torch");
    EXPECT_EQ(reasons["google-auth"], "not imported by src");
    ASSERT_EQ(inventory.problems.size(), 1u);
    EXPECT_EQ(inventory.problems[0].text,
              "`missing`, imported at src/a.py:7, is of no installed package");
}

TEST(ModuleOwners, NamespacesBelongToAllOfTheirParts) {
    const ModuleOwners owners({{.modules = {"a", "a.b", "a.b.c"}},
                               {.modules = {"n.x", "n.x.deep"}},
                               {.modules = {"n.y"}},
                               {.whole_modules = {"w"}}});
    EXPECT_EQ(owners.owners("a.b.nothing"), std::vector<std::size_t>{0});
    EXPECT_EQ(owners.owners("n"), (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(owners.owners("n.x.deep.er"), std::vector<std::size_t>{1});
    EXPECT_EQ(owners.owners("w.any.thing"), std::vector<std::size_t>{3});
    EXPECT_TRUE(owners.owners("wo").empty());
}

TEST(CheckDependencies, SaysWhatPipCheckSays) {
    archive::MemoryTree tree;
    test::add_python(tree);
    test::add_dist_info(tree, site, "a", "1.0",
                        "Requires-Dist: b>=2\nRequires-Dist: c\nRequires-Dist: d; os_name == 'nt'\n"
                        "Requires-Dist: e; extra == 'x'\nRequires-Dist: f<2");
    test::add_dist_info(tree, site, "b", "1.5");
    test::add_dist_info(tree, site, "f", "2.0a1");
    const auto inventory = take_inventory(tree, {}, {});
    ASSERT_TRUE(inventory);
    std::vector<std::string> lines;
    for (const Problem& problem : check_dependencies(*inventory)) {
        lines.push_back(problem.text);
    }
    EXPECT_EQ(lines, (Names{"a 1.0 requires b>=2, but b 1.5 is installed",
                            "a 1.0 requires c, which is not installed",
                            "a 1.0 requires f<2, but f 2.0a1 is installed"}));
}

}  // namespace
}  // namespace envpack::env
