#include "envpack/oci/resolve_image.hpp"

#include "envpack/oci/image_index.hpp"
#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/push_image.hpp"
#include "envpack/oci/with_config.hpp"
#include "oci/images.hpp"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

using test::file;
using test::image_of;
using test::must;
using test::put;
using test::verdict;

Platform platform(std::string_view text) {
    return must(Platform::parse(text));
}

ImagePtr image_for(std::string_view name) {
    return image_of({{file("arch", std::string(name))}}, platform(name));
}

/// An index over descriptors, as its raw text.
std::string index_over(const std::vector<Descriptor>& entries,
                       std::string_view type = media_type::oci_index) {
    json::Value manifests = json::Array{};
    for (const Descriptor& entry : entries) {
        manifests.push_back(entry.to_json());
    }
    json::Value document = json::Object{};
    document.set("schemaVersion", 2);
    document.set("mediaType", type);
    document.set("manifests", std::move(manifests));
    return json::to_canonical(document);
}

class Resolve : public testing::Test {
protected:
    std::shared_ptr<MemoryTarget> target_ = std::make_shared<MemoryTarget>();

    Descriptor pushed(const Image& image, std::string_view tag = "scratch") {
        return must(push_image(image, *target_, tag));
    }
    Descriptor pushed_for(std::string_view name) {
        Descriptor descriptor = pushed(*image_for(name));
        descriptor.platform = platform(name);
        return descriptor;
    }
    Result<ImagePtr> resolve(std::string_view name, std::string_view wanted = "linux/amd64") {
        return resolve_image(target_, name, platform(wanted));
    }
};

TEST_F(Resolve, GivesBackTheImageThatWasPushed) {
    const ImagePtr image = image_of({{file("a", "1")}, {file("b", "2")}});
    pushed(*image, "v1");
    for (const std::string& name :
         {std::string("v1"), std::string(), digest_of(*image).to_string()}) {
        const ImagePtr found = must(resolve(name));
        EXPECT_EQ(found->raw_manifest(), image->raw_manifest());
        EXPECT_EQ(found->raw_config(), image->raw_config());
        ASSERT_EQ(found->layers().size(), 2u);
        for (std::size_t i = 0; i < 2; ++i) {
            EXPECT_EQ(found->layers()[i]->diff_id(), image->layers()[i]->diff_id());
            const auto mine = must(image->layers()[i]->open({}));
            const auto theirs = must(found->layers()[i]->open({}));
            EXPECT_EQ(must(read_all(*mine, 1u << 20)), must(read_all(*theirs, 1u << 20)));
        }
    }
}

TEST_F(Resolve, UnknownTagNamesTheTagsThereAre) {
    EXPECT_EQ(resolve("").error().code(), ErrorCode::not_found);
    pushed(*image_for("linux/amd64"), "one");
    pushed(*image_for("linux/arm64"), "two");
    const auto found = resolve("three");
    EXPECT_EQ(found.error().code(), ErrorCode::not_found);
    EXPECT_EQ(found.error().message(), "`memory` has no image with the tag `three`");
    EXPECT_EQ(found.error().hint(), "available: one, two");
}

TEST_F(Resolve, NoTagIsEnoughForOneImageOnly) {
    const ImagePtr image = image_for("linux/amd64");
    pushed(*image, "one");
    pushed(*image, "two");  // the same image twice is no ambiguity
    EXPECT_TRUE(resolve(""));
    pushed(*image_for("linux/arm64"), "three");
    const auto found = resolve("");
    EXPECT_EQ(verdict(found), "oci.which-image");
    EXPECT_EQ(found.error().hint(), "name one by its tag: one, three, two");
}

TEST_F(Resolve, PicksThePlatformThroughNestedIndexes) {
    const Descriptor amd = pushed_for("linux/amd64");
    const Descriptor arm = pushed_for("linux/arm64");
    const Descriptor inner = put(*target_, media_type::oci_index, index_over({amd, arm}));
    const Descriptor outer = put(*target_, media_type::oci_index, index_over({inner}));
    must(target_->tag(outer, "multi", {}));
    for (const char* name : {"linux/amd64", "linux/arm64"}) {
        const ImagePtr image = must(resolve("multi", name));
        EXPECT_EQ(must(config_of(*image)).platform.to_string(), name);
    }
    const ResolvedManifest resolved = must(resolve_manifest(*target_, "multi", Platform{}));
    EXPECT_EQ(resolved.manifest.digest, amd.digest);
    EXPECT_EQ(resolved.index->digest, inner.digest);
    const auto none = resolve("multi", "linux/s390x");
    EXPECT_EQ(none.error().code(), ErrorCode::not_found);
    EXPECT_EQ(none.error().hint(), "available: linux/amd64, linux/arm64");
}

TEST_F(Resolve, AManifestThatIsNamedIsTakenWhateverItsPlatform) {
    pushed(*image_for("linux/arm64"), "arm");
    EXPECT_TRUE(resolve("arm", "linux/amd64"));
}

TEST_F(Resolve, NestingIsBounded) {
    Descriptor current = pushed_for("linux/amd64");
    for (int depth = 1; depth <= 9; ++depth) {
        current = put(*target_, media_type::oci_index, index_over({current}));
        current.platform = Platform{};
        const std::string tag = std::to_string(depth);
        must(target_->tag(current, tag, {}));
        EXPECT_EQ(verdict(resolve(tag)), depth <= 8 ? "ok" : "oci.index-depth") << depth;
    }
}

TEST_F(Resolve, WhatIsNoImageIsSaidToBeNone) {
    const Descriptor text = put(*target_, "text/plain", "hello");
    must(target_->tag(text, "text", {}));
    EXPECT_EQ(verdict(resolve("text")), "oci.not-an-image");

    const std::string manifest =
        R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)" +
        json::to_canonical(put(*target_, "application/vnd.oci.empty.v1+json", "{}").to_json()) +
        R"(,"layers":[]})";
    must(target_->tag(put(*target_, media_type::oci_manifest, manifest), "artifact", {}));
    EXPECT_EQ(verdict(resolve("artifact")), "oci.not-an-image");

    const Descriptor old =
        put(*target_, "application/vnd.docker.distribution.manifest.v1+prettyjws",
            R"({"schemaVersion":1})");
    must(target_->tag(old, "old", {}));
    EXPECT_EQ(verdict(resolve("old")), "oci.schema1");
}

TEST_F(Resolve, PartsThatDisagreeAreRefused) {
    const ImagePtr image = image_of({{file("a", "1")}});
    const auto with_config_text = [&](const std::string& config) {
        put(*target_, media_type::oci_config, config);
        json::Value document = must(json::parse(image->raw_manifest()));
        document.set("config", describe(media_type::oci_config, config).to_json());
        const std::string raw = json::to_canonical(document);
        must(target_->tag(put(*target_, media_type::oci_manifest, raw), "t", {}));
        return verdict(resolve("t"));
    };
    const std::string diff_id = image->layers()[0]->diff_id().to_string();
    const std::string quoted = '"' + diff_id + '"';
    const auto config = [](const std::string& diff_ids, const std::string& history) {
        return R"({"rootfs":{"type":"layers","diff_ids":[)" + diff_ids + R"(]},"history":[)" +
               history + "]}";
    };
    EXPECT_EQ(with_config_text(config(quoted, "{}")), "ok");
    EXPECT_EQ(with_config_text(config(quoted, R"({},{"empty_layer":true})")), "ok");
    EXPECT_EQ(with_config_text(config(quoted, "")), "ok");  // a missing tail
    EXPECT_EQ(with_config_text(config(quoted, "{},{}")), "oci.history");
    EXPECT_EQ(with_config_text(config("", "")), "oci.diff-ids");
    EXPECT_EQ(with_config_text(config(quoted + "," + quoted, "{}")), "oci.diff-ids");
    EXPECT_EQ(with_config_text("no json"), "json.malformed");
}

TEST_F(Resolve, MissingPartsAreNamed) {
    json::Value document = must(json::parse(image_of({{file("a", "1")}})->raw_manifest()));
    const std::string raw = json::to_canonical(document);
    must(target_->tag(put(*target_, media_type::oci_manifest, raw), "t", {}));
    const auto no_config = resolve("t");
    EXPECT_EQ(no_config.error().code(), ErrorCode::not_found);
    const auto config = must(Manifest::parse(raw)).config.digest.to_string();
    EXPECT_NE(no_config.error().message().find(config), std::string::npos);

    Descriptor absent = describe(media_type::oci_manifest, "absent");
    EXPECT_EQ(open_image(target_, absent).error().code(), ErrorCode::not_found);
}

TEST_F(Resolve, ALayoutMayListPlatformsSideBySideUnderOneName) {
    const test::TempFolder scratch;
    const auto layout = must(LayoutTarget::open_or_create(scratch / "l"));
    json::Value manifests = json::Array{};
    for (const char* name : {"linux/amd64", "linux/arm64"}) {
        Descriptor entry = must(push_image(*image_for(name), *layout, "scratch"));
        entry.platform = platform(name);
        entry.annotations["org.opencontainers.image.ref.name"] = "both";
        manifests.push_back(entry.to_json());
    }
    json::Value document = json::Object{};
    document.set("schemaVersion", 2);
    document.set("manifests", std::move(manifests));
    scratch.write("l/index.json", json::to_canonical(document));
    for (const std::string_view name : {"both", ""}) {
        const ImagePtr image = must(resolve_image(layout, name, platform("linux/arm64")));
        EXPECT_EQ(must(config_of(*image)).platform.architecture, "arm64");
    }
}

}  // namespace
}  // namespace envpack::oci
