#include "envpack/env/lock_output.hpp"

#include "envpack/base/file.hpp"

#include <filesystem>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

namespace fs = std::filesystem;

Lock lock_of_folder(const std::string& path) {
    Lock lock;
    lock.packages = {{.name = *packaging::PackageName::parse("mine"),
                      .directory = LockedDirectory{.path = path}}};
    return lock;
}

TEST(LockOutput, JsonAlwaysSaysWhichIndexWasChosen) {
    Lock lock;
    ASSERT_NE(to_json(lock).find("cuda"), nullptr);
    EXPECT_TRUE(to_json(lock).find("cuda")->is_null());
    lock.origin = LockOrigin{.torch_index = LockedTorchIndex{.suffix = "cu126",
                                                             .url = "https://x.example/cu126",
                                                             .reason = "the nearest",
                                                             .dropped = {"cu130: too new"}}};
    EXPECT_EQ(json::to_canonical(*to_json(lock).find("cuda")),
              R"({"dropped":["cu130: too new"],"index":"https://x.example/cu126",)"
              R"("reason":"the nearest","suffix":"cu126"})");
}

TEST(LockOutput, JsonSaysWhatWasMadeOfRequirementsForCuda) {
    Lock lock;
    EXPECT_EQ(json::to_canonical(*to_json(lock).find("cuda_packages")), "[]");
    lock.origin = LockOrigin{.cuda_packages = {{.name = *packaging::PackageName::parse("jax"),
                                                .requirement = "jax[cuda12]",
                                                .reason = "it fits"}}};
    EXPECT_EQ(json::to_canonical(*to_json(lock).find("cuda_packages")),
              R"([{"dropped":[],"index":null,"limits":[],"name":"jax","reason":"it fits",)"
              R"("requirement":"jax[cuda12]"}])");
}

TEST(LockOutput, PathsOfRequirementsCountFromTheFolderOfTheLock) {
    const auto text = to_requirements_text(lock_of_folder("a b/./"), "/srv/locks");
    ASSERT_TRUE(text);
    EXPECT_NE(text->find("mine @ file:///srv/locks/a%20b\n"), std::string::npos) << *text;
}

TEST(LockOutput, RequirementsNeedTheWorkingFolderThatTheyCountFrom) {
    const fs::path before = fs::current_path();
    auto gone = TemporaryDirectory::create(fs::temp_directory_path());
    ASSERT_TRUE(gone);
    fs::current_path(gone->path());
    fs::remove(gone->path());
    const auto text = to_requirements_text(lock_of_folder("project"));
    fs::current_path(before);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace envpack::env
