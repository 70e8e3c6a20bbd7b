#include "envpack/wheel/wheel_archive.hpp"

#include "envpack/base/json.hpp"
#include "support/conformance.hpp"
#include "support/planned_tree.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::wheel {
namespace {

using test::TempFolder;
using test::WheelBuilder;

WheelBuilder demo() {
    WheelBuilder builder;
    builder.add("demo/__init__.py", "").add("demo/data.bin", std::string(100'000, 'x'));
    builder.add("demo/tool.sh", "#!/bin/sh\n", true);
    return builder;
}

TEST(WheelArchive, GivesWhatTheWheelSays) {
    const TempFolder folder;
    WheelBuilder builder = demo();
    builder.entry_points("[console_scripts]\ndemo = demo:main\n");
    const auto wheel = WheelArchive::open(builder.write(folder.path()));
    ASSERT_TRUE(wheel.has_value()) << wheel.error().render();
    EXPECT_EQ(wheel->name().str(), "demo");
    EXPECT_EQ(wheel->version().to_string(), "1.0");
    EXPECT_EQ(wheel->dist_info().str(), "demo-1.0.dist-info");
    EXPECT_TRUE(wheel->wheel_metadata().root_is_purelib);
    EXPECT_EQ(wheel->metadata().name, wheel->name());
    ASSERT_EQ(wheel->entry_points().console_scripts.size(), 1u);
    EXPECT_EQ(wheel->files().size(), 7u);
    EXPECT_TRUE(wheel->notes().empty());

    const WheelFile* const tool = wheel->find(SafePath::parse("demo/tool.sh").value());
    ASSERT_NE(tool, nullptr);
    EXPECT_TRUE(tool->executable);
    EXPECT_EQ(tool->sha256, Digest::of(as_bytes("#!/bin/sh\n")));
    EXPECT_EQ(test::text_of(tool->content), "#!/bin/sh\n");
    EXPECT_EQ(wheel->find(SafePath::parse("demo").value()), nullptr);
    EXPECT_TRUE(wheel->verify().has_value());
}

TEST(WheelArchive, CacheEntryIsOpenedUnderItsOwnName) {
    const TempFolder folder;
    const auto file = folder.write("0123abcd", demo().bytes());
    EXPECT_FALSE(WheelArchive::open(file).has_value());
    EXPECT_TRUE(WheelArchive::open_as(file, "demo-1.0-py3-none-any.whl").has_value());
}

TEST(WheelArchive, SpellingsOfOneNameAndVersionAreEqual) {
    const TempFolder folder;
    WheelBuilder builder("Demo.Pkg", "1.0.0+ABC");
    builder.filename("demo_pkg-1.0.0+abc-py3-none-any.whl");
    const auto wheel = WheelArchive::open(builder.write(folder.path()));
    ASSERT_TRUE(wheel.has_value()) << wheel.error().render();
    EXPECT_EQ(wheel->name().str(), "demo-pkg");
}

TEST(WheelArchive, OddButHarmlessIsNoted) {
    const TempFolder folder;
    WheelBuilder builder;
    builder.add(builder.dist_info("WHEEL"),
                "Wheel-Version: 1.9\nRoot-Is-Purelib: true\nTag: py2-none-any\n");
    const auto wheel = WheelArchive::open(builder.write(folder.path()));
    ASSERT_TRUE(wheel.has_value()) << wheel.error().render();
    EXPECT_EQ(wheel->notes().size(), 2u);
}

struct Lie {
    std::string_view rule;
    std::string_view what;
    std::function<void(WheelBuilder&)> tell;
};

std::string joined(const std::vector<std::string>& rows) {
    std::string text;
    for (const std::string& row : rows) {
        text += row;
    }
    return text;
}

// RECORD with the row of demo/__init__.py replaced.
std::function<void(WheelBuilder&)> with_row(std::string row) {
    return [row](WheelBuilder& builder) {
        std::vector<std::string> rows = builder.record_rows();
        for (std::string& old : rows) {
            if (old.starts_with("demo/__init__.py,")) {
                old = row;
            }
        }
        builder.record(joined(rows));
    };
}

std::function<void(WheelBuilder&)> and_row(std::string row) {
    return [row](WheelBuilder& builder) { builder.record(joined(builder.record_rows()) + row); };
}

std::function<void(WheelBuilder&)> with_file(std::string path, std::string text) {
    return [path, text](WheelBuilder& builder) { builder.add(path, text); };
}

TEST(WheelArchive, EachLieIsRefusedByItsRule) {
    const std::string empty_hash = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
    const std::string info = "demo-1.0.dist-info/";
    const std::string head = "Metadata-Version: 2.1\n";
    const std::vector<Lie> lies = {
        {"record.missing", "no RECORD", [](WheelBuilder& b) { b.no_record(); }},
        {"record.not-listed", "a file without a row", with_row("")},
        {"record.no-file", "a row without a file", and_row("demo/gone.py," + empty_hash + ",0\n")},
        {"record.weak-hash", "md5", with_row("demo/__init__.py,md5=1B2M2Y8AsgTpgAmY7PhCfg,0\n")},
        {"record.weak-hash", "sha1",
         with_row("demo/__init__.py,sha1=2jmj7l5rSw0yVb_vlWAYkK_YBwk,0\n")},
        {"record.hex-hash", "hexadecimal",
         with_row("demo/__init__.py,sha256="
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855,0\n")},
        {"record.size", "a wrong size", with_row("demo/__init__.py," + empty_hash + ",1\n")},
        {"record.bad-size", "a negative size",
         with_row("demo/__init__.py," + empty_hash + ",-1\n")},
        {"record.duplicate-row", "two rows", and_row("demo/__init__.py," + empty_hash + ",0\n")},
        {"record.path", "an absolute path", and_row("/etc/passwd," + empty_hash + ",0\n")},
        {"record.path", "a path that climbs", and_row("../demo.py," + empty_hash + ",0\n")},
        {"record.path", "another spelling", and_row("demo/./__init__.py," + empty_hash + ",0\n")},
        {"record.hash-mismatch", "a wrong hash of METADATA",
         [&](WheelBuilder& b) {
             std::vector<std::string> rows = b.record_rows();
             for (std::string& row : rows) {
                 if (row.starts_with(info + "METADATA")) {
                     row = info + "METADATA," + empty_hash + ",\n";
                 }
             }
             b.record(joined(rows));
         }},
        {"wheel.dist-info", "two .dist-info folders",
         with_file("other-1.0.dist-info/METADATA", "")},
        {"wheel.dist-info", "two that differ in case",
         with_file("Demo-1.0.DIST-INFO/METADATA", "")},
        {"wheel.dist-info", "another name",
         [](WheelBuilder& b) { b.filename("other-1.0-py3-none-any.whl"); }},
        {"wheel.dist-info", "another version",
         [](WheelBuilder& b) { b.filename("demo-2.0-py3-none-any.whl"); }},
        {"wheel.missing-file", "no METADATA",
         [&](WheelBuilder& b) { b.remove(info + "METADATA"); }},
        {"wheel.missing-file", "no WHEEL", [&](WheelBuilder& b) { b.remove(info + "WHEEL"); }},
        {"wheel.identity", "METADATA of another project",
         with_file(info + "METADATA", head + "Name: other\nVersion: 1.0\n")},
        {"wheel.identity", "METADATA of another version",
         with_file(info + "METADATA", head + "Name: demo\nVersion: 1.1\n")},
        {"wheel.version", "Wheel-Version 2.0", with_file(info + "WHEEL", "Wheel-Version: 2.0\n")},
        {"entry-points.bad-name", "a command outside bin",
         with_file(info + "entry_points.txt", "[console_scripts]\n../../bin/x = demo:main\n")},
        {"zip.duplicate-name", "two members of one name",
         [](WheelBuilder& b) { b.add("demo//__init__.py", ""); }},
    };
    for (const Lie& lie : lies) {
        const TempFolder folder;
        WheelBuilder builder = demo();
        lie.tell(builder);
        const auto wheel = WheelArchive::open(builder.write(folder.path()));
        ASSERT_FALSE(wheel.has_value()) << lie.what;
        if (lie.rule == "zip.duplicate-name") {
            EXPECT_TRUE(wheel.error().rule().starts_with("zip.")) << wheel.error().render();
            continue;
        }
        EXPECT_EQ(wheel.error().rule(), lie.rule) << lie.what << ": " << wheel.error().render();
    }
}

TEST(WheelArchive, RowsWithoutSha256AreNoted) {
    const std::string sha512 =
        "sha512=z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg_SpIdNs6c5H0NE8XYXysP-DGNKHfuwvY7kxvUdBeoGlODJ6-"
        "SfaPg";
    for (const std::string& row :
         {std::string("demo/__init__.py,,\n"), "demo/__init__.py," + sha512 + ",0\n"}) {
        const TempFolder folder;
        WheelBuilder builder = demo();
        with_row(row)(builder);
        const auto wheel = WheelArchive::open(builder.write(folder.path()));
        ASSERT_TRUE(wheel.has_value()) << wheel.error().render();
        EXPECT_EQ(wheel->notes().size(), 1u);
        EXPECT_FALSE(wheel->find(SafePath::parse("demo/__init__.py").value())->sha256.has_value());
        EXPECT_TRUE(wheel->verify().has_value());
    }
}

TEST(WheelArchive, SignaturesNeedNoRow) {
    const TempFolder folder;
    WheelBuilder builder = demo();
    const std::string rows = joined(builder.record_rows());
    builder.add(builder.dist_info("RECORD.jws"), "{}").record(rows);
    const auto wheel = WheelArchive::open(builder.write(folder.path()));
    EXPECT_TRUE(wheel.has_value()) << wheel.error().render();
}

TEST(WheelArchive, VerifyNamesTheFirstFileUnlikeItsHash) {
    const TempFolder folder;
    WheelBuilder builder = demo();
    with_row("demo/__init__.py,sha256=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA,0\n")(builder);
    const auto wheel = WheelArchive::open(builder.write(folder.path()));
    ASSERT_TRUE(wheel.has_value()) << wheel.error().render();
    const auto verified = wheel->verify();
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().code(), ErrorCode::digest_mismatch);
    EXPECT_EQ(verified.error().rule(), "record.hash-mismatch");
    EXPECT_NE(verified.error().message().find("demo/__init__.py"), std::string_view::npos);
}

TEST(WheelArchive, HugeMetadataIsRefusedBeforeItIsRead) {
    const TempFolder folder;
    const auto wheel = WheelArchive::open(demo().write(folder.path()), {.max_metadata = 20});
    ASSERT_FALSE(wheel.has_value());
    EXPECT_EQ(wheel.error().code(), ErrorCode::limit_exceeded);
}

// --- wheels of other people -----------------------------------------------------------------

// What expected.json says of one wheel against what we say; empty when both agree.
std::string difference(const json::Value& expected, const std::filesystem::path& folder) {
    const std::string& file = *expected.find("file")->as_string();
    const bool reject = *expected.find("verdict")->as_string() == "reject";
    const bool wrong_record = !expected.find("record_wrong")->as_array()->empty() ||
                              !expected.find("not_in_record")->as_array()->empty();
    const auto wheel = WheelArchive::open(folder / file);
    if (!wheel) {
        return reject || wrong_record ? "" : wheel.error().render();
    }
    if (reject) {
        return "is not refused";
    }
    if (wheel->verify().has_value() == wrong_record) {
        return "verify() disagrees";
    }
    if (wheel->name().str() != *expected.find("name")->as_string() ||
        wheel->version().to_string() != *expected.find("version")->as_string()) {
        return "is named " + std::string(wheel->name().str());
    }
    std::vector<std::string> tags;
    for (const packaging::Tag& tag : wheel->filename().tags) {
        tags.push_back(tag.to_string());
    }
    json::Array expected_tags = *expected.find("tags")->as_array();
    if (json::Array(tags.begin(), tags.end()) != expected_tags) {
        return "has other tags";
    }
    if (wheel->wheel_metadata().root_is_purelib != *expected.find("root_is_purelib")->as_bool() ||
        wheel->dist_info().str() != *expected.find("dist_info")->as_array()->front().as_string()) {
        return "has another WHEEL or .dist-info";
    }
    const json::Value* const python = expected.find("metadata")->find("requires_python");
    const packaging::CoreMetadata& metadata = wheel->metadata();
    if ((metadata.requires_python || !metadata.invalid_requires_python.empty()) !=
        (python != nullptr)) {
        return "has another Requires-Python";
    }
    return "";
}

TEST(WheelArchive, ConformanceWheelsAreJudgedAsExpected) {
    if (const std::string reason = support::conformance_missing(); !reason.empty()) {
        GTEST_SKIP() << reason;
    }
    const std::filesystem::path folder = support::conformance_folder() / "wheels";
    {
        support::ConformanceReport report("wheels/expected.json");
        for (const json::Value& expected : support::conformance_cases("wheels/expected.json")) {
            const std::string found = difference(expected, folder);
            EXPECT_EQ(found, "") << *expected.find("file")->as_string();
            report.expect(found.empty(), expected);
        }
    }
    for (const auto& item : std::filesystem::directory_iterator(folder)) {
        if (item.path().extension() != ".whl") {
            EXPECT_FALSE(WheelArchive::open(item.path()).has_value()) << item.path();
        }
    }
}

}  // namespace
}  // namespace envpack::wheel
