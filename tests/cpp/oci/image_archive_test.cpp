#include "envpack/oci/image_archive.hpp"

#include "archive/archive_fixtures.hpp"
#include "envpack/oci/image_tree.hpp"
#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/push_image.hpp"
#include "envpack/oci/resolve_image.hpp"
#include "oci/images.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

namespace fs = std::filesystem;
using envpack::test::LayerBuilder;
using test::file;
using test::image_of;
using test::must;
using test::slurp;
using test::TempFolder;
using test::verdict;

/// The files of a folder as one tar.
std::string tar_of(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& item : fs::recursive_directory_iterator(folder)) {
        if (item.is_regular_file()) {
            files.push_back(item.path());
        }
    }
    std::ranges::sort(files);
    LayerBuilder builder;
    for (const fs::path& path : files) {
        builder.file(path.lexically_relative(folder).string(), slurp(path));
    }
    return builder.bytes();
}

std::string text_in(const Image& image, std::string_view path) {
    const auto tree = must(open_tree(image, {}));
    return must(archive::read_file(*tree, must(SafePath::parse(path)), 1000));
}

class Archive : public testing::Test {
protected:
    Result<std::shared_ptr<const Fetcher>> oci(const std::string& bytes) {
        return open_oci_archive(scratch_.write("a.tar", bytes), scratch_ / "scratch");
    }
    Result<std::shared_ptr<const Fetcher>> docker(const std::string& bytes) {
        return open_docker_archive(scratch_.write("a.tar", bytes), scratch_ / "scratch");
    }
    static Result<ImagePtr> resolve(const std::shared_ptr<const Fetcher>& from,
                                    std::string_view name = "") {
        return resolve_image(from, name, {});
    }
    TempFolder scratch_;
};

TEST_F(Archive, OfALayoutGivesTheImageOfTheLayout) {
    const ImagePtr image = image_of({{file("a", "1")}, {file("b", "2")}});
    const ImagePtr other = image_of({{file("a", "3")}});
    const auto layout = must(LayoutTarget::open_or_create(scratch_ / "layout"));
    must(push_image(*image, *layout, "v1"));
    for (const bool packed : {false, true}) {
        const std::string tar = tar_of(scratch_ / "layout");
        const auto archive = must(oci(packed ? envpack::test::gzip(tar) : tar));
        for (const std::string_view name : {"", "v1"}) {
            const ImagePtr found = must(resolve(archive, name));
            EXPECT_EQ(found->raw_manifest(), image->raw_manifest());
            EXPECT_EQ(text_in(*found, "b"), "2");
        }
        EXPECT_EQ(resolve(archive, "v2").error().hint(), "available: v1");
    }
    must(push_image(*other, *layout, "v2"));
    const auto both = must(oci(tar_of(scratch_ / "layout")));
    EXPECT_EQ(text_in(*must(resolve(both, "v2")), "a"), "3");
    const auto unclear = resolve(both);
    EXPECT_EQ(verdict(unclear), "oci.which-image");
    EXPECT_EQ(unclear.error().hint(), "name one by its tag: v1, v2");
}

TEST_F(Archive, WithoutALayoutIsRefused) {
    EXPECT_EQ(verdict(oci(LayerBuilder().file("x", "").bytes())), "oci.not-a-layout");
    const auto other = oci(LayerBuilder().file("manifest.json", "[]").bytes());
    EXPECT_TRUE(other.error().hint().starts_with("name it docker-archive:"))
        << other.error().hint();
    EXPECT_EQ(verdict(oci(LayerBuilder()
                              .link("oci-layout", "other")
                              .file("other", R"({"imageLayoutVersion":"1.0.0"})")
                              .bytes())),
              "oci.layout-file");
    EXPECT_EQ(verdict(oci(
                  LayerBuilder().file("oci-layout", R"({"imageLayoutVersion":"2.0.0"})").bytes())),
              "oci.layout-version");
}

TEST_F(Archive, ADamagedOrMissingBlobIsFound) {
    const auto layout = must(LayoutTarget::open_or_create(scratch_ / "layout"));
    const ImagePtr image = image_of({{file("a", "1")}});
    must(push_image(*image, *layout, "v1"));
    const std::string name = image->layers()[0]->descriptor().digest.hex();
    std::string blob = slurp(scratch_ / "layout/blobs/sha256" / name);
    blob[4] = 'x';  // the time in the gzip header: what is in the layer stays the same
    scratch_.write("layout/blobs/sha256/" + name, blob);
    EXPECT_EQ(verdict(open_tree(*must(resolve(must(oci(tar_of(scratch_ / "layout"))))), {})),
              "oci.blob-digest");
    fs::remove(scratch_ / "layout/blobs/sha256" / name);
    EXPECT_EQ(open_tree(*must(resolve(must(oci(tar_of(scratch_ / "layout"))))), {}).error().code(),
              ErrorCode::not_found);
}

// Archives of docker save.

const std::string lower = LayerBuilder().file("a", "1").file("gone", "x").bytes();
const std::string upper = LayerBuilder().file("b", "2").whiteout("", "gone").bytes();

std::string config_of(const std::vector<std::string>& layers) {
    json::Array diff_ids;
    for (const std::string& layer : layers) {
        diff_ids.emplace_back(Digest::of(as_bytes(layer)).to_string());
    }
    return json::to_canonical(json::Object{
        {"architecture", "amd64"},
        {"os", "linux"},
        {"config", json::Object{}},
        {"rootfs", json::Object{{"type", "layers"}, {"diff_ids", std::move(diff_ids)}}}});
}

std::string entry(const std::string& config, const std::vector<std::string>& layers,
                  const std::string& tags = "null") {
    std::string list;
    for (const std::string& layer : layers) {
        list += (list.empty() ? "\"" : ",\"") + layer + '"';
    }
    return R"({"Config":")" + config + R"(","RepoTags":)" + tags + R"(,"Layers":[)" + list + "]}";
}

std::string hex(const std::string& text) {
    return Digest::of(as_bytes(text)).hex();
}

TEST_F(Archive, OfDockerIsReadInEveryFormWithOneDigest) {
    const std::string config = config_of({lower, upper});
    const std::string modern = "blobs/sha256/";
    const struct {
        std::string what;
        std::string bytes;
    } rows[] = {
        {"legacy",
         LayerBuilder()
             .file("aa/layer.tar", lower)
             .file("bb/layer.tar", upper)
             .file(hex(config) + ".json", config)
             .file("manifest.json",
                   "[" + entry(hex(config) + ".json", {"aa/layer.tar", "bb/layer.tar"}) + "]")
             .bytes()},
        {"legacy with links",
         LayerBuilder()
             .file(hex(lower) + ".tar", lower)
             .link("aa/layer.tar", "../" + hex(lower) + ".tar")
             .file("bb/layer.tar", upper)
             .link("cc/layer.tar", "../bb/layer.tar")
             .file("c.json", config)
             .file("manifest.json",
                   "[" + entry("c.json", {"aa/layer.tar", "cc/layer.tar"}, "[]") + "]")
             .bytes()},
        {"blobs", LayerBuilder()
                      .directory("blobs")
                      .directory("blobs/sha256")
                      .file(modern + hex(lower), lower)
                      .file(modern + hex(upper), upper)
                      .file(modern + hex(config), config)
                      .file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})")
                      .file("manifest.json", "[" +
                                                 entry(modern + hex(config),
                                                       {modern + hex(lower), modern + hex(upper)},
                                                       R"(["debian:12"])") +
                                                 "]")
                      .bytes()},
    };
    std::string digest;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.what);
        for (const bool packed : {false, true}) {
            const auto archive = must(docker(packed ? envpack::test::gzip(row.bytes) : row.bytes));
            const ImagePtr image = must(resolve(archive));
            EXPECT_EQ(text_in(*image, "a"), "1");
            EXPECT_EQ(text_in(*image, "b"), "2");
            const auto tree = must(open_tree(*image, {}));
            EXPECT_FALSE(must(tree->lookup(must(SafePath::parse("gone")))));
            digest = digest.empty() ? digest_of(*image).to_string() : digest;
            EXPECT_EQ(digest_of(*image).to_string(), digest);
        }
    }
}

TEST_F(Archive, OfDockerMayHoldCompressedLayers) {
    const std::string config = config_of({lower, upper});
    const std::string packed = envpack::test::gzip(lower);
    const std::string named = envpack::test::gzip(upper);
    const auto archive = must(docker(
        LayerBuilder()
            .file("aa/layer.tar", packed)
            .file("blobs/sha256/" + hex(named), named)
            .file("c.json", config)
            .file("manifest.json",
                  "[" + entry("c.json", {"aa/layer.tar", "blobs/sha256/" + hex(named)}) + "]")
            .bytes()));
    const ImagePtr image = must(resolve(archive));
    EXPECT_EQ(text_in(*image, "b"), "2");
    EXPECT_EQ(image->layers()[0]->descriptor().media_type, media_type::oci_layer_gzip);
    const auto target = std::make_shared<MemoryTarget>();
    must(push_image(*image, *target, "copy"));
    EXPECT_EQ(text_in(*must(resolve_image(target, "copy", {})), "a"), "1");
}

TEST_F(Archive, OfDockerKnowsItsImagesByEverySpelling) {
    const std::string one = config_of({lower});
    const std::string two = config_of({upper});
    const auto archive = must(docker(
        LayerBuilder()
            .file("l1.tar", lower)
            .file("l2.tar", upper)
            .file("1.json", one)
            .file("2.json", two)
            .file("manifest.json",
                  "[" + entry("1.json", {"l1.tar"}, R"(["debian:latest","r.example:5000/x/y:1"])") +
                      "," + entry("2.json", {"l2.tar"}) + "]")
            .bytes()));
    for (const std::string_view name :
         {"debian", "debian:latest", "docker.io/library/debian", "docker.io/library/debian:latest",
          "r.example:5000/x/y:1", "@0"}) {
        EXPECT_EQ(text_in(*must(resolve(archive, name)), "a"), "1") << name;
    }
    EXPECT_EQ(text_in(*must(resolve(archive, "@1")), "b"), "2");
    const auto unclear = resolve(archive);
    EXPECT_EQ(verdict(unclear), "oci.which-image");
    EXPECT_EQ(unclear.error().hint(),
              "name one by its tag: @1, debian:latest, r.example:5000/x/y:1");
    EXPECT_EQ(resolve(archive, "ubuntu").error().code(), ErrorCode::not_found);
    EXPECT_EQ(resolve(archive, "@2").error().code(), ErrorCode::not_found);
}

TEST_F(Archive, OfDockerThatIsIncompleteOrLiesIsRefused) {
    const std::string config = config_of({lower});
    const auto with = [&](const std::string& manifest) {
        return LayerBuilder()
            .file("l.tar", lower)
            .file("c.json", config)
            .file("list.json", "[]")
            .file(std::string(64, '0') + ".json", config)
            .link("loop-a", "loop-b")
            .link("loop-b", "loop-a")
            .link("out", "../../../etc/passwd")
            .directory("folder")
            .file("manifest.json", manifest)
            .bytes();
    };
    const struct {
        std::string manifest;
        std::string rule;
    } rows[] = {
        {"{}", "oci.not-an-archive"},
        {"[1]", "parse_error"},
        {"[{}]", "parse_error"},
        {"[" + entry("c.json", {}) + "]", "oci.diff-ids"},
        {"[" + entry("c.json", {"l.tar", "l.tar"}) + "]", "oci.diff-ids"},
        {"[" + entry("c.json", {"absent"}) + "]", "oci.archive-member"},
        {"[" + entry("absent", {"l.tar"}) + "]", "oci.archive-member"},
        {"[" + entry("c.json", {"loop-a"}) + "]", "oci.archive-member"},
        {"[" + entry("c.json", {"out"}) + "]", "oci.archive-member"},
        {"[" + entry("c.json", {"folder"}) + "]", "oci.archive-member"},
        {"[" + entry("c.json", {"../l.tar"}) + "]", "path.unsafe"},
        {"[" + entry("/c.json", {"l.tar"}) + "]", "path.unsafe"},
        {"[" + entry(std::string(64, '0') + ".json", {"l.tar"}) + "]", "oci.config-digest"},
        {"[" + entry("l.tar", {"l.tar"}) + "]", "json.malformed"},
        {"[" + entry("list.json", {"l.tar"}) + "]", "oci.document"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(verdict(docker(with(row.manifest))), row.rule) << row.manifest;
    }
    EXPECT_EQ(verdict(docker(LayerBuilder().file("x", "").bytes())), "oci.not-an-archive");
    const auto layout = docker(LayerBuilder().file("oci-layout", "{}").bytes());
    EXPECT_TRUE(layout.error().hint().starts_with("name it oci-archive:"));
}

TEST_F(Archive, OfDockerWithAnotherLayerThanItsConfigSaysIsRefused) {
    const auto archive =
        must(docker(LayerBuilder()
                        .file("l.tar", upper)
                        .file("c.json", config_of({lower}))
                        .file("manifest.json", "[" + entry("c.json", {"l.tar"}) + "]")
                        .bytes()));
    EXPECT_EQ(verdict(open_tree(*must(resolve(archive)), {})), "oci.blob-digest");
}

}  // namespace
}  // namespace envpack::oci
