#include "envpack/env/inventory.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

TEST(InventoryWants, KeepsWhatTheScanReads) {
    struct Row {
        const char* path;
        std::uint64_t size;
        bool wanted;
    };
    const Row rows[] = {
        {"usr/lib/python3/dist-packages/x-1.dist-info/METADATA", 100, true},
        {"usr/lib/python3/dist-packages/x-1.dist-info/RECORD", 100, false},
        {"usr/lib/python3/dist-packages/x-1.dist-info/INSTALLER", 4, true},
        {"a/x-1.dist-info/direct_url.json", 100, true},
        {"a/x-1.egg-info/PKG-INFO", 100, true},
        {"a/x-1.egg-info/requires.txt", 100, true},
        {"a/x-1-py3.11.egg-info", 100, true},
        {"a/x.egg/EGG-INFO/PKG-INFO", 100, true},
        {"a/site-packages/x.egg-link", 100, true},
        {"a/site-packages/easy-install.pth", 100, true},
        {"a/site-packages/x.py", 100, false},
        {"opt/venv/pyvenv.cfg", 100, true},
        {"opt/edit/.git/HEAD", 41, true},
        {"opt/edit/.git/refs/heads/a/b", 41, true},
        {"opt/edit/.git/packed-refs", 2u << 20, true},
        {"opt/edit/.git/worktrees/w/commondir", 6, true},
        {"opt/edit/sub/.git", 30, true},
        {"opt/edit/.git/logs/refs/heads/a", 41, false},
        {"opt/edit/.git/objects/pack/p.pack", 41, false},
        {"opt/edit/refs/heads/a", 41, false},
        {"usr/bin/python3.11", 7u << 20, true},
        {"usr/bin/python3.11", 100u << 20, false},
        {"usr/bin/python3.11-config", 100, false},
        {"usr/bin/perl", 100, false},
        {"usr/local/lib/libpython3.11.so.1.0", 20u << 20, true},
        {"usr/lib/x86_64-linux-gnu/libc.so.6", 2u << 20, true},
        {"usr/lib/x86_64-linux-gnu/ld-2.31.so", 200000, true},
        {"usr/lib/x86_64-linux-gnu/libtorch.so", 100, false},
        {"usr/include/python3.11/patchlevel.h", 1000, true},
        {"var/lib/dpkg/status", 1u << 20, true},
        {"var/lib/dpkg/info/python3-gpg.list", 100, true},
        {"var/lib/dpkg/info/libc6.list", 100, false},
        {"var/lib/dpkg/status.d/python3.11-minimal", 100, true},
        {"etc/pip.conf", 100, true},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(inventory_wants(*SafePath::parse(row.path), {.size = row.size}), row.wanted)
            << row.path;
    }
    EXPECT_FALSE(inventory_wants(*SafePath::parse("usr/bin/python3.11"),
                                 {.type = archive::FileType::symlink}));
    const SafePath record = *SafePath::parse("a/x-1.dist-info/RECORD");
    EXPECT_TRUE(inventory_filter(InventoryDetail::files)(record, {.size = 2u << 20}));
    EXPECT_FALSE(inventory_filter(InventoryDetail::full)(record, {.size = 100}));
}

}  // namespace
}  // namespace envpack::env
