#include "envpack/oci/reference.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

constexpr std::string_view hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Good {
    std::string text;
    std::string registry;
    std::string repository;
    std::string rest;  ///< ":tag", "@digest" or both
};

const Good good[] = {
    {"ubuntu", "docker.io", "library/ubuntu", ""},
    {"ubuntu:22.04", "docker.io", "library/ubuntu", ":22.04"},
    {"docker.io/ubuntu", "docker.io", "library/ubuntu", ""},
    {"index.docker.io/ubuntu", "docker.io", "library/ubuntu", ""},
    {"pytorch/pytorch:2.5.1-cuda12.4", "docker.io", "pytorch/pytorch", ":2.5.1-cuda12.4"},
    {"registry.example/a/b/c", "registry.example", "a/b/c", ""},
    {"registry.example:5000/a:v1", "registry.example:5000", "a", ":v1"},
    {"localhost/a", "localhost", "a", ""},
    {"localhost:5000/a", "localhost:5000", "a", ""},
    {"HOST/a", "HOST", "a", ""},
    {"[2001:db8::1]/a", "[2001:db8::1]", "a", ""},
    {"[::1]:5000/a:t", "[::1]:5000", "a", ":t"},
    {"a:5000", "docker.io", "library/a", ":5000"},
    {"a__b/c-d.e_f--g", "docker.io", "a__b/c-d.e_f--g", ""},
    {"a:_T-1.x", "docker.io", "library/a", ":_T-1.x"},
    {"a@sha256:" + std::string(hex), "docker.io", "library/a", "@sha256:" + std::string(hex)},
    {"r.example/a:t@sha256:" + std::string(hex), "r.example", "a", ":t@sha256:" + std::string(hex)},
};

TEST(Reference, ReadsShorthandAndWritesItInFull) {
    for (const Good& row : good) {
        const auto reference = Reference::parse(row.text);
        ASSERT_TRUE(reference) << row.text << ": " << reference.error().render();
        EXPECT_EQ(reference->registry(), row.registry) << row.text;
        EXPECT_EQ(reference->repository(), row.repository) << row.text;
        EXPECT_EQ(reference->to_string(), row.registry + "/" + row.repository + row.rest);
    }
}

TEST(Reference, RoundTripIsALaw) {
    for (const Good& row : good) {
        const auto once = Reference::parse(row.text);
        const auto again = Reference::parse(once->to_string());
        ASSERT_TRUE(again) << once->to_string();
        EXPECT_EQ(*once, *again);
    }
}

TEST(Reference, RefusesWhatIsNoName) {
    const std::string bad[] = {
        "",
        ":tag",
        "@sha256:" + std::string(hex),
        "a:",
        "a@",
        "a@sha256:abc",
        "a@sha256:" + std::string(64, 'A'),
        "a@sha512:" + std::string(128, 'a'),
        "a@md5:d41d8cd98f00b204e9800998ecf8427e",
        "Ubuntu",
        "ubuntu/Server",
        "reg.example/..",
        "reg.example/../a",
        "reg.example/a//b",
        "reg.example/",
        "/a",
        "reg.example:99999/a",
        "reg.example:0/a",
        "reg.example:/a",
        "reg.example:port/a",
        "-reg.example/a",
        "reg..example/a",
        "[::1/a",
        "[zz::1]/a",
        "a_-b",
        "a___b",
        "a..b",
        "-a",
        "a-",
        "a b",
        "a\n",
        std::string("a\0b", 3),
        "аdmin",  // Cyrillic а
        "a:" + std::string(129, 't'),
        "a:-t",
        "a:t@x:y@z",
        "https://registry.example/a",
        "user:secret@registry.example/a",
        std::string(hex),
        std::string(256, 'a'),
    };
    for (const std::string& text : bad) {
        const auto reference = Reference::parse(text);
        ASSERT_FALSE(reference) << text << " became " << reference->to_string();
        EXPECT_EQ(reference.error().rule(), "oci.reference") << text;
        EXPECT_EQ(reference.error().code(), ErrorCode::parse_error) << text;
    }
}

TEST(Reference, ErrorPointsAtThePart) {
    const auto reference = Reference::parse("registry.example/Upper:v1");
    ASSERT_FALSE(reference);
    ASSERT_NE(reference.error().span(), nullptr);
    EXPECT_EQ(reference.error().span()->offset, 17u);
    EXPECT_EQ(reference.error().span()->length, 5u);
}

TEST(Reference, IdentifierPrefersDigestThenTagThenLatest) {
    const auto text = [](std::string_view name) {
        const auto identifier = Reference::parse(name)->identifier();
        const Digest* digest = std::get_if<Digest>(&identifier);
        return digest != nullptr ? digest->to_string() : std::get<std::string>(identifier);
    };
    EXPECT_EQ(text("a"), "latest");
    EXPECT_EQ(text("a:t"), "t");
    EXPECT_EQ(text("a:t@sha256:" + std::string(hex)), "sha256:" + std::string(hex));
}

}  // namespace
}  // namespace envpack::oci
