#include "envpack/env/inventory.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "envpack/archive/memory_tree.hpp"
#include "envpack/base/json.hpp"
#include "envpack/env/constraints.hpp"
#include "envpack/env/inventory_output.hpp"
#include "support/conformance.hpp"
#include "support/python_tree.hpp"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using archive::MemoryTree;
using test::add_dist_info;

const std::string site = "usr/local/lib/python3.11/dist-packages";
const std::string debian = "usr/lib/python3/dist-packages";

MemoryTree python_tree() {
    MemoryTree tree;
    test::add_python(tree);
    tree.add_directory(site);
    tree.add_directory(debian);
    return tree;
}

Inventory inventory_of(const MemoryTree& tree, InventoryDetail detail = InventoryDetail::full) {
    auto inventory = take_inventory(tree, {.detail = detail}, {});
    if (!inventory) {
        ADD_FAILURE() << inventory.error().render();
        return {};
    }
    return *std::move(inventory);
}

/// The constraints without their header.
std::string constraints_of(const Inventory& inventory) {
    Constraints constraints = constraints_from(inventory, {.include_installers = true});
    constraints.header.clear();
    return constraints.to_text();
}

/// The requirements without the two lines above them.
std::string requirements_of(const Inventory& inventory) {
    const std::string text = to_requirements_text(inventory, {.include_installers = true}).value();
    return text.substr(text.find('\n', text.find('\n') + 1) + 1);
}

/// Some members of the one package (or else the one skipped entry), as canonical JSON.
std::string json_of(const Inventory& inventory, const std::vector<std::string>& members) {
    const json::Value document = to_json(inventory);
    const json::Array& packages = *document.find("packages")->as_array();
    const json::Value& item =
        packages.empty() ? document.find("skipped")->as_array()->at(0) : packages.at(0);
    json::Value chosen{json::Object{}};
    for (const std::string& member : members) {
        if (const json::Value* const value = item.find(member)) {
            chosen.set(member, *value);
        }
    }
    return json::to_canonical(chosen);
}

/// One installed form: what is put into the tree, and what the three outputs say.
struct Form {
    const char* name;
    void (*add)(MemoryTree& tree);
    const char* constraint;
    const char* requirement;
    const char* json;  ///< form, installer, editable where true, source, flags
};

void add_direct(MemoryTree& tree, const std::string& name, const std::string& json,
                const std::string& version = "1.0") {
    add_dist_info(tree, site, name, version);
    tree.add_file(site + '/' + name + '-' + version + ".dist-info/direct_url.json", json);
}

const Form forms[] = {
    {"F1 wheel of an image's own build",
     [](MemoryTree& tree) { add_dist_info(tree, site, "torch", "2.3.0a0+6ddf5cf85e.nv24.4"); },
     "torch==2.3.0a0+6ddf5cf85e.nv24.4\n",
     "torch==2.3.0a0+6ddf5cf85e.nv24.4   # only in the base image (local version "
     "6ddf5cf85e.nv24.4)\n",
     R"({"flags":["local-only","prerelease"],"form":"wheel","installer":"pip","source":{"kind":"unknown-index"}})"},
    {"F2 wheel of a CUDA index",
     [](MemoryTree& tree) { add_dist_info(tree, site, "torch", "2.6.0+cu124"); },
     "torch==2.6.0+cu124\n",
     "torch==2.6.0+cu124   # needs --index-url https://download.pytorch.org/whl/cu124\n",
     R"({"flags":["local"],"form":"wheel","installer":"pip","source":{"kind":"cuda-index","suffix":"cu124"}})"},
    {"F2 wheel of a CUDA index that only the table of its packages names",
     [](MemoryTree& tree) { add_dist_info(tree, site, "torchrec", "1.1.0+cpu"); },
     "torchrec==1.1.0+cpu\n",
     "torchrec==1.1.0+cpu   # needs --index-url https://download.pytorch.org/whl/cpu\n",
     R"({"flags":["local"],"form":"wheel","installer":"pip","source":{"kind":"cuda-index","suffix":"cpu"}})"},
    {"F2 wheel for a CUDA that PyTorch has no index for",
     [](MemoryTree& tree) { add_dist_info(tree, site, "torch", "2.6.0+cu125"); },
     "torch==2.6.0+cu125\n", "torch==2.6.0+cu125   # only on an index of cu125 builds\n",
     R"({"flags":["local"],"form":"wheel","installer":"pip","source":{"kind":"cuda-index","suffix":"cu125"}})"},
    {"F2 wheel of the torch stack that PyTorch does not publish",
     [](MemoryTree& tree) { add_dist_info(tree, site, "deepspeed", "0.16.0+cu124"); },
     "deepspeed==0.16.0+cu124\n", "deepspeed==0.16.0+cu124   # only on an index of cu124 builds\n",
     R"({"flags":["local"],"form":"wheel","installer":"pip","source":{"kind":"cuda-index","suffix":"cu124"}})"},
    {"F3 conda",
     [](MemoryTree& tree) {
         add_dist_info(tree, site, "numpy", "1.26.4", "", "conda\n");
         tree.add_file(site + "/numpy-1.26.4.dist-info/direct_url.json",
                       R"({"url":"file:///croot/numpy_1707/work","dir_info":{}})");
         tree.add_file("usr/conda-meta/numpy-1.26.4-py311h.json", "{}");
         tree.add_file("usr/conda-meta/openssl-3.0-0.json", "{}");
     },
     "numpy==1.26.4\n", "numpy==1.26.4\n",
     R"({"flags":["build-path-dropped"],"form":"conda","installer":"conda","source":{"build":"py311h","kind":"conda"}})"},
    {"F4 VCS",
     [](MemoryTree& tree) {
         add_direct(
             tree, "vcspkg",
             R"({"url":"https://u:p@example.org/o/r","vcs_info":{"vcs":"git","commit_id":"abc123"},"subdirectory":"py"})");
     },
     "vcspkg==1.0\n", "vcspkg @ git+https://example.org/o/r@abc123#subdirectory=py\n",
     R"({"flags":[],"form":"vcs","installer":"pip","source":{"commit":"abc123","kind":"vcs","subdirectory":"py","url":"https://example.org/o/r"}})"},
    {"F5 remote archive",
     [](MemoryTree& tree) {
         add_direct(
             tree, "arch",
             R"({"url":"https://example.org/arch-1.0-py3-none-any.whl","archive_info":{"hashes":{"sha256":"aa"}}})");
     },
     "arch==1.0\n", "arch @ https://example.org/arch-1.0-py3-none-any.whl#sha256=aa\n",
     R"({"flags":[],"form":"archive","installer":"pip","source":{"kind":"archive","sha256":"aa","url":"https://example.org/arch-1.0-py3-none-any.whl"}})"},
    {"F6 local archive that is gone",
     [](MemoryTree& tree) {
         add_direct(
             tree, "arch",
             R"({"url":"file:///build/arch-1.0-py3-none-any.whl","archive_info":{"hashes":{"sha256":"aa"}}})");
     },
     "arch==1.0\n", "arch==1.0   # was file:///build/arch-1.0-py3-none-any.whl\n",
     R"({"flags":["build-path-dropped"],"form":"archive","installer":"pip","source":{"kind":"archive","sha256":"aa","url":null}})"},
    {"F7 local folder",
     [](MemoryTree& tree) {
         tree.add_directory("opt/pytorch/apex");
         add_direct(tree, "apex", R"({"url":"file:///opt/pytorch/apex","dir_info":{}})", "0.1");
     },
     "apex==0.1\n", "apex==0.1   # built from /opt/pytorch/apex; may be on no index\n",
     R"({"flags":[],"form":"local-dir","installer":"pip","source":{"kind":"dir","path":"/opt/pytorch/apex"}})"},
    {"F8 editable",
     [](MemoryTree& tree) {
         tree.add_file("opt/edit/edit.egg-info/PKG-INFO", "Name: edit\nVersion: 1.0\n\n");
         tree.add_file(site + "/__editable__.edit-1.0.pth", "/opt/edit\n");
         add_direct(tree, "edit", R"({"url":"file:///opt/edit","dir_info":{"editable":true}})");
     },
     "edit==1.0\n", "# edit 1.0: editable install of /opt/edit\n",
     R"({"editable":true,"flags":[],"form":"editable","installer":"pip","source":{"kind":"dir","path":"/opt/edit"}})"},
    {"F9 editable in a git checkout",
     [](MemoryTree& tree) {
         tree.add_file("opt/edit/.git/HEAD", "ref: refs/heads/main\n");
         tree.add_file("opt/edit/.git/refs/heads/main", std::string(40, 'c') + '\n');
         tree.add_file("opt/edit/.git/config",
                       "[remote \"origin\"]\n\turl = https://u:p@example.org/o/edit\n");
         tree.add_directory("opt/edit/py");
         add_direct(tree, "edit", R"({"url":"file:///opt/edit/py","dir_info":{"editable":true}})");
     },
     "edit==1.0\n",
     "edit @ git+https://example.org/o/edit@cccccccccccccccccccccccccccccccccccccccc"
     "#subdirectory=py\n",
     R"({"editable":true,"flags":[],"form":"editable-vcs","installer":"pip","source":{"commit":"cccccccccccccccccccccccccccccccccccccccc","dirty":"unknown","kind":"vcs","subdirectory":"py","url":"https://example.org/o/edit"}})"},
    {"F10 egg-info folder",
     [](MemoryTree& tree) {
         tree.add_file(site + "/eggdir-1.2.egg-info/PKG-INFO", "Name: eggdir\nVersion: 1.2\n\n");
     },
     "eggdir==1.2\n", "eggdir==1.2\n",
     R"({"flags":[],"form":"egg-info-dir","installer":null,"source":{"kind":"unknown-index"}})"},
    {"F11 egg-info file",
     [](MemoryTree& tree) {
         tree.add_file(site + "/eggfile-1.3-py3.12.egg-info", "Name: eggfile\nVersion: 1.3\n\n");
     },
     "eggfile==1.3\n", "eggfile==1.3\n",
     R"({"flags":["unremovable"],"form":"egg-info-file","installer":null,"source":{"kind":"unknown-index"}})"},
    {"F12 egg-link",
     [](MemoryTree& tree) {
         tree.add_file(site + "/linked.egg-link", "\n/opt/src/linked\n.");
         tree.add_file(site + "/easy-install.pth", "/opt/src/linked\n");
         tree.add_file("opt/src/linked/linked.egg-info/PKG-INFO", "Name: linked\nVersion: 0.3\n\n");
     },
     "linked==0.3\n", "# linked 0.3: editable install of /opt/src/linked\n",
     R"({"editable":true,"flags":[],"form":"egg-link","installer":null,"source":{"kind":"dir","path":"/opt/src/linked"}})"},
    {"F13 Debian version that PEP 440 does not know",
     [](MemoryTree& tree) {
         tree.add_file(debian + "/distro_info-1.1build1.egg-info/PKG-INFO",
                       "Name: distro-info\nVersion: 1.1build1\n\n");
     },
     "# distro-info 1.1build1: not a PEP 440 version (Debian), cannot be constrained\n",
     "# distro-info 1.1build1: Debian package, not a PEP 440 version\n",
     R"({"debian_package":null,"installer":"debian","reason":"legacy-version"})"},
    {"F13 the same, of a known Debian package",
     [](MemoryTree& tree) {
         tree.add_file(debian + "/gpg-1.18.0_unknown.egg-info",
                       "Name: gpg\nVersion: 1.18.0-unknown\n\n");
         tree.add_file("var/lib/dpkg/info/python3-first.list",
                       "/.\n/usr\n/x/" + debian + "/gpg-1.18.0_unknown.egg-info\n");
         tree.add_file("var/lib/dpkg/info/python3-gpg:amd64.list",
                       "/.\n/usr\n/" + debian + "/gpg-1.18.0_unknown.egg-info\n/usr/share\n");
     },
     "# gpg 1.18.0-unknown: not a PEP 440 version (Debian), cannot be constrained\n",
     "# gpg 1.18.0-unknown: Debian package python3-gpg\n",
     R"({"debian_package":"python3-gpg","installer":"debian","reason":"legacy-version"})"},
    {"F14 Debian",
     [](MemoryTree& tree) { add_dist_info(tree, debian, "packaging", "24.0", "", "debian\n"); },
     "packaging==24.0\n", "packaging==24.0\n",
     R"({"flags":["unremovable"],"form":"debian","installer":"debian","source":{"kind":"unknown-index"}})"},
    {"F15 one name in two folders",
     [](MemoryTree& tree) {
         add_dist_info(tree, site, "shadow", "9");
         add_dist_info(tree, debian, "shadow", "1.0", "", "debian\n");
     },
     "shadow==9\n", "shadow==9\n",
     R"({"flags":["shadows"],"form":"wheel","installer":"pip","shadowed":[{"path":"usr/lib/python3/dist-packages/shadow-1.0.dist-info","version":"1.0"}],"source":{"kind":"unknown-index"}})"},
    {"F16 one name twice in one folder",
     [](MemoryTree& tree) {
         add_dist_info(tree, site, "dup", "2.0");
         add_dist_info(tree, site, "dup", "1.0");
     },
     "dup==2.0\n", "dup==2.0\n",
     R"({"flags":["ambiguous"],"form":"wheel","installer":"pip","shadowed":[{"path":"usr/local/lib/python3.11/dist-packages/dup-1.0.dist-info","version":"1.0"}],"source":{"kind":"unknown-index"}})"},
    {"F17 no METADATA",
     [](MemoryTree& tree) { tree.add_file(site + "/nometa-1.0.dist-info/INSTALLER", "pip\n"); },
     "nometa==1.0\n", "nometa==1.0\n",
     R"({"flags":["no-metadata"],"form":"wheel","installer":"pip","requires":null,"source":{"kind":"unknown-index"}})"},
    {"F18 folder and METADATA disagree",
     [](MemoryTree& tree) {
         add_dist_info(tree, site, "wrongver", "1.0");
         tree.add_file(site + "/wrongver-1.0.dist-info/METADATA",
                       "Name: wrongver\nVersion: 2.0\n\n");
     },
     "wrongver==1.0\n", "wrongver==1.0\n",
     R"({"flags":["version-mismatch"],"form":"wheel","installer":"pip","metadata_version":"2.0","source":{"kind":"unknown-index"}})"},
    {"F19 version that was never PEP 440",
     [](MemoryTree& tree) { add_dist_info(tree, site, "badver", "1.0_weird"); },
     "# badver 1.0_weird: not a PEP 440 version, cannot be constrained\n",
     "# badver 1.0_weird: not a PEP 440 version\n",
     R"({"installer":"pip","reason":"legacy-version"})"},
    {"F19 unescaped hyphen", [](MemoryTree& tree) { add_dist_info(tree, site, "my-pkg", "1.0"); },
     "# my pkg-1.0: installed under a folder name that installers misread "
     "(usr/local/lib/python3.11/dist-packages/my-pkg-1.0.dist-info)\n",
     "", R"({"installer":null,"reason":"bad-folder-name"})"},
    {"F19 empty egg-info", [](MemoryTree& tree) { tree.add_directory(site + "/x.egg-info"); },
     "# x: has no metadata (usr/local/lib/python3.11/dist-packages/x.egg-info)\n", "",
     R"({"installer":null,"reason":"no-metadata"})"},
    {"F19 broken direct_url.json", [](MemoryTree& tree) { add_direct(tree, "broken", "{"); },
     "broken==1.0\n", "broken==1.0\n",
     R"({"flags":["bad-direct-url"],"form":"wheel","installer":"pip","source":{"kind":"unknown-index"}})"},
    {"dangling egg-link",
     [](MemoryTree& tree) { tree.add_file(site + "/gone.egg-link", "/opt/gone\n"); },
     "# gone: editable install of a folder that is gone\n", "",
     R"({"installer":null,"reason":"dangling-egg-link"})"},
    {"folder without a version",
     [](MemoryTree& tree) {
         tree.add_file(site + "/plain.dist-info/METADATA", "Name: plain\nVersion: 01.02.0RC1\n\n");
         tree.add_file(site + "/plain.dist-info/RECORD", "");
     },
     "plain==1.2.0rc1\n", "plain==1.2.0rc1\n",
     R"({"flags":["prerelease"],"form":"wheel","installer":null,"source":{"kind":"unknown-index"}})"},
    {"egg",
     [](MemoryTree& tree) {
         tree.add_file(site + "/old-2.1-py3.11.egg/EGG-INFO/PKG-INFO",
                       "Name: old\nVersion: 2.1\n\n");
     },
     "old==2.1\n", "old==2.1\n",
     R"({"flags":[],"form":"egg-info-dir","installer":null,"source":{"kind":"unknown-index"}})"},
};

TEST(Inventory, ReadsEveryInstalledForm) {
    for (const Form& form : forms) {
        MemoryTree tree = python_tree();
        form.add(tree);
        const Inventory inventory = inventory_of(tree);
        ASSERT_EQ(inventory.packages.size() + inventory.skipped.size(), 1u)
            << form.name << json::to_pretty(to_json(inventory));
        EXPECT_EQ(constraints_of(inventory), form.constraint) << form.name;
        EXPECT_EQ(requirements_of(inventory), form.requirement) << form.name;
        std::vector<std::string> members{"flags",    "form",   "installer", "metadata_version",
                                         "shadowed", "source", "reason"};
        for (const char* const member : {"editable", "requires", "debian_package"}) {
            if (std::string_view(form.json).find(member) != std::string_view::npos) {
                members.emplace_back(member);
            }
        }
        EXPECT_EQ(json_of(inventory, members), form.json) << form.name;
        // Reading less gives the same pins.
        EXPECT_EQ(constraints_of(inventory_of(tree, InventoryDetail::pins)), form.constraint)
            << form.name;
    }
}

TEST(Inventory, OfTheInterpreterOnlyHasNoPackages) {
    MemoryTree tree = python_tree();
    add_dist_info(tree, site, "demo", "1.0");
    const Inventory all = inventory_of(tree);
    const Inventory bare = inventory_of(tree, InventoryDetail::none);
    EXPECT_EQ(all.packages.size(), 1u);
    EXPECT_TRUE(bare.packages.empty());
    EXPECT_EQ(bare.python, all.python);
}

TEST(Inventory, ReportsLeftoversAndDuplicates) {
    MemoryTree tree = python_tree();
    add_dist_info(tree, site, "~ip", "1.0");
    add_dist_info(tree, site, "dup", "1.0");
    add_dist_info(tree, site, "Dup", "2.0");
    const Inventory inventory = inventory_of(tree);
    ASSERT_EQ(inventory.packages.size(), 1u);
    ASSERT_EQ(inventory.problems.size(), 2u);
    EXPECT_EQ(inventory.problems[0].kind, "duplicate-dist-info");
    EXPECT_EQ(inventory.problems[0].text, "dup 1.0, dup 2.0");
    EXPECT_EQ(inventory.problems[1].kind, "leftover");
}

TEST(Inventory, DistInfoAndEggInfoOfOneVersionAreOnePackage) {
    MemoryTree tree = python_tree();
    tree.add_file(debian + "/both-1.0.egg-info/PKG-INFO", "Name: both\nVersion: 1.0\n\n");
    add_dist_info(tree, debian, "both", "1.0", "Requires-Dist: a\n", "debian\n");
    const Inventory inventory = inventory_of(tree);
    ASSERT_EQ(inventory.packages.size(), 1u);
    EXPECT_EQ(inventory.packages[0].requires_dist.size(), 1u);
    EXPECT_FALSE(inventory.packages[0].has_flag("ambiguous"));
    EXPECT_TRUE(inventory.problems.empty());
}

TEST(Inventory, OfTwoInOneFolderTakesTheLaterLayer) {
    for (const bool older_is_later : {false, true}) {
        MemoryTree tree = python_tree();
        const auto add = [&](const char* version, std::size_t layer) {
            const std::string folder = site + "/dup-" + version + ".dist-info";
            tree.add(*SafePath::parse(folder + "/METADATA"), {.layer = layer},
                     std::string("Name: dup\nVersion: ") + version + "\n\n");
        };
        add("1.0", older_is_later ? 9 : 3);
        add("2.0", older_is_later ? 3 : 9);
        const Inventory inventory = inventory_of(tree);
        ASSERT_EQ(inventory.packages.size(), 1u);
        EXPECT_EQ(inventory.packages[0].raw_version, older_is_later ? "1.0" : "2.0");
        EXPECT_EQ(inventory.packages[0].layer, 9u);
    }
}

TEST(Inventory, ReadsRequirementsOfDistInfoAndEggInfo) {
    MemoryTree tree = python_tree();
    add_dist_info(tree, site, "ruamel_yaml", "0.18",
                  "Requires-Dist: Werkzeug (<2.0,>=0.15)\nRequires-Dist: a==1; extra == \"x\"\n"
                  "Requires-Dist: not a requirement\nRequires-Python: >=3.7\n"
                  "Provides-Extra: x\n");
    tree.add_file(site + "/ruamel_yaml-0.18.dist-info/METADATA",
                  "Name: ruamel.yaml\nVersion: 0.18\nRequires-Dist: Werkzeug (<2.0,>=0.15)\n"
                  "Requires-Dist: a==1; extra == \"x\"\nRequires-Dist: not a requirement\n"
                  "Requires-Python: >=3.7\nProvides-Extra: x\n\nRequires-Dist: text\n");
    tree.add_file(site + "/egg-1.egg-info/PKG-INFO", "Name: egg\nVersion: 1\n");
    tree.add_file(site + "/egg-1.egg-info/requires.txt",
                  "base>=1\n\n[fast]\nspeed\n\n[:python_version < \"3\"]\nenum34\n\n"
                  "[dev:os_name == \"nt\"]\nwin\n");
    const Inventory inventory = inventory_of(tree);
    const auto requirements = [&](const char* name) {
        std::vector<std::string> texts;
        const FrozenPackage* const package = inventory.find(*packaging::PackageName::parse(name));
        for (const auto& requirement : package->requires_dist) {
            texts.push_back(requirement.to_string());
        }
        return texts;
    };
    using Texts = std::vector<std::string>;
    EXPECT_EQ(requirements("ruamel-yaml"), (Texts{"werkzeug<2.0,>=0.15", "a==1; extra == \"x\""}));
    EXPECT_EQ(requirements("egg"),
              (Texts{"base>=1", "speed; extra == \"fast\"", "enum34; python_version < \"3\"",
                     "win; os_name == \"nt\" and extra == \"dev\""}));
    const FrozenPackage& yaml = *inventory.find(*packaging::PackageName::parse("ruamel.yaml"));
    EXPECT_EQ(yaml.raw_name, "ruamel.yaml");
    EXPECT_EQ(yaml.requires_python, ">=3.7");
    EXPECT_EQ(yaml.provides_extra.size(), 1u);
    EXPECT_TRUE(yaml.has_flag("bad-metadata"));
}

TEST(Inventory, FindsSitePackagesOfTheConformanceTree) {
    if (const std::string missing = support::conformance_missing(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    const archive::DiskTree tree(support::conformance_folder() / "site_packages");
    const auto inventory = take_inventory(tree, {.python = SafePath()}, {});
    ASSERT_TRUE(inventory) << inventory.error().render();
    EXPECT_EQ(inventory->python.full_version, "3.5.5");
    support::ConformanceReport report("site_packages/expected.json");
    std::size_t named = 0;
    for (const json::Value& row : support::conformance_cases("site_packages/expected.json")) {
        const std::string directory = *row.find("dir")->as_string();
        const auto is_here = [&](const auto& item) { return item.ends_with('/' + directory); };
        if (row.find("name")->is_null()) {
            report.expect(inventory->skipped.size() == 1 && is_here(inventory->skipped[0].path),
                          row);
            continue;
        }
        ++named;
        const auto name = packaging::PackageName::parse(*row.find("normalized")->as_string());
        const FrozenPackage* const package = inventory->find(*name);
        bool passed = package != nullptr && is_here(package->location) &&
                      package->raw_name == *row.find("name")->as_string() &&
                      package->version->to_string() == *row.find("version")->as_string() &&
                      package->installer == *row.find("installer")->as_string();
        const json::Array& requirements = *row.find("requires_dist")->as_array();
        passed = passed && package->requires_dist.size() == requirements.size();
        for (std::size_t i = 0; passed && i < requirements.size(); ++i) {
            passed = packaging::Requirement::parse(*requirements[i].as_string()).value() ==
                     package->requires_dist[i];
        }
        report.expect(passed, row);
    }
    EXPECT_EQ(inventory->packages.size(), named);
}

/// Whatever inventory_wants() refuses is never read: a tree without those contents gives the same.
TEST(InventoryWants, MissesNothing) {
    class Guard final : public archive::FileTree {
    public:
        explicit Guard(const MemoryTree& tree) : tree_(tree) {}
        Result<std::optional<archive::FileInfo>> lookup(const SafePath& path) const override {
            return tree_.lookup(path);
        }
        Result<std::vector<std::string>> list(const SafePath& path) const override {
            return tree_.list(path);
        }
        Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const override {
            const auto info = tree_.lookup(path);
            // Only the one that settles between duplicates: see inventory_wants().
            const bool is_record = path.name() == "RECORD";
            if (*info && (*info)->type == archive::FileType::regular && !is_record) {
                EXPECT_TRUE(inventory_wants(path, **info)) << path.str();
            }
            return tree_.open(path);
        }

    private:
        const MemoryTree& tree_;
    };
    for (const Form& form : forms) {
        MemoryTree tree = python_tree();
        test::add_glibc(tree);
        form.add(tree);
        EXPECT_TRUE(take_inventory(Guard(tree), {}, {})) << form.name;
    }
}

}  // namespace
}  // namespace envpack::env
