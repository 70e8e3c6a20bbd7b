#include "envpack/oci/image_tree.hpp"

#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/place_onto.hpp"
#include "envpack/oci/push_image.hpp"
#include "envpack/oci/resolve_image.hpp"
#include "oci/images.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

using test::file;
using test::folder;
using test::image_of;
using test::link;
using test::must;
using test::verdict;

const archive::CaptureFilter nothing = [](const SafePath&, const archive::FileInfo&) {
    return false;
};
const archive::CaptureFilter everything = [](const SafePath&, const archive::FileInfo&) {
    return true;
};

std::string text_at(const archive::FileTree& tree, std::string_view path) {
    return must(archive::read_file(tree, must(SafePath::parse(path)), 1u << 20));
}

TEST(OpenTree, ShowsTheLayersOnTopOfEachOther) {
    const ImagePtr image = image_of(
        {{folder("usr/lib"), file("usr/lib/a", "1"), link("lib", "usr/lib"), file("etc/x", "old")},
         {file("etc/x", "new"), file("opt/y", "y")}});
    for (const auto& capture : {nothing, everything}) {
        const auto tree = must(open_tree(*image, capture));
        EXPECT_EQ(text_at(*tree, "lib/a"), "1");
        EXPECT_EQ(text_at(*tree, "etc/x"), "new");
        EXPECT_EQ(text_at(*tree, "opt/y"), "y");
        EXPECT_EQ(must(tree->lookup(must(SafePath::parse("etc/x"))))->layer, 1u);
    }
}

TEST(OpenTree, OutlivesTheImage) {
    ImagePtr image = image_of({{file("a", "1")}});
    const auto tree = must(open_tree(*image, nothing));
    image.reset();
    EXPECT_EQ(text_at(*tree, "a"), "1");
}

TEST(OpenTree, ADiffIdIsAClaimUntilItIsComputed) {
    const ImagePtr a = image_of({{file("a", "1")}});
    const ImagePtr b = image_of({{file("b", "2")}});
    // The manifest of `a` with a config that speaks of `b`.
    const auto target = std::make_shared<MemoryTarget>();
    must(push_image(*a, *target, "a"));
    must(push_image(*b, *target, "b"));
    json::Value document = must(json::parse(a->raw_manifest()));
    document.set("config", describe(media_type::oci_config, b->raw_config()).to_json());
    must(target->tag(test::put(*target, media_type::oci_manifest, json::to_canonical(document)),
                     "lie", {}));
    const ImagePtr image = must(resolve_image(target, "lie", {}));
    const auto tree = open_tree(*image, nothing);
    EXPECT_EQ(verdict(tree), "oci.diff-id");
    EXPECT_EQ(tree.error().code(), ErrorCode::digest_mismatch);
}

TEST(OpenTree, ACorruptLayerIsRefusedAndNamed) {
    const test::TempFolder scratch;
    const auto layout = must(LayoutTarget::open_or_create(scratch / "l"));
    must(push_image(*image_of({{file("a", std::string(200'000, 'a'))}}), *layout, "t"));
    const ImagePtr image = must(resolve_image(layout, "t", {}));
    const std::string hex = image->layers()[0]->descriptor().digest.hex();
    const std::string name = "l/blobs/sha256/" + hex;
    const std::string good = test::slurp(scratch / name);
    for (std::size_t at = 0; at < good.size(); at += std::max<std::size_t>(1, good.size() / 40)) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0x20);
        scratch.write(name, bad);
        EXPECT_FALSE(open_tree(*image, nothing)) << at;
    }
    for (const std::string& bad : {good.substr(0, good.size() - 1), good + '\0', std::string()}) {
        scratch.write(name, bad);
        const auto tree = open_tree(*image, nothing);
        ASSERT_FALSE(tree);
        EXPECT_NE(tree.error().render().find("layer 1 of 1"), std::string::npos);
    }
    std::filesystem::remove(scratch / name);
    const auto tree = open_tree(*image, nothing);
    ASSERT_FALSE(tree);
    EXPECT_EQ(tree.error().code(), ErrorCode::not_found);
    EXPECT_NE(tree.error().message().find(hex), std::string::npos);
}

TEST(OpenTree, WhatPlaceOntoMadeKeepsTheBaseIntact) {
    const ImagePtr base = image_of({{folder("usr"), folder("usr/lib"), file("usr/lib/libc.so", "c"),
                                     link("lib", "usr/lib"), folder("tmp", 0700)}});
    const auto below = must(open_tree(*base, nothing));
    const auto entries = must(place_onto(
        *below, {folder("lib"), file("lib/mine.so", "m"), folder("tmp"), file("tmp/x", "x")}));
    const test::TempFolder scratch;
    const LayerPtr layer = must(make_layer(entries, {}, scratch.path()));
    const ImagePtr image = must(append(base, {{.layer = layer}}, {}));
    const auto tree = must(open_tree(*image, nothing));
    EXPECT_EQ(text_at(*tree, "lib/libc.so"), "c");
    EXPECT_EQ(text_at(*tree, "lib/mine.so"), "m");
    EXPECT_EQ(must(tree->lookup(must(SafePath::parse("lib"))))->type, archive::FileType::symlink);
    EXPECT_EQ(must(tree->lookup(must(SafePath::parse("tmp"))))->mode, 0700u);
}

TEST(OpenTree, StopsWhenAsked) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(open_tree(*image_of({{file("a", "1")}}), nothing, {}, {.stop = stop.get_token()})
                  .error()
                  .code(),
              ErrorCode::cancelled);
}

}  // namespace
}  // namespace envpack::oci
