// What only a target in one file can get wrong; what all targets promise is in target_test.cpp.

#include "envpack/oci/archive_target.hpp"

#include "envpack/archive/tar_reader.hpp"
#include "envpack/base/file.hpp"
#include "envpack/oci/image_archive.hpp"
#include "envpack/oci/image_index.hpp"
#include "envpack/oci/push_image.hpp"
#include "envpack/oci/resolve_image.hpp"
#include "oci/images.hpp"

#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

namespace fs = std::filesystem;
using test::file;
using test::must;
using test::slurp;

class ArchiveFile : public testing::TestWithParam<ArchiveForm> {
protected:
    std::shared_ptr<ArchiveTarget> target(const fs::path& path) const {
        return must(ArchiveTarget::create(path, GetParam(), scratch_ / "scratch"));
    }
    std::vector<std::string> members(const fs::path& path) const {
        auto tar = must(
            archive::TarReader::open(std::make_unique<FileSource>(must(FileSource::open(path)))));
        std::vector<std::string> names;
        while (const archive::TarEntry* const entry = must(tar.next())) {
            EXPECT_EQ(entry->uid + entry->gid, 0u);
            EXPECT_EQ(entry->mtime, 0);
            EXPECT_EQ(entry->mode, 0644u);
            names.push_back(entry->path);
        }
        return names;
    }

    test::TempFolder scratch_;
    fs::path path_ = scratch_ / "out/image.tar";
    ImagePtr image_ = test::image_of({{file("a", "1")}, {file("b", std::string(70'000, '2'))}});
};

std::string form_name(const testing::TestParamInfo<ArchiveForm>& form) {
    return form.param == ArchiveForm::oci ? "Oci" : "Docker";
}

INSTANTIATE_TEST_SUITE_P(Both, ArchiveFile, testing::Values(ArchiveForm::oci, ArchiveForm::docker),
                         form_name);

TEST_P(ArchiveFile, HoldsTheDocumentsAndThenTheBlobsByDigest) {
    const auto archive = target(path_);
    must(push_image(*image_, *archive, "app:1"));
    std::vector<std::string> expected{"oci-layout", "index.json"};
    if (GetParam() == ArchiveForm::docker) {
        expected.emplace_back("manifest.json");
    }
    std::vector<std::string> blobs{digest_of(*image_).hex(),
                                   must(manifest_of(*image_)).config.digest.hex()};
    for (const LayerPtr& layer : image_->layers()) {
        blobs.push_back(layer->descriptor().digest.hex());
    }
    std::sort(blobs.begin(), blobs.end());
    for (const std::string& blob : blobs) {
        expected.push_back("blobs/sha256/" + blob);
    }
    EXPECT_EQ(members(path_), expected);
}

TEST_P(ArchiveFile, BytesDoNotDependOnTheOrderOfPushes) {
    must(push_image(*image_, *target(path_), "app:1"));
    const fs::path other = scratch_ / "other.tar";
    const auto archive = target(other);
    test::put(*archive, media_type::oci_manifest, image_->raw_manifest());
    must(push_image(*image_, *archive, "app:1", {.max_parallel = 1}));
    EXPECT_EQ(slurp(other), slurp(path_));
}

TEST_P(ArchiveFile, AppearsWithTheFirstTagInThePlaceOfAnyFile) {
    const auto archive = target(path_);
    EXPECT_FALSE(fs::exists(path_.parent_path()));
    must(push_image(*image_, *archive, "app:1"));
    scratch_.write("out/image.tar", "something else");
    must(push_image(*image_, *target(path_), "app:2"));
    const auto found = must(open_oci_archive(path_, scratch_ / "scratch"));
    EXPECT_EQ(must(found->tags({})), std::vector<std::string>{"app:2"});
    EXPECT_EQ(digest_of(*must(resolve_image(found, "app:2", {}))), digest_of(*image_));
}

TEST_P(ArchiveFile, FailureLeavesTheOldFileAndNothingElse) {
    must(push_image(*image_, *target(path_), "app:1"));
    const std::string before = slurp(path_);
    const auto archive = target(path_);
    const Descriptor hello = test::put(*archive, media_type::oci_manifest, "hello");
    std::stop_source stop;
    stop.request_stop();
    EXPECT_FALSE(archive->tag(hello, "t", {.stop = stop.get_token()}));
    fs::create_directory(scratch_ / "folder");
    EXPECT_EQ(target(scratch_ / "folder")->tag(hello, "t", {}).error().code(),
              ErrorCode::not_found);  // another target: nothing was pushed to it
    const auto onto_folder = target(scratch_ / "folder");
    EXPECT_EQ(onto_folder->tag(test::put(*onto_folder, "text/plain", "x"), "t", {}).error().code(),
              ErrorCode::io_error);
    EXPECT_EQ(slurp(path_), before);
    EXPECT_TRUE(fs::is_empty(scratch_ / "scratch"));
    EXPECT_TRUE(fs::is_empty(scratch_ / "folder"));
    EXPECT_EQ(std::distance(fs::directory_iterator(path_.parent_path()), {}), 1);
}

TEST_P(ArchiveFile, AHugeClaimOfASizeIsRefusedBeforeAnythingIsRead) {
    const auto archive = target(path_);
    Descriptor huge = describe("text/plain", "hello");
    huge.size = std::uint64_t{1} << 62;
    MemorySource content(std::string_view("hello"));
    EXPECT_EQ(archive->push(huge, content, {}).error().code(), ErrorCode::io_error);
    EXPECT_TRUE(archive->push(describe("text/plain", "hello"), content, {}));
}

TEST(DockerArchiveFile, NamesImagesInFullAndListsWholeOnesOnly) {
    const test::TempFolder scratch;
    const fs::path path = scratch / "image.tar";
    const auto archive =
        must(ArchiveTarget::create(path, ArchiveForm::docker, scratch / "scratch"));
    const ImagePtr one = test::image_of({{file("a", "1")}});
    const ImagePtr two = test::image_of({{file("a", "2")}});
    must(push_image(*one, *archive, "app:1"));
    must(push_image(*two, *archive, "latest"));  // no RepoTag: a place in the layout only
    must(push_image(*one, *archive, "r.example/x/app:2"));
    must(archive->tag(test::put(*archive, media_type::oci_manifest, "{}"), "app:3", {}));

    const auto read = must(open_docker_archive(path, scratch / "scratch"));
    EXPECT_EQ(must(read->tags({})),
              (std::vector<std::string>{"@1", "docker.io/library/app:1", "r.example/x/app:2"}));
    // The manifest is not in Docker's form: an equal one is made up from the same parts.
    for (const auto& [name, image] : {std::pair("app:1", one), {"@1", two}}) {
        const ImagePtr found = must(resolve_image(read, name, {}));
        EXPECT_EQ(found->raw_config(), image->raw_config());
        EXPECT_EQ(found->layers()[0]->descriptor().digest, image->layers()[0]->descriptor().digest);
    }
    // As moby's image/tarexport writes index.json.
    const auto layout = must(open_oci_archive(path, scratch / "scratch"));
    EXPECT_EQ(must(layout->find("app:1", {})).at(0).annotations.at("io.containerd.image.name"),
              "docker.io/library/app:1");
    EXPECT_FALSE(
        must(layout->find("latest", {})).at(0).annotations.contains("io.containerd.image.name"));
}

}  // namespace
}  // namespace envpack::oci
