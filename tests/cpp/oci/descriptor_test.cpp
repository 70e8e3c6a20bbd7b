#include "envpack/oci/descriptor.hpp"

#include "oci/images.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

using test::must;
using test::verdict;

// The content "hello".
const std::string hello = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

Result<Descriptor> read(const std::string& text) {
    return Descriptor::from_json(must(json::parse(text)));
}

std::string with(const std::string& members) {
    return R"({"mediaType":"text/plain","digest":")" + hello + R"(","size":5)" + members + "}";
}

TEST(Descriptor, ReadsAndWritesEveryField) {
    const std::string text = with(
        R"(,"artifactType":"a/b","urls":["https://files.example/x"],"data":"aGVsbG8=",)"
        R"("annotations":{"k":"v"},"platform":{"architecture":"arm64","os":"linux","variant":"v8"})");
    const Descriptor descriptor = must(read(text));
    EXPECT_EQ(descriptor.data, "hello");
    EXPECT_EQ(descriptor.size, 5u);
    EXPECT_EQ(descriptor.platform->to_string(), "linux/arm64/v8");
    EXPECT_EQ(json::to_canonical(descriptor.to_json()),
              json::to_canonical(must(json::parse(text))));
    EXPECT_EQ(must(Descriptor::from_json(descriptor.to_json())), descriptor);
}

TEST(Descriptor, RefusesWhatCannotBeTrusted) {
    struct Row {
        std::string text;
        std::string verdict;
    };
    const auto of = [](const std::string& digest, const std::string& size = "5",
                       const std::string& type = "text/plain") {
        return R"({"mediaType":")" + type + R"(","digest":")" + digest + R"(","size":)" + size +
               "}";
    };
    const std::string digits = hello.substr(7);
    const Row rows[] = {
        {of(hello), "ok"},
        {"[]", "oci.descriptor"},
        {"{}", "oci.descriptor"},
        {of(""), "oci.descriptor"},
        {of(digits), "oci.descriptor"},
        {of("sha256:"), "oci.descriptor"},
        {of("sha256:" + digits.substr(1)), "oci.descriptor"},
        {of("sha256:" + digits + "0"), "oci.descriptor"},
        {of("SHA256:" + digits), "oci.descriptor"},
        {of("sha256:2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"),
         "oci.descriptor"},
        {of("sha256:../../../../../../../../etc/passwd"), "oci.descriptor"},
        {of("../sha256:" + digits), "oci.descriptor"},
        {of("sha1:" + digits.substr(0, 40)), "oci.digest-algorithm"},
        {of("sha512:" + digits + digits), "oci.digest-algorithm"},
        {of(hello, "-1"), "oci.descriptor"},
        {of(hello, "9223372036854775807"), "ok"},
        {of(hello, "9223372036854775808"), "oci.descriptor"},
        {of(hello, "5.5"), "oci.descriptor"},
        {of(hello, "\"5\""), "oci.descriptor"},
        {of(hello, "null"), "oci.descriptor"},
        {of(hello, "5", ""), "oci.descriptor"},
        {of(hello, "5", "plain"), "oci.descriptor"},
        {of(hello, "5", "a/b c"), "oci.descriptor"},
        {with(R"(,"urls":"x")"), "oci.descriptor"},
        {with(R"(,"urls":[1])"), "oci.document"},
        {with(R"(,"annotations":{"a":1})"), "oci.document"},
        {with(R"(,"annotations":[])"), "oci.descriptor"},
        {with(R"(,"platform":"linux/amd64")"), "oci.platform"},
        {with(R"(,"data":"aGVsbG8=")"), "ok"},
        {with(R"(,"data":"aGVsbG8")"), "oci.descriptor"},
        {with(R"(,"data":"aGVsbG9=")"), "oci.descriptor"},  // spare bits
        {with(R"(,"data":"aGVs bG8=")"), "oci.descriptor"},
        {with(R"(,"data":"aGVsbGE=")"), "oci.descriptor-data"},
        {with(R"(,"data":"aGVsbG8h")"), "oci.descriptor-data"},
    };
    for (const Row& row : rows) {
        const auto descriptor = read(row.text);
        const std::string actual = verdict(descriptor);
        // A wrong kind deeper inside names the document; both are refusals of the same thing.
        EXPECT_TRUE(actual == row.verdict || (row.verdict == "oci.document" && actual != "ok"))
            << row.text << ": " << actual;
    }
}

TEST(Platform, IsReadAsPeopleWriteIt) {
    for (const std::string_view text : {"linux/amd64", "linux/arm/v7", "windows/amd64"}) {
        EXPECT_EQ(must(Platform::parse(text)).to_string(), text);
    }
    for (const std::string_view text : {"", "linux", "linux/", "/amd64", "a/b/c/d", "a/b c"}) {
        EXPECT_EQ(verdict(Platform::parse(text)), "oci.platform") << text;
    }
}

TEST(Platform, SatisfiesTheSameOrAnOlderArm) {
    struct Row {
        const char* offered;
        const char* wanted;
        bool answer;
    };
    const Row rows[] = {
        {"linux/amd64", "linux/amd64", true},    {"linux/amd64/v3", "linux/amd64", false},
        {"linux/amd64/v1", "linux/amd64", true}, {"linux/arm64", "linux/amd64", false},
        {"windows/amd64", "linux/amd64", false}, {"linux/arm64/v8", "linux/arm64", true},
        {"linux/arm64", "linux/arm64/v8", true}, {"linux/arm/v6", "linux/arm", true},
        {"linux/arm/v7", "linux/arm/v6", false}, {"linux/arm", "linux/arm/v7", true},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(satisfies(must(Platform::parse(row.offered)), must(Platform::parse(row.wanted))),
                  row.answer)
            << row.offered << " for " << row.wanted;
    }
}

}  // namespace
}  // namespace envpack::oci
