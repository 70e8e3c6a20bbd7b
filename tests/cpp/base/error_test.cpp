#include "envpack/base/error.hpp"

#include "envpack/base/result.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace envpack {
namespace {

TEST(Error, RendersMessageCaretContextsRuleAndHint) {
    const Error error = Error(ErrorCode::parse_error, "no version after `==`")
                            .with_span("numpy==", 5, 2)
                            .with_context("while reading requirements.txt:7")
                            .with_context("while resolving")
                            .with_rule("requirement.version")
                            .with_hint("write `numpy==2.1`");
    EXPECT_EQ(error.render(),
              "no version after `==`\n"
              "    numpy==\n"
              "         ^^\n"
              "  while reading requirements.txt:7\n"
              "  while resolving\n"
              "  rule: requirement.version\n"
              "hint: write `numpy==2.1`");
    EXPECT_EQ(error.contexts().front(), "while resolving");
}

TEST(Error, CaretStandsUnderTheRightLineOfALongText) {
    const Error error =
        Error(ErrorCode::parse_error, "bad").with_span("one\ntwo three\nfour", 8, 5);
    EXPECT_EQ(error.render(), "bad\n    two three\n        ^^^^^");
}

TEST(Error, CaretNeverLeavesTheInput) {
    for (const std::size_t offset : {std::size_t{0}, std::size_t{3}, std::size_t{99}}) {
        const Error error = Error(ErrorCode::parse_error, "bad").with_span("abc", offset, 99);
        EXPECT_NE(error.render().find("abc\n"), std::string::npos) << offset;
    }
}

TEST(Error, CopiesAreIndependent) {
    const Error plain(ErrorCode::not_found, "no such thing");
    const Error hinted = Error(plain).with_hint("look elsewhere");
    EXPECT_EQ(plain.hint(), "");
    EXPECT_EQ(hinted.hint(), "look elsewhere");
}

TEST(Error, OsFailureTellsAbsenceFromTrouble) {
    EXPECT_EQ(os_failure("open", "/x", ENOENT).code(), ErrorCode::not_found);
    EXPECT_EQ(os_failure("open", "/x", ENOTDIR).code(), ErrorCode::not_found);
    const Error denied = os_failure("open", "/x", EACCES);
    EXPECT_EQ(denied.code(), ErrorCode::io_error);
    EXPECT_EQ(denied.os_error(), EACCES);
    EXPECT_EQ(denied.message(), "cannot open `/x`: Permission denied");
}

Result<int> half(int number) {
    if (number % 2 != 0) {
        return fail(ErrorCode::invalid_argument, "odd");
    }
    return number / 2;
}

Result<int> quarter(int number) {
    ENVPACK_TRY(const int once, half(number));
    ENVPACK_TRY(const int twice, with_context(half(once), "while halving again"));
    return twice;
}

TEST(Result, TryPassesTheErrorOnWithItsContext) {
    EXPECT_EQ(quarter(8), 2);
    EXPECT_EQ(quarter(3).error().contexts().size(), 0U);
    EXPECT_EQ(quarter(6).error().contexts().front(), "while halving again");
}

}  // namespace
}  // namespace envpack
