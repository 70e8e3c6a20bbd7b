#include "envpack/packaging/requirement.hpp"

#include "support/conformance.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

Requirement requirement(std::string_view text) {
    auto result = Requirement::parse(text);
    EXPECT_TRUE(result) << text << ": " << (result ? "" : result.error().render());
    return result ? *result : *Requirement::parse("failed");
}

TEST(Requirement, PrintsNormalised) {
    const std::vector<std::pair<std::string_view, std::string_view>> table = {
        {"Foo", "foo"},
        {" foo ", "foo"},
        {"foo>=1.0", "foo>=1.0"},
        {"foo (>=1.0, <2)", "foo<2,>=1.0"},
        {"foo >= 1.0 , < 2,", "foo<2,>=1.0"},
        {"foo()", "foo"},
        {"foo[]", "foo"},
        {"My.Pkg [ b , A_c,b ] ~=1.4 ;os_name=='x'", "my-pkg[a-c,b]~=1.4; os_name == \"x\""},
        {"foo==1.*;'a' in extra", "foo==1.*; \"a\" in extra"},
        {"foo===1.1build1 ; os_name == 'x'", "foo===1.1build1; os_name == \"x\""},
        {"foo@https://host/a;b", "foo @ https://host/a;b"},
        {"foo[x] @ git+https://host/r@v1#egg=y ; os_name == 'a'",
         "foo[x] @ git+https://host/r@v1#egg=y ; os_name == \"a\""},
        {"torch==2.6.0+cu124", "torch==2.6.0+cu124"},
    };
    for (const auto& [text, printed] : table) {
        const Requirement parsed = requirement(text);
        EXPECT_EQ(parsed.to_string(), printed);
        EXPECT_EQ(requirement(printed), parsed);
    }
}

struct BadRequirement {
    std::string_view text;
    std::size_t offset;
    std::size_t length;
    std::string_view hint;
};

TEST(Requirement, ErrorsPointAtTheBadPieceAndHelp) {
    const std::vector<BadRequirement> table = {
        {"foo=1.0", 3, 4, "did you mean `foo==1.0`?"},
        {"numpy=1.26.4=py311h", 5, 14, "did you mean `numpy==1.26.4`?"},
        {"torch 2.1", 6, 3, "did you mean `torch==2.1`?"},
        {"foo>=1 <2", 7, 2, "put a comma between the two conditions"},
        {"-r base.txt", 0, 2, "this is an option; a requirement begins with the name of a package"},
        {"./folder", 0, 8, "this looks like a path; a requirement is `name @ file:///path`"},
        {"https://host/x.whl", 5, 13,
         "this looks like a path or a URL; a requirement is `name @ URL`"},
        {"foo#bar", 3, 4, "a comment needs a space before its `#`"},
        {"foo[a b]", 6, 2, ""},
        {"foo[a", 3, 2, ""},
        {"foo[a,]", 6, 1, ""},
        {"foo (>=1", 4, 4, ""},
        {"foo @", 5, 1, ""},
        {"foo @ u x", 8, 1, ""},
        {"foo; os_name == x", 16, 1,
         "a text needs quotes; the usual variables are `python_version`, `sys_platform`, "
         "`platform_machine` and `extra`"},
        {"", 0, 1, ""},
        {"f\xC3\xB6o", 0, 1, ""},
    };
    for (const BadRequirement& row : table) {
        const auto result = Requirement::parse(row.text);
        ASSERT_FALSE(result) << row.text;
        EXPECT_EQ(result.error().code(), ErrorCode::parse_error);
        ASSERT_NE(result.error().span(), nullptr) << row.text;
        EXPECT_EQ(result.error().span()->input, row.text);
        EXPECT_EQ(result.error().span()->offset, row.offset) << row.text;
        EXPECT_EQ(result.error().span()->length, row.length) << row.text;
        EXPECT_EQ(result.error().hint(), row.hint) << row.text;
    }
}

TEST(Requirement, ABadVersionIsPointedAtInsideTheWholeText) {
    for (const std::string_view text : {"foo>=1,>=1.0.x", "foo>=1,>=1.*", "foo>=1,>=1+cu1"}) {
        const auto result = Requirement::parse(text);
        ASSERT_FALSE(result) << text;
        ASSERT_NE(result.error().span(), nullptr) << text;
        EXPECT_EQ(result.error().span()->input, text);
        EXPECT_EQ(result.error().span()->offset, 7u);
    }
}

TEST(RequirementConformance, EqualityAndTextAsPackaging) {
    if (const auto reason = support::conformance_missing(); !reason.empty()) {
        GTEST_SKIP() << reason;
    }
    support::ConformanceReport equality("pep508/requirements_equality.json");
    for (const auto& test_case : support::conformance_cases("pep508/requirements_equality.json")) {
        const auto a = Requirement::parse(*test_case.find("a")->as_string());
        const auto b = Requirement::parse(*test_case.find("b")->as_string());
        equality.expect(a && b && (*a == *b) == *test_case.find("equal")->as_bool(), test_case);
    }
    support::ConformanceReport texts("pep508/requirements_normalized.json");
    for (const auto& test_case :
         support::conformance_cases("pep508/requirements_normalized.json")) {
        const auto parsed = Requirement::parse(*test_case.find("input")->as_string());
        texts.expect(parsed && parsed->to_string() == *test_case.find("normalized")->as_string(),
                     test_case);
    }
}

}  // namespace
}  // namespace envpack::packaging
