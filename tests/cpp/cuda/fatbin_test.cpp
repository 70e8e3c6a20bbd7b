#include "envpack/cuda/fatbin.hpp"

#include "envpack/cuda/file_code.hpp"
#include "support/fatbins.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using fatbins::container;
using fatbins::container_of;
using fatbins::Entry;
using fatbins::ptx;
using fatbins::sass;

struct Found {
    std::vector<FatbinContainer> containers;
    FatbinScan scan;
};

Found scan(const std::string& text, const Limits& limits = {}) {
    Found found;
    found.scan = scan_fatbins(
                     ByteRegion(text),
                     [&](const FatbinContainer& one) { found.containers.push_back(one); }, limits)
                     .value();
    return found;
}

std::vector<std::string> codes(const Found& found) {
    std::vector<std::string> all;
    for (const FatbinContainer& one : found.containers) {
        for (const FatbinEntry& entry : one.entries) {
            all.push_back(entry.code.to_string());
        }
    }
    return all;
}

TEST(Fatbin, EntriesAreToldInTheirOrder) {
    const Found found = scan(container({sass(90, fatbins::a), sass(100, fatbins::f), sass(75),
                                        ptx(120, 9, 0), ptx(90, 8, 5, fatbins::a)}));
    EXPECT_EQ(codes(found), (std::vector<std::string>{"sm_90a", "sm_100f", "sm_75", "compute_120",
                                                      "compute_90a"}));
    const FatbinEntry& last = found.containers.at(0).entries.at(4);
    EXPECT_EQ(last.kind, FatbinEntry::Kind::ptx);
    EXPECT_EQ(last.isa_major, 8U);
    EXPECT_EQ(last.isa_minor, 5U);
    EXPECT_EQ(found.scan.unread_count, 0U);
}

TEST(Fatbin, ContainersAreFoundAtEveryMultipleOfEight) {
    const std::string one = container({sass(80)});
    for (const std::size_t before : {0U, 8U, 64U, 1048568U, 1048576U, 1048584U, 3000000U}) {
        const Found found = scan(std::string(before, 'y') + one + one + "tail");
        ASSERT_EQ(found.containers.size(), 2U) << before;
        EXPECT_EQ(found.containers[0].offset, before);
        EXPECT_EQ(found.containers[1].offset, before + one.size());
        EXPECT_EQ(found.containers[1].size, one.size());
    }
}

TEST(Fatbin, AnUnalignedPatternIsNoContainer) {
    const Found found = scan("1234" + container({sass(80)}));
    EXPECT_EQ(found.scan.containers, 0U);
    EXPECT_EQ(found.scan.unread_count, 0U);
}

TEST(Fatbin, AHeaderLargerThanUsualIsSkipped) {
    Entry entry = sass(120, fatbins::f);
    entry.header_size = 144;
    EXPECT_EQ(codes(scan(container({entry, sass(75)}))),
              (std::vector<std::string>{"sm_120f", "sm_75"}));
}

TEST(Fatbin, KindsThatNobodyDescribedAreKept) {
    Entry lto = sass(90);
    lto.kind = 8;
    Entry odd = sass(90);
    odd.kind = 77;
    const Found found = scan(container({lto, odd}));
    ASSERT_EQ(found.containers.size(), 1U);
    EXPECT_EQ(found.containers[0].entries[0].kind, FatbinEntry::Kind::lto_ir);
    EXPECT_EQ(found.containers[0].entries[1].kind, FatbinEntry::Kind::other);
}

TEST(Fatbin, WhatIsBrokenIsToldAndWhatFollowsIsRead) {
    Entry old = sass(90);
    old.version = 0x0102;
    Entry small = sass(90);
    small.header_size = 56;
    Entry odd = sass(90);
    odd.payload = 12;
    Entry far = sass(90);
    far.payload = 0xFFFF'FFFF'FFFF'FFF8;
    Entry packed = sass(90);
    packed.compressed = 9;
    const std::string good = container({sass(80)});
    const std::string payload = sass(90).bytes();
    const std::vector<std::string> broken = {
        container({old}),
        container({small}),
        container({odd}) + "1234",
        container({far}),
        container({packed}),
        container_of(payload, payload.size() - 8),        // ends inside the entry
        container_of(payload + std::string(8, 'z'), 80),  // bytes left behind it
        container_of(payload, 0xFFFF'FFFF'FFFF'FFF0),
        container_of(payload, 0),
        container_of(payload, payload.size() + 4096),
    };
    for (std::size_t i = 0; i < broken.size(); ++i) {
        const Found found = scan(broken[i] + good);
        EXPECT_EQ(codes(found), std::vector<std::string>{"sm_80"}) << i;
        EXPECT_EQ(found.scan.unread_count, 1U) << i;
        ASSERT_EQ(found.scan.unread.size(), 1U) << i;
        EXPECT_EQ(found.scan.unread[0].offset, 0U);
        EXPECT_FALSE(found.scan.unread[0].reason.empty());
    }
}

TEST(Fatbin, EveryCutOfAContainerIsTold) {
    const std::string whole = container({sass(80), ptx(90, 8, 0)});
    for (std::size_t length = 16; length < whole.size(); ++length) {
        const Found found = scan(whole.substr(0, length));
        EXPECT_EQ(found.scan.containers, 0U) << length;
        EXPECT_EQ(found.scan.unread_count, 1U) << length;
    }
}

TEST(Fatbin, TheNumberOfEntriesIsBounded) {
    const std::string text = container(std::vector<Entry>(20, sass(80)));
    EXPECT_EQ(scan(text, {.max_entries = 20}).scan.containers, 1U);
    EXPECT_EQ(scan(text, {.max_entries = 19}).scan.unread_count, 1U);
}

/// Each says that it reaches to the end, where the walk fails: walked one by one they would cost
/// the square of the size.
TEST(Fatbin, OverlappingContainersCostLinearTime) {
    std::string text;
    constexpr std::size_t count = 40'000;
    for (std::size_t i = 0; i < count; ++i) {
        Entry entry = sass(80);
        entry.payload = 16;  // the header of the next container
        text += entry.bytes().substr(0, 64);
        text += container_of("", (count - i) * 80 - 80 + 64);
    }
    text += std::string(64, 'x');
    const Found found = scan(text);
    EXPECT_EQ(found.scan.containers, 0U);
    EXPECT_NE(found.scan.unread.back().reason.find("too many"), std::string::npos)
        << found.scan.unread_count;
}

TEST(FileCode, ContainersThatAreAlikeAreCounted) {
    std::string text;
    for (int i = 0; i < 1000; ++i) {
        text += container({sass(90), sass(80)});
    }
    text += container({ptx(90, 8, 0)});
    const FileCode code = read_file_code(ByteRegion(text)).value();
    EXPECT_EQ(code.containers.size(), 2U);
    EXPECT_EQ(code.container_count(), 1001U);
    EXPECT_EQ(code.entries().begin()->second, 1000U);
    EXPECT_EQ(code.entries().size(), 3U);
}

std::string ar_member(const std::string& name, const std::string& bytes, std::string size = "") {
    size = size.empty() ? std::to_string(bytes.size()) : size;
    std::string header = name + std::string(48 - name.size(), ' ') + size;
    header.resize(58, ' ');
    return header + "`\n" + bytes + (bytes.size() % 2 == 0 ? "" : "\n");
}

/// Members begin at even offsets, so a container in one can lie at any even offset of the archive.
TEST(FileCode, AStaticArchiveIsReadMemberByMember) {
    const std::string one = container({sass(75)});
    const std::string text = "!<arch>\n" + ar_member("/", "symbols") + ar_member("a.o/", "odd") +
                             ar_member("b.o/", one) + ar_member("c.o/", "12345678" + one);
    const FileCode code = read_file_code(ByteRegion(text)).value();
    EXPECT_EQ(code.container_count(), 2U);
    EXPECT_TRUE(code.unread.empty());
}

TEST(FileCode, ADamagedArchiveIsTold) {
    const std::string one = container({sass(75)});
    for (const std::string& rest : {std::string("rubbish"), ar_member("b.o/", "", "99999"),
                                    ar_member("b.o/", "", "-1"), ar_member("b.o/", "", "x")}) {
        const FileCode code =
            read_file_code(ByteRegion("!<arch>\n" + ar_member("a.o/", one) + rest)).value();
        EXPECT_EQ(code.container_count(), 1U);
        EXPECT_EQ(code.unread.size(), 1U);
    }
}

}  // namespace
}  // namespace envpack::cuda
