#include "envpack/base/bytes.hpp"

#include "envpack/base/clock.hpp"
#include "envpack/base/digest.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace envpack {
namespace {

// FIPS 180-2, appendix B.
constexpr std::string_view abc_hex =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Digest, KnownAnswerAndItsThreeSpellings) {
    const Digest digest = Digest::of(as_bytes("abc"));
    EXPECT_EQ(digest.hex(), abc_hex);
    EXPECT_EQ(Digest::parse("sha256:" + std::string(abc_hex)), digest);
    EXPECT_EQ(Digest::parse_hex("BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015AD"),
              digest);
    EXPECT_EQ(digest.base64url(), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    EXPECT_EQ(Digest::parse_base64url(digest.base64url()), digest);
}

TEST(Digest, MalformedTextsAreRefused) {
    const std::string hex(abc_hex);
    for (const std::string& text :
         {std::string(), hex, "sha256:" + hex.substr(1), "sha256:" + hex + "0", "sha1:" + hex,
          "sha256:B" + hex.substr(1), "sha256:../" + hex.substr(3), "sha512:" + hex + hex}) {
        EXPECT_FALSE(Digest::parse(text)) << text;
    }
    EXPECT_FALSE(Digest::parse_base64url("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa1"));  // 2 bits
    EXPECT_FALSE(Digest::parse_base64url("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0="));
    EXPECT_FALSE(Digest::parse_base64url("ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0"));
}

Result<std::string> read_verified(std::string_view content, std::uint64_t size) {
    VerifyingSource source(std::make_unique<MemorySource>(content), Digest::of(as_bytes("abc")),
                           size);
    return read_all(source, 100);
}

TEST(VerifyingSource, PassesOnlyTheAnnouncedBytes) {
    EXPECT_EQ(read_verified("abc", 3), "abc");
    for (const auto& [content, size] : {std::pair<std::string_view, std::uint64_t>{"abd", 3},
                                        {"ab", 3},
                                        {"abcd", 3},
                                        {"abc", 2},
                                        {"", 3}}) {
        const auto result = read_verified(content, size);
        ASSERT_FALSE(result) << content;
        EXPECT_EQ(result.error().code(), ErrorCode::digest_mismatch) << content;
    }
}

TEST(Sinks, TeeHashingAndStringSeeTheSameBytes) {
    StringSink text;
    HashingSink hash(&text);
    NullSink count;
    TeeSink both(hash, count);
    MemorySource source("abc");
    EXPECT_EQ(copy(source, both), 3U);
    EXPECT_EQ(text.text(), "abc");
    EXPECT_EQ(count.count(), 3U);
    EXPECT_EQ(std::move(hash).digest().hex(), abc_hex);
}

TEST(Sinks, StringSinkStopsAtItsLimit) {
    MemorySource source("abcdef");
    EXPECT_EQ(read_all(source, 5).error().code(), ErrorCode::limit_exceeded);
}

// Longer than the first room, as long as expected, longer, shorter: what is read decides.
TEST(Bytes, ReadAllGrowsWithWhatItReads) {
    std::string long_text(10'000, 'x');
    long_text.back() = 'y';
    for (const std::size_t expected : {0U, 9'999U, 10'000U, 10'001U, 50'000U}) {
        MemorySource source(long_text);
        EXPECT_EQ(read_all(source, 10'000, expected), long_text) << expected;
    }
    MemorySource source(long_text);
    EXPECT_EQ(read_all(source, 9'999, 10'000).error().code(), ErrorCode::limit_exceeded);
}

TEST(Copy, StopsWhenTheRunIsStopped) {
    std::stop_source stop;
    stop.request_stop();
    MemorySource source("abc");
    NullSink sink;
    EXPECT_EQ(copy(source, sink, {.stop = stop.get_token()}).error().code(), ErrorCode::cancelled);
}

// Contract of the seam Clock, for both of its versions.
TEST(Clock, BothVersionsTellAnInstantThatCanBeWritten) {
    const SystemClock system;
    const FixedClock fixed(1700000000);
    const Clock* const clocks[] = {&system, &fixed};
    for (const Clock* clock : clocks) {
        EXPECT_GE(clock->now(), 0);
        EXPECT_LE(clock->now(), clock->now());
        EXPECT_EQ(format_rfc3339(clock->now()).size(), 20U);
    }
    EXPECT_EQ(format_rfc3339(fixed.now()), "2023-11-14T22:13:20Z");
    EXPECT_EQ(format_rfc3339(0), "1970-01-01T00:00:00Z");
    EXPECT_EQ(format_rfc3339(951782400), "2000-02-29T00:00:00Z");
}

TEST(Clock, SourceDateEpochIsStrict) {
    EXPECT_EQ(parse_source_date_epoch("0"), 0);
    EXPECT_EQ(parse_source_date_epoch("253402300799"), 253402300799);
    for (const char* text : {"", "-1", "1.5", "1e3", " 1", "1 ", "253402300800", "now"}) {
        EXPECT_FALSE(parse_source_date_epoch(text)) << text;
    }
}

}  // namespace
}  // namespace envpack
