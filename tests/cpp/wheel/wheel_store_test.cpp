#include "envpack/wheel/wheel_store.hpp"

#include "envpack/wheel/install_plan.hpp"
#include "support/planned_tree.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <array>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::wheel {
namespace {

namespace fs = std::filesystem;
using test::TempFolder;
using test::WheelBuilder;

class WheelStoreTest : public testing::Test {
protected:
    WheelArchive open() const { return WheelArchive::open(builder_.write(folder_.path())).value(); }
    void keep() const {
        std::vector<WheelStore::Unpacked> unpacked;
        unpacked.push_back(store_.unpack(open(), key_).value());
        ASSERT_TRUE(store_.publish(std::move(unpacked)));
    }
    fs::path place() const {
        return folder_.path() / "store" / key_.hex().substr(0, 2) / key_.hex();
    }

    TempFolder folder_;
    WheelBuilder builder_ = WheelBuilder()
                                .add("demo/__init__.py", "x = 1\n")
                                .add("demo/tool.sh", "#!/bin/sh\n", true)
                                .add("demo/empty", "")
                                .entry_points("[console_scripts]\ndemo = demo:main\n");
    Digest key_ = Digest::of(as_bytes("the wheel"));
    WheelStore store_{folder_.path() / "store"};
};

TEST_F(WheelStoreTest, TheUnpackedWheelHasTheSamePlan) {
    EXPECT_FALSE(store_.find(key_, builder_.filename()).value());
    keep();
    const auto found = store_.find(key_, builder_.filename()).value();
    ASSERT_TRUE(found);
    const InstallScheme scheme = prefix_scheme("/v/bin/python", "python3.11", true, 3, 11);
    const InstallPlan theirs = plan_install(open(), scheme).value();
    const InstallPlan ours = plan_install(*found, scheme).value();
    ASSERT_EQ(ours.entries.size(), theirs.entries.size());
    for (std::size_t i = 0; i < ours.entries.size(); ++i) {
        EXPECT_EQ(ours.entries[i].path, theirs.entries[i].path);
        EXPECT_EQ(ours.entries[i].mode, theirs.entries[i].mode);
        EXPECT_EQ(ours.entries[i].sha256, theirs.entries[i].sha256);
        EXPECT_EQ(test::text_of(ours.entries[i].content), test::text_of(theirs.entries[i].content));
    }
}

TEST_F(WheelStoreTest, AnEntryThatChangedInAnyWayIsAbsentAndGone) {
    const auto changes = std::to_array<void (*)(const fs::path&)>({
        [](const fs::path& place) {
            std::ofstream(place / "files/demo/__init__.py", std::ios::app) << "y = 2\n";
        },
        [](const fs::path& place) {  // the same size
            std::ofstream(place / "files/demo/__init__.py") << "x = 2\n";
        },
        [](const fs::path& place) {
            fs::permissions(place / "files/demo/tool.sh", fs::perms(0644));
        },
        [](const fs::path& place) { fs::remove(place / "files/demo/empty"); },
        [](const fs::path& place) {
            fs::remove(place / "files/demo/empty");
            fs::create_symlink("/etc/passwd", place / "files/demo/empty");
        },
        [](const fs::path& place) {
            std::ofstream(place / "list", std::ios::app) << "0 420 0 x\n";
        },
        [](const fs::path& place) { fs::remove(place / "list"); },
    });
    for (const auto& change : changes) {
        keep();
        change(place());
        EXPECT_FALSE(store_.find(key_, builder_.filename()).value());
        EXPECT_FALSE(fs::exists(place()));
    }
    keep();
    EXPECT_TRUE(store_.find(key_, builder_.filename()).value());
}

TEST_F(WheelStoreTest, AWheelUnlikeItsRecordIsNotKept) {
    auto rows = builder_.record_rows();
    std::string record;
    for (std::string& row : rows) {
        const std::size_t hash = row.find("sha256=");
        if (row.starts_with("demo/tool.sh") && hash != std::string::npos) {
            row.replace(hash + 7, 4, "AAAA");
        }
        record += row;
    }
    builder_.record(record);
    const auto unpacked = store_.unpack(open(), key_);
    ASSERT_FALSE(unpacked);
    EXPECT_EQ(unpacked.error().rule(), "record.hash-mismatch");
    EXPECT_TRUE(fs::is_empty(folder_.path() / "store"));
}

}  // namespace
}  // namespace envpack::wheel
