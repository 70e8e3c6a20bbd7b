#include "envpack/archive/layer_writer.hpp"

#include "archive_fixtures.hpp"
#include "envpack/archive/estargz.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/archive/tar_reader.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/archive/zip_reader.hpp"
#include "support/host_python.hpp"
#include "support/temp_folder.hpp"

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

/// Bytes that compress a bit, the same on every machine.
std::string noise(std::size_t size, std::uint32_t seed) {
    std::string text(size, '\0');
    for (char& c : text) {
        seed = seed * 1664525u + 1013904223u;
        c = static_cast<char>('a' + (seed >> 28));
    }
    return text;
}

std::uint32_t crc_in(const std::string& gzip_member) {
    std::uint32_t crc = 0;
    for (std::size_t i = 4; i-- > 0;) {
        crc = crc << 8 | static_cast<unsigned char>(gzip_member[gzip_member.size() - 8 + i]);
    }
    return crc;
}

/// A deflated content that lives as long as the plan.
struct Fixture {
    std::vector<std::unique_ptr<std::string>> kept;
    std::vector<PlannedEntry> entries;

    void add(const std::string& path, FileType type, const std::string& text, bool deflated) {
        PlannedEntry entry{.path = SafePath::normalize(path).value(), .type = type};
        if (type == FileType::directory) {
            entry.mode = 0755;
        } else if (type == FileType::symlink) {
            entry.mode = 0777;
            entry.link_target = text;
        } else if (deflated) {
            const std::string member = test::gzip(text, std::size_t{1} << 30);
            kept.push_back(std::make_unique<std::string>(member.substr(10, member.size() - 18)));
            entry.content = Content::of_deflated({nullptr, as_bytes(*kept.back()), crc_in(member)},
                                                 text.size());
            entry.sha256 = Digest::of(as_bytes(text));
        } else {
            entry.content = Content::of_text(text);
        }
        entries.push_back(std::move(entry));
    }
};

/// Every kind of entry, and sizes around each threshold of the recipe.
Fixture all_kinds() {
    Fixture fixture;
    fixture.add("opt", FileType::directory, "", false);
    fixture.add("opt/empty", FileType::regular, "", false);
    fixture.add("opt/link", FileType::symlink, "text", false);
    std::uint32_t seed = 1;
    for (const std::size_t size : {1u, 511u, 512u, 513u, 65'535u, 65'536u, 65'537u, 300'000u,
                                   1'048'575u, 1'048'576u, 2'500'000u}) {
        std::string number = std::to_string(size);
        number.insert(0, 8 - number.size(), '0');
        fixture.add("opt/n" + number + "d", FileType::regular, noise(size, ++seed), true);
        fixture.add("opt/n" + number + "p", FileType::regular, noise(size, ++seed), false);
    }
    for (int i = 100; i < 400; ++i) {
        fixture.add("opt/small" + std::to_string(i), FileType::regular,
                    noise(static_cast<std::size_t>(i * 37), ++seed), i % 2 == 0);
    }
    fixture.add("opt/text", FileType::regular, "text", false);
    return fixture;
}

struct Written {
    LayerBytes layer;
    std::string blob;
};

Result<Written> write(const Fixture& fixture, LayerWriteOptions options = {},
                      unsigned threads = 1) {
    options.mtime = options.mtime == 0 ? 315532800 : options.mtime;
    StringSink sink;
    ENVPACK_TRY(LayerBytes layer,
                write_layer(fixture.entries, options, sink, {.max_parallel = threads}));
    return Written{layer, std::move(sink).take()};
}

/// The recipe of oci.md c.2, word by word, over whole strings; and one path in 64 begins a member.
std::string by_the_recipe(const Fixture& fixture) {
    constexpr std::size_t T = 65'536;
    constexpr std::size_t M = 1'048'576;
    std::string out;
    std::string P;
    const auto member = [&](const std::string& plain) { out += test::gzip(plain, M); };
    const auto flush = [&] {
        if (!P.empty()) {
            member(P);
        }
        P.clear();
    };
    for (const PlannedEntry& entry : fixture.entries) {
        const std::uint64_t size = entry.content.size();
        const std::string g = tar_header_bytes({.path = entry.path,
                                                .type = entry.type,
                                                .mode = entry.mode,
                                                .mtime = 315532800,
                                                .size = size,
                                                .link_target = entry.link_target});
        const bool verbatim = entry.content.deflated() != nullptr && size >= T;
        const std::string content = test::padded(test::all_of(entry.content.open()).value());
        const std::size_t need = g.size() + (verbatim ? 0 : content.size());
        const bool begins = crc_in(test::gzip(entry.path.str())) % 64 == 0;
        if (!P.empty() && (begins || P.size() + need > M)) {
            flush();
        }
        P += g;
        if (verbatim) {
            flush();
            const std::string plain = test::all_of(entry.content.open()).value();
            const std::string whole = test::gzip(plain, std::size_t{1} << 30);
            out += whole.substr(0, 10);
            out += as_text(entry.content.deflated()->data);
            out += whole.substr(whole.size() - 8);  // CRC-32 and length
            P = std::string(tar_padding(size), '\0');
        } else {
            P += content;
            while (P.size() > M) {
                member(P.substr(0, M));
                P.erase(0, M);
            }
        }
    }
    if (P.size() + 1024 > M) {
        flush();
    }
    P += std::string(1024, '\0');
    flush();
    return out;
}

TEST(WriteLayer, FollowsTheRecipe) {
    const Fixture fixture = all_kinds();
    const auto written = write(fixture);
    ASSERT_TRUE(written.has_value()) << written.error().render();
    EXPECT_EQ(written->blob, by_the_recipe(fixture));
    EXPECT_EQ(written->layer.digest, Digest::of(as_bytes(written->blob)));
    EXPECT_EQ(written->layer.size, written->blob.size());
    const std::string tar = test::all_of(decompressed(test::source_of(written->blob))).value();
    EXPECT_EQ(written->layer.diff_id, Digest::of(as_bytes(tar)));
    EXPECT_EQ(written->layer.tar_size, tar.size());
}

TEST(WriteLayer, BytesAreForEver) {
    const auto written = write(all_kinds());
    EXPECT_EQ(written->layer.diff_id.hex(),
              "7034b8b7864d334b900bff843c2327f9939f74836d0e9bbd7cacab23249fb837");
    // Per encoder version: changes with libdeflate, T, M or the level.
    EXPECT_EQ(written->layer.digest.hex(),
              "020f2101e603e4cd89449cfaffa99b2a4952b42380d7a48244749bb077617407");
}

TEST(WriteLayer, KnownMembersDoNotShow) {
    Fixture fixture = all_kinds();
    const auto first = write(fixture, {.track_members = true}, 2);
    EXPECT_EQ(first->blob, write(fixture)->blob);
    for (const PackedMember& member : first->layer.packed) {
        const std::string one = first->blob.substr(static_cast<std::size_t>(member.offset),
                                                   static_cast<std::size_t>(member.size));
        const std::string plain = test::all_of(decompressed(test::source_of(one))).value();
        EXPECT_EQ(member.plain, Digest::of(as_bytes(plain)));
    }
    // A file in the middle grows: what is in front of it and soon what is behind is as before.
    for (PlannedEntry& entry : fixture.entries) {
        if (entry.path.str() == "opt/small150") {
            entry = {.path = entry.path, .content = Content::of_text(noise(30'000, 99))};
        }
    }
    auto known = std::make_shared<KnownMembers>(
        KnownMembers{.blob = first->blob, .members = first->layer.packed});
    const auto again = write(fixture, {.track_members = true, .known = known}, 2);
    EXPECT_EQ(again->blob, write(fixture)->blob);
    EXPECT_NE(again->blob, first->blob);
    const auto is_new = [&](const PackedMember& member) {
        return std::ranges::find(first->layer.packed, member.plain, &PackedMember::plain) ==
               first->layer.packed.end();
    };
    EXPECT_LE(std::ranges::count_if(again->layer.packed, is_new), 4);
    EXPECT_GE(again->layer.packed.size(), 12U);
    // Members that lie are not taken, nor what is no member.
    for (PackedMember& member : known->members) {
        member.offset += 1;
    }
    known->members.front() = {.plain = known->members.front().plain, .offset = 1U << 30, .size = 9};
    EXPECT_EQ(write(fixture, {.track_members = true, .known = known})->blob, again->blob);
}

TEST(WriteLayer, ThreadsDoNotShow) {
    const Fixture fixture = all_kinds();
    for (const Compression compression :
         {Compression::none, Compression::gzip, Compression::zstd}) {
        const auto one = write(fixture, {.compression = compression}, 1);
        const auto four = write(fixture, {.compression = compression}, 4);
        EXPECT_EQ(one->blob, four->blob) << to_string(compression);
    }
}

TEST(WriteLayer, AnEstargzIsForEver) {
    const Fixture fixture = all_kinds();
    const auto one = write(fixture, {.estargz = true}, 1);
    ASSERT_TRUE(one.has_value()) << one.error().render();
    // Of the tar too: where gzip members begin stands in it. All change with libdeflate.
    EXPECT_EQ(one->layer.diff_id.hex(),
              "d603549ebfc7eb1465efb0ce4dd17c645676e84857a48267816350bd29d4c870");
    EXPECT_EQ(one->layer.digest.hex(),
              "afaae58108bac2cb16add261a6f785012ea2c63f4c1beb69697c0408b1877442");
    EXPECT_EQ(one->layer.toc->hex(),
              "0891fc2b97e4227a792cae934c3073942f512a906bd92cb7b2750fc123478fdf");
    const auto four = write(fixture, {.estargz = true, .track_members = true}, 4);
    EXPECT_EQ(one->blob, four->blob);
    EXPECT_FALSE(write(fixture)->layer.toc.has_value());
}

TEST(WriteLayer, AnEstargzHasTwoMoreMembersAndAFooter) {
    const auto members_of = [](const std::string& blob) {
        auto tar = TarReader::open(test::source_of(blob));
        std::vector<std::string> names;
        for (const TarEntry* entry = nullptr; (entry = tar->next().value()) != nullptr;) {
            names.push_back(entry->path);
        }
        return names;
    };
    const Fixture fixture = all_kinds();
    const auto written = write(fixture, {.estargz = true});
    std::vector<std::string> expected = members_of(write(fixture)->blob);
    expected.emplace(expected.begin(), estargz_landmark_name);
    expected.emplace_back(estargz_toc_name);
    EXPECT_EQ(members_of(written->blob), expected);
    constexpr std::size_t footer_size = 51;
    const std::string footer = written->blob.substr(written->blob.size() - footer_size);
    const std::size_t toc = std::stoull(footer.substr(16, 16), nullptr, 16);
    EXPECT_EQ(footer.substr(32, 6), "STARGZ");
    const std::string end = written->blob.substr(toc, written->blob.size() - toc - footer_size);
    EXPECT_EQ(members_of(end), std::vector<std::string>{std::string(estargz_toc_name)});
    const std::string tar = test::all_of(decompressed(test::source_of(written->blob))).value();
    EXPECT_EQ(written->layer.diff_id, Digest::of(as_bytes(tar)));
    EXPECT_EQ(written->layer.tar_size, tar.size());
}

TEST(WriteLayer, AnEstargzHasNoFileOfTheNameOfItsParts) {
    for (const std::string_view name :
         {estargz_toc_name, estargz_landmark_name, estargz_prefetch_name}) {
        Fixture fixture;
        fixture.add(std::string(name), FileType::regular, "text", false);
        const auto refused = write(fixture, {.estargz = true});
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().rule(), "layer.estargz-name");
        EXPECT_TRUE(write(fixture).has_value());
    }
}

TEST(WriteLayer, DiffIdDependsOnNoEncoding) {
    const Fixture fixture = all_kinds();
    const auto gzip = write(fixture);
    const auto none = write(fixture, {.compression = Compression::none});
    EXPECT_EQ(gzip->layer.diff_id, none->layer.diff_id);
    EXPECT_EQ(none->layer.diff_id, none->layer.digest);
    EXPECT_EQ(gzip->layer.diff_id,
              write(fixture, {.compression = Compression::zstd}, 3)->layer.diff_id);
    EXPECT_EQ(gzip->layer.diff_id,
              write(fixture, {.gzip = {.verbatim_threshold = 1, .level = 1}}, 3)->layer.diff_id);
}

TEST(WriteLayer, OthersReadIt) {
    const Fixture fixture = all_kinds();
    const test::TempFolder folder;
    std::string expected;
    for (const PlannedEntry& entry : fixture.entries) {
        const std::string text = test::all_of(entry.content.open()).value();
        expected += entry.path.str() + " " + Digest::of(as_bytes(text)).hex() + "\n";
    }
    const auto path = folder.write("layer.tar.gz", write(fixture, {}, 2)->blob);
    EXPECT_EQ(test::output_of({"python3", "-c",
                               "import hashlib, sys, tarfile\n"
                               "with tarfile.open(sys.argv[1], 'r:gz') as t:\n"
                               "    for m in t:\n"
                               "        data = t.extractfile(m).read() if m.isreg() else b''\n"
                               "        print(m.name, hashlib.sha256(data).hexdigest())\n",
                               path.string()}),
              text::trim(expected));
    EXPECT_EQ(test::output_of({"gzip", "-t", path.string()}), "");
    const auto zst =
        folder.write("layer.tar.zst", write(fixture, {.compression = Compression::zstd})->blob);
    const std::string zstd = test::output_of({"zstd", "-qt", zst.string()});
    if (zstd.find("there is no program") == std::string::npos) {
        EXPECT_EQ(zstd, "");
    }
}

TEST(WriteLayer, OurOwnReaderFindsTheFiles) {
    const Fixture fixture = all_kinds();
    const std::string blob = write(fixture)->blob;
    auto listing = list_layer(test::source_of(blob),
                              [](const SafePath&, const FileInfo&) { return true; }, {}, {});
    ASSERT_TRUE(listing.has_value()) << listing.error().render();
    const auto tree =
        StackedTree::make({std::make_shared<const LayerListing>(*std::move(listing))});
    for (const PlannedEntry& entry : fixture.entries) {
        if (entry.type == FileType::regular) {
            EXPECT_EQ(test::all_of((*tree)->open(entry.path)).value(),
                      test::all_of(entry.content.open()).value())
                << entry.path.str();
        }
    }
}

TEST(WriteLayer, AnEmptyPlanIsAnEmptyTar) {
    const auto written = write({}, {.compression = Compression::none});
    EXPECT_EQ(written->blob, std::string(1024, '\0'));
}

TEST(WriteLayer, OwnerAndTimeAreThoseOfTheOptions) {
    Fixture fixture;
    fixture.add("f", FileType::regular, "", false);
    const auto written =
        write(fixture, {.uid = 1001, .gid = 5, .mtime = 77, .compression = Compression::none});
    EXPECT_EQ(
        written->blob.substr(0, 512),
        tar_header_bytes({.path = fixture.entries[0].path, .uid = 1001, .gid = 5, .mtime = 77}));
}

TEST(WriteLayer, AnEntryMayHaveAnOwnerOfItsOwn) {
    Fixture fixture;
    fixture.add("f", FileType::regular, "", false);
    fixture.entries[0].owner = FileOwner{.uid = 1001, .gid = 0};
    const auto written =
        write(fixture, {.uid = 7, .gid = 7, .mtime = 77, .compression = Compression::none});
    EXPECT_EQ(written->blob.substr(0, 512),
              tar_header_bytes({.path = fixture.entries[0].path, .uid = 1001, .mtime = 77}));
}

TEST(WriteLayer, RefusesWhatIsNotAsPromised) {
    const auto rule_with = [](std::size_t size, auto change) {
        Fixture fixture;
        fixture.add("a/file", FileType::regular, noise(size, 9), true);
        change(fixture);
        return test::rule_of(write(fixture, {}, 2));
    };
    // Loaded whole, and streamed.
    for (const std::size_t size : {100u, 100'000u, 20u << 20}) {
        EXPECT_EQ(rule_with(size, [](Fixture&) {}), "") << size;
        EXPECT_EQ(rule_with(size, [](Fixture& f) { f.entries[0].sha256 = Digest::of({}); }),
                  "record.hash-mismatch")
            << size;
        EXPECT_EQ(rule_with(size, [](Fixture& f) { f.kept[0]->at(f.kept[0]->size() / 2) ^= 0x40; })
                      .substr(0, 8),
                  "deflate.")
            << size;
    }
    EXPECT_EQ(rule_with(1, [](Fixture& f) { f.add("a/b", FileType::regular, "", false); }),
              "plan.order");
    EXPECT_EQ(rule_with(1, [](Fixture& f) { f.add("a/file", FileType::regular, "", false); }),
              "plan.order");
    EXPECT_EQ(rule_with(1, [](Fixture& f) { f.add("b/.wh.x", FileType::regular, "", false); }),
              "layer.whiteout-name");
    Fixture empty;
    empty.add("e", FileType::regular, "", false);
    empty.entries[0].sha256 = Digest::of(as_bytes("x"));
    EXPECT_EQ(test::rule_of(write(empty)), "record.hash-mismatch");
}

TEST(WriteLayer, StopsWhenAsked) {
    std::stop_source stop;
    stop.request_stop();
    StringSink sink;
    const Fixture fixture = all_kinds();
    const auto written =
        write_layer(fixture.entries, {}, sink, {.stop = stop.get_token(), .max_parallel = 2});
    EXPECT_EQ(written.error().code(), ErrorCode::cancelled);
}

}  // namespace
}  // namespace envpack::archive
