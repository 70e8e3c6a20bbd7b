#include "envpack/archive/memory_tree.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/inventory_output.hpp"
#include "support/python_tree.hpp"

#include <optional>
#include <string>

#include <gtest/gtest.h>

// Editable installs in git checkouts, as far as text in `.git` tells.

namespace envpack::env {
namespace {

using archive::MemoryTree;

const std::string site = "usr/lib/python3/dist-packages";
const std::string commit(40, 'c');
const std::string other(40, 'd');

MemoryTree editable_at(const std::string& folder) {
    MemoryTree tree;
    test::add_python(tree);
    test::add_dist_info(tree, site, "edit", "1.0");
    tree.add_directory(folder);
    tree.add_file(site + "/edit-1.0.dist-info/direct_url.json",
                  R"({"url":"file:///)" + folder + R"(","dir_info":{"editable":true}})");
    return tree;
}

std::string config_of(const std::string& url) {
    return "[remote \"origin\"]\n\turl = " + url + "\n";
}

/// What stands behind `edit @ `; empty when it is a comment.
std::string url_of(const MemoryTree& tree) {
    const auto inventory = take_inventory(tree, {.detail = InventoryDetail::sources}, {});
    if (!inventory || inventory->packages.size() != 1) {
        return inventory ? "not one package" : inventory.error().render();
    }
    const bool vcs = inventory->packages[0].form == PackageForm::editable_vcs;
    EXPECT_EQ(vcs, inventory->packages[0].checkout.has_value());
    EXPECT_TRUE(inventory->packages[0].editable);
    const std::string text = to_requirements_text(*inventory).value();
    const std::size_t place = text.find("edit @ ");
    EXPECT_EQ(place != std::string::npos, vcs);
    return place == std::string::npos ? "" : text.substr(place + 7, text.size() - place - 8);
}

TEST(GitCheckout, RemoteIsTheOneThatACloneWouldUse) {
    struct Row {
        std::string config;
        const char* url;  ///< empty: no remote that others can reach
    };
    const Row rows[] = {
        {config_of("https://example.org/o/r.git"), "git+https://example.org/o/r.git"},
        {config_of("https://user:secret@example.org/o/r"), "git+https://example.org/o/r"},
        {config_of("ssh://git@example.org/o/r"), "git+ssh://git@example.org/o/r"},
        {config_of("git@example.org:o/r.git"), "git+ssh://git@example.org/o/r.git"},
        {config_of("example.org:o/r"), "git+ssh://example.org/o/r"},
        {config_of("\"https://example.org/o/r\"  # note"), "git+https://example.org/o/r"},
        {"[remote \"fork\"]\nurl=https://example.org/fork\n" + config_of("https://example.org/o"),
         "git+https://example.org/o"},
        {"[core]\nbare = false\n[Remote \"a]b\"] URL=https://example.org/fork\n",
         "git+https://example.org/fork"},
        {"", ""},
        {"[remote \"origin\"]\nfetch = +refs/heads/*\n[other]\nurl = https://example.org\n", ""},
        {config_of("/srv/git/r"), ""},
        {config_of("../r"), ""},
        {config_of("file:///srv/git/r"), ""},
        {config_of("ext::sh -c true"), ""},
        {config_of("C:\\\\repositories\\\\r"), ""},
        {config_of("https://example.org/a b"), ""},
        {config_of("https://example.org/${HOME}"), ""},
        {config_of("https://example.org/\xff"), ""},
    };
    for (const Row& row : rows) {
        MemoryTree tree = editable_at("opt/edit");
        tree.add_file("opt/edit/.git/HEAD", commit + '\n');
        tree.add_file("opt/edit/.git/config", row.config);
        EXPECT_EQ(url_of(tree), *row.url == '\0' ? "" : row.url + ("@" + commit)) << row.config;
    }
}

TEST(GitCheckout, CommitIsThatOfHead) {
    struct Row {
        const char* name;
        std::string head;
        std::string loose;   ///< refs/heads/main
        std::string packed;  ///< packed-refs
        bool found;
    };
    const std::string link = "ref: refs/heads/main\n";
    const Row rows[] = {
        {"detached", commit + '\n', "", "", true},
        {"loose", link, commit + '\n', "", true},
        {"loose before packed", link, commit + '\n', other + " refs/heads/main\n", true},
        {"packed", link, "",
         "# pack-refs with: peeled\n" + other + " refs/heads/mai\n" + commit +
             " refs/heads/main\n^" + other + "\n",
         true},
        {"sha256", std::string(64, 'e') + '\n', "", "", true},
        {"no commit yet", link, "", "", false},
        {"loop", link, link, "", false},
        {"outside", "ref: ../../../etc/passwd\n", "", "", false},
        {"reftable", "ref: refs/heads/.invalid\n", "", "", false},
        {"empty", "", "", "", false},
    };
    for (const Row& row : rows) {
        MemoryTree tree = editable_at("opt/edit");
        tree.add_file("opt/edit/.git/config", config_of("https://example.org/o"));
        tree.add_file("opt/edit/.git/HEAD", row.head);
        if (!row.loose.empty()) {
            tree.add_file("opt/edit/.git/refs/heads/main", row.loose);
        }
        if (!row.packed.empty()) {
            tree.add_file("opt/edit/.git/packed-refs", row.packed);
        }
        const std::string expected =
            "git+https://example.org/o@" + (row.head[0] == 'e' ? std::string(64, 'e') : commit);
        EXPECT_EQ(url_of(tree), row.found ? expected : "") << row.name;
    }
}

TEST(GitCheckout, FolderBelowTheRootBecomesSubdirectory) {
    MemoryTree tree = editable_at("opt/mono/python/edit");
    tree.add_file("opt/mono/.git/HEAD", commit);
    tree.add_file("opt/mono/.git/config", config_of("https://example.org/o"));
    tree.add_directory("opt/mono/python/.git");  // not a repository: the search goes on
    EXPECT_EQ(url_of(tree), "git+https://example.org/o@" + commit + "#subdirectory=python/edit");
}

TEST(GitCheckout, LinkedWorkTreeAndSubmoduleAreFollowed) {
    MemoryTree work = editable_at("opt/work");
    work.add_file("opt/work/.git", "gitdir: /opt/main/.git/worktrees/work\n");
    work.add_file("opt/main/.git/worktrees/work/HEAD", "ref: refs/heads/topic\n");
    work.add_file("opt/main/.git/worktrees/work/commondir", "../..\n");
    work.add_file("opt/main/.git/refs/heads/topic", commit);
    work.add_file("opt/main/.git/config", config_of("https://example.org/o"));
    EXPECT_EQ(url_of(work), "git+https://example.org/o@" + commit);

    MemoryTree module = editable_at("opt/main/libs/m");
    module.add_file("opt/main/libs/m/.git", "gitdir: ../../.git/modules/libs/m\n");
    module.add_file("opt/main/.git/modules/libs/m/HEAD", commit);
    module.add_file("opt/main/.git/modules/libs/m/config", config_of("https://example.org/m"));
    EXPECT_EQ(url_of(module), "git+https://example.org/m@" + commit);
}

TEST(GitCheckout, HostileFilesAreNoCheckout) {
    for (const char* const link : {"gitdir: /etc\n", "gitdir: ../../../../../..\n", "gitdir:\n",
                                   "/opt/edit\n", "gitdir: .\n"}) {
        MemoryTree tree = editable_at("opt/edit");
        tree.add_file("opt/edit/.git", link);
        EXPECT_EQ(url_of(tree), "") << link;
    }
    MemoryTree large = editable_at("opt/edit");
    large.add_file("opt/edit/.git/HEAD", commit);
    large.add_file("opt/edit/.git/config",
                   config_of("https://example.org/o") + std::string(2u << 20, '#'));
    EXPECT_EQ(url_of(large), "");
    MemoryTree loop = editable_at("opt/edit");
    loop.add_symlink("opt/edit/.git", ".git");
    EXPECT_EQ(url_of(loop), "");
}

}  // namespace
}  // namespace envpack::env
