#include "envpack/archive/stacked_tree.hpp"

#include "archive_fixtures.hpp"

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

using test::LayerBuilder;

Result<std::unique_ptr<const StackedTree>> stack(const std::vector<LayerBuilder>& builders) {
    std::vector<std::shared_ptr<const LayerListing>> listings;
    for (const LayerBuilder& builder : builders) {
        ENVPACK_TRY(LayerListing listing,
                    list_layer(test::source_of(builder.bytes()),
                               [](const SafePath&, const FileInfo&) { return true; }, {}, {}));
        listings.push_back(std::make_shared<const LayerListing>(std::move(listing)));
    }
    return StackedTree::make(std::move(listings));
}

/// "dir/ dir/file=text link->target", sorted by path: the whole tree on one line.
std::string describe(const FileTree& tree, const SafePath& folder = {}) {
    std::string all;
    const std::vector<std::string> names = tree.list(folder).value();
    for (const std::string& name : names) {
        const SafePath path = folder / name;
        const FileInfo info = *tree.lookup(path).value();
        all += all.empty() ? "" : " ";
        if (info.type == FileType::directory) {
            const std::string below = describe(tree, path);
            all += path.str() + "/" + (below.empty() ? "" : " ") + below;
        } else if (info.type == FileType::symlink) {
            all += path.str() + "->" + info.link_target;
        } else if (info.type == FileType::other) {
            all += path.str() + "?";
        } else {
            all += path.str() + "=" + test::all_of(tree.open(path)).value();
        }
    }
    return all;
}

std::string stacked(const std::vector<LayerBuilder>& builders) {
    const auto tree = stack(builders);
    return tree ? describe(**tree) : "refused: " + test::rule_of(tree);
}

LayerBuilder layer() {
    return {};
}

TEST(StackedTree, AppliesLayersAsContainersDo) {
    const struct {
        const char* fact;
        std::vector<LayerBuilder> layers;
        const char* tree;
    } rows[] = {
        {"no layers", {}, ""},
        {"a later file replaces", {layer().file("a", "1"), layer().file("a", "2")}, "a=2"},
        {"parents are made", {layer().file("a/b/c", "1")}, "a/ a/b/ a/b/c=1"},
        {"leading ./ and / are dropped",
         {layer().directory(".").file("./a", "1"), layer().file("/b", "2")},
         "a=1 b=2"},
        {"a whiteout hides a file",
         {layer().file("a", "1").file("b", "2"), layer().whiteout("", "a")},
         "b=2"},
        {"a whiteout hides a folder",
         {layer().file("a/b/c", "1"), layer().whiteout("a", "b")},
         "a/"},
        {"a whiteout spares its own layer, before it",
         {layer().file("a", "1"), layer().whiteout("", "a").file("a", "2")},
         "a=2"},
        {"a whiteout spares its own layer, after it",
         {layer().file("a", "1"), layer().file("a", "2").whiteout("", "a")},
         "a=2"},
        {"a whiteout of nothing", {layer().whiteout("x/y", "a").file("b", "1")}, "b=1"},
        {"opaque hides lower children",
         {layer().file("d/a", "1").file("d/e/f", "1"), layer().opaque("d").file("d/b", "2")},
         "d/ d/b=2"},
        {"opaque after the new children",
         {layer().file("d/a", "1"), layer().file("d/b", "2").opaque("d")},
         "d/ d/b=2"},
        {"opaque root", {layer().file("d/a", "1"), layer().opaque("").file("b", "2")}, "b=2"},
        {"opaque through a link",
         {layer().file("usr/lib/a", "1").link("lib", "usr/lib"), layer().opaque("lib")},
         "lib->usr/lib usr/ usr/lib/"},
        {"opaque in a folder that replaces the link",
         {layer().file("usr/lib/a", "1").link("lib", "usr/lib"),
          layer().directory("lib").opaque("lib").file("lib/b", "2")},
         "lib/ lib/b=2 usr/ usr/lib/ usr/lib/a=1"},
        {"whiteout through a link",
         {layer().file("usr/lib/a", "1").link("lib", "usr/lib"), layer().whiteout("lib", "a")},
         "lib->usr/lib usr/ usr/lib/"},
        {"whiteout of the link itself",
         {layer().file("usr/lib/a", "1").link("lib", "usr/lib"), layer().whiteout("", "lib")},
         "usr/ usr/lib/ usr/lib/a=1"},
        {"a file over a folder removes its children",
         {layer().file("d/a", "1"), layer().file("d", "2")},
         "d=2"},
        {"a folder over a folder keeps its children",
         {layer().file("d/a", "1"), layer().directory("d").file("d/b", "2")},
         "d/ d/a=1 d/b=2"},
        {"a folder over a link removes the link (trap 2)",
         {layer().file("usr/lib/a", "1").link("lib", "usr/lib"), layer().directory("lib")},
         "lib/ usr/ usr/lib/ usr/lib/a=1"},
        {"a link over a folder removes its children",
         {layer().file("lib/a", "1").directory("usr/lib"), layer().link("lib", "usr/lib")},
         "lib->usr/lib usr/ usr/lib/"},
        {"writing through a relative link",
         {layer().directory("usr/lib").link("lib", "usr/lib"), layer().file("lib/x", "1")},
         "lib->usr/lib usr/ usr/lib/ usr/lib/x=1"},
        {"writing through an absolute link that climbs",
         {layer().link("etc/alt", "/../opt/alt"), layer().file("etc/alt/x", "1")},
         "etc/ etc/alt->/../opt/alt opt/ opt/alt/ opt/alt/x=1"},
        {"a link to the own folder",
         {layer().link("cur", "."), layer().file("cur/cur/x", "1")},
         "cur->. x=1"},
        {"hard link in a layer", {layer().file("a", "1").hard_link("b", "a")}, "a=1 b=1"},
        {"hard link to a lower layer",
         {layer().file("a", "1"), layer().hard_link("b", "/a")},
         "a=1 b=1"},
        {"hard link keeps what its target was",
         {layer().file("a", "1").hard_link("b", "a"), layer().file("a", "2")},
         "a=2 b=1"},
        {"hard link to a symlink is that symlink",
         {layer().file("a", "1").link("l", "a").hard_link("m", "l")},
         "a=1 l->a m->a"},
        {"hard link through a linked folder",
         {layer().file("usr/a", "1").link("u", "usr").hard_link("b", "u/a")},
         "b=1 u->usr usr/ usr/a=1"},
        {"hard link to itself", {layer().file("a", "1").hard_link("a", "a")}, "a=1"},
        {"devices are seen", {layer().block({.name = "dev/null", .type = '3'})}, "dev/ dev/null?"},
        {"AUFS bookkeeping is left out",
         {layer().file(".wh..wh.plnk/1", "x").file(".wh..wh.aufs", "").file("d/.wh..wh.x", "")},
         ""},
        {"names that no path can hold are left out",
         {layer().file("d/latin\xe9", "1").file("d/b\\c", "2")},
         "d/ d/b\\c=2"},
        {"the last of two equal names counts", {layer().file("a", "1").file("a", "2")}, "a=2"},
        {"`.wh.` alone", {layer().file("d/.wh.", "")}, "refused: layer.whiteout-name"},
        {"whiteout of `..`", {layer().file("d/.wh...", "")}, "refused: layer.whiteout-name"},
        {"whiteout as a folder", {layer().file("d/.wh.a/b", "")}, "refused: layer.whiteout-name"},
        {"a member that leaves the root", {layer().file("a/../../b", "")}, "refused: path.unsafe"},
        {"also with odd bytes", {layer().file("../\xe9", "")}, "refused: path.unsafe"},
        {"a parent that is a file",
         {layer().file("a", ""), layer().file("a/b", "")},
         "refused: layer.parent"},
        {"a parent that loops",
         {layer().link("a", "b").link("b", "a"), layer().file("a/x", "")},
         "refused: layer.parent"},
        {"hard link to nothing", {layer().hard_link("b", "a")}, "refused: layer.hard-link"},
        {"hard link to a folder",
         {layer().directory("a").hard_link("b", "a")},
         "refused: layer.hard-link"},
        {"hard link forward",
         {layer().hard_link("b", "a").file("a", "")},
         "refused: layer.hard-link"},
        {"hard link below itself",
         {layer().file("a/b", "").hard_link("a", "a/b")},
         "refused: layer.hard-link"},
        {"root as a link", {layer().link(".", "etc")}, "refused: layer.root"},
        {"root as a hard link", {layer().hard_link("/.", "etc")}, "refused: layer.root"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(stacked(row.layers), row.tree) << row.fact;
    }
}

TEST(StackedTree, DirectoriesMergeTheirAttributes) {
    const auto tree =
        stack({layer().directory("tmp", 01777).file("tmp/a", ""), layer().directory("tmp", 0755)});
    const FileInfo info = *(*tree)->lookup(SafePath::normalize("tmp").value()).value();
    EXPECT_EQ(info.mode, 0755u);
    EXPECT_EQ(info.layer, 1u);
    EXPECT_EQ((*tree)->lookup(SafePath::normalize("tmp/a").value()).value()->layer, 0u);
}

TEST(StackedTree, NamesOfOneFileHaveOnePlace) {
    const auto tree = stack({layer().file("a", "1").file("b", "2"),
                             layer().hard_link("c", "b").file("d", "3").hard_link("e", "d"),
                             layer().whiteout("", "d").link("l", "a").directory("f")});
    const auto place = [&](const char* path) {
        const auto found = (*tree)->content_place(SafePath::normalize(path).value());
        return found ? fmt::format("{}.{}", found->layer, found->member) : "none";
    };
    EXPECT_EQ(place("a"), "0.0");
    EXPECT_EQ(place("c"), place("b"));
    EXPECT_EQ((*tree)->lookup(SafePath::normalize("c").value()).value()->layer, 1u);
    EXPECT_EQ(place("e"), "1.1");
    for (const char* path : {"d", "l", "f", "", "gone"}) {
        EXPECT_EQ(place(path), "none") << path;
    }
}

TEST(StackedTree, TheLowestLayersAreATreeOfTheirOwn) {
    const auto tree = stack({layer().file("a", "1").file("b", "1"),
                             layer().file("a", "22").whiteout("", "b"), layer().file("c", "3")});
    const auto below = (*tree)->lowest(1);
    ASSERT_TRUE(below);
    EXPECT_EQ((*below)->list(SafePath()).value(), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ((*below)->lookup(SafePath::normalize("a").value()).value()->size, 1u);
    EXPECT_EQ((*(*tree)->lowest(0))->node_count(), 1u);
    EXPECT_EQ((*(*tree)->lowest(9))->list(SafePath()).value(),
              (std::vector<std::string>{"a", "c"}));
}

/// "layer:path" of each change, a link with `~` before it.
std::string changes(const std::vector<LayerBuilder>& builders) {
    const auto tree = stack(builders);
    std::string all;
    for (const LayerChange& change : (*tree)->changes()) {
        const bool is_link = change.kind == LayerChange::Kind::link_replaced;
        all += fmt::format("{}{}{}:{}", all.empty() ? "" : " ", is_link ? "~" : "", change.layer,
                           change.path);
    }
    return all;
}

TEST(StackedTree, TellsWhatLayersDoToLinksAndFoldersBelow) {
    const LayerBuilder base = layer()
                                  .directory("usr/lib")
                                  .link("lib", "usr/lib")
                                  .directory("tmp", 01777)
                                  .file("f", "")
                                  .file("implied/x", "");
    const struct {
        const char* fact;
        std::vector<LayerBuilder> layers;
        const char* expected;
    } rows[] = {
        {"one layer changes nothing", {base}, ""},
        {"the same attributes", {base, layer().directory("tmp", 01777).directory("usr/lib")}, ""},
        {"other attributes", {base, layer().directory("tmp", 0755)}, "1:tmp"},
        {"of a folder that no layer mentions",
         {base, layer().directory("implied", 0700)},
         "1:implied"},
        {"of the root", {base, layer().directory(".", 0700)}, "1:"},
        {"a folder over a link", {base, layer().directory("lib")}, "~1:lib"},
        {"a folder reached through a link", {base, layer().directory("lib/../tmp", 0700)}, "1:tmp"},
        {"a folder over a file is no link", {base, layer().directory("f")}, ""},
        {"a deleted folder is another one",
         {base, layer().whiteout("", "tmp"), layer().directory("tmp", 0700)},
         ""},
        {"twice in one layer", {base, layer().directory("new").directory("new", 0700)}, ""},
        {"twice in two layers",
         {base, layer().directory("tmp", 0700), layer().directory("tmp", 0755)},
         "1:tmp 2:tmp"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(changes(row.layers), row.expected) << row.fact;
    }
}

TEST(StackedTree, KnowsDigestsWhereTheLayersWereHashed) {
    const LayerBuilder builder =
        layer().file("captured", "1").file("big", std::string(700'000, 'x')).file("empty", "");
    auto listing =
        list_layer(test::source_of(builder.bytes()),
                   [](const SafePath& path, const FileInfo&) { return path.str() == "captured"; },
                   FileDigests::sha256, {}, {});
    auto upper = list_layer(test::source_of(layer().hard_link("again", "big").bytes()), nullptr,
                            FileDigests::sha256, {}, {});
    const auto tree = StackedTree::make({std::make_shared<const LayerListing>(*std::move(listing)),
                                         std::make_shared<const LayerListing>(*std::move(upper))});
    const auto digest = [&](std::string_view path) {
        return (*tree)->lookup(SafePath::normalize(path).value()).value()->sha256;
    };
    EXPECT_EQ(digest("captured"), Digest::of(as_bytes("1")));
    EXPECT_EQ(digest("big"), Digest::of(as_bytes(std::string(700'000, 'x'))));
    EXPECT_EQ(digest("again"), digest("big"));
    EXPECT_EQ(digest("empty"), Digest::of({}));
    EXPECT_EQ(digest(""), std::nullopt);
}

TEST(StackedTree, WithoutContentOpenIsUnsupported) {
    auto listing = list_layer(test::source_of(layer().file("a", "1").bytes()), nullptr, {}, {});
    const auto tree =
        StackedTree::make({std::make_shared<const LayerListing>(*std::move(listing))});
    const auto source = (*tree)->open(SafePath::normalize("a").value());
    EXPECT_EQ(source.error().code(), ErrorCode::unsupported);
}

TEST(StackedTree, AnotherLayerThanTheListedOneIsNoticed) {
    auto listing = list_layer(test::source_of(layer().file("a", "1").bytes()), nullptr, {}, {});
    const auto tree =
        StackedTree::make({std::make_shared<const LayerListing>(*std::move(listing))},
                          [](std::size_t) -> Result<std::unique_ptr<ByteSource>> {
                              return test::source_of(layer().file("a", "longer").bytes());
                          });
    EXPECT_EQ((*tree)->open(SafePath::normalize("a").value()).error().code(),
              ErrorCode::digest_mismatch);
}

}  // namespace
}  // namespace envpack::archive
