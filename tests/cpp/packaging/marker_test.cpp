#include "envpack/packaging/marker.hpp"

#include "support/conformance.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

MarkerEnvironment linux_311() {
    return {{{"implementation_name", "cpython"},
             {"implementation_version", "3.11.7"},
             {"os_name", "posix"},
             {"platform_machine", "x86_64"},
             {"platform_python_implementation", "CPython"},
             {"platform_release", "5.15.0-generic"},
             {"platform_system", "Linux"},
             {"platform_version", "#1 SMP"},
             {"python_full_version", "3.11.7"},
             {"python_version", "3.11"},
             {"sys_platform", "linux"}}};
}

Marker marker(std::string_view text) {
    auto result = Marker::parse(text);
    EXPECT_TRUE(result) << text << ": " << (result ? "" : result.error().render());
    return result ? *result : *Marker::parse("os_name == ''");
}

std::vector<PackageName> names(const std::vector<std::string>& texts) {
    std::vector<PackageName> result;
    for (const std::string& text : texts) {
        result.push_back(*PackageName::parse(text));
    }
    return result;
}

struct Evaluation {
    std::string_view text;
    bool expected;
};

TEST(Marker, EvaluatesAsPackagingDoes) {
    const std::vector<Evaluation> table = {
        {"python_version >= '3.8'", true},
        {"python_version < '3.9'", false},  // as versions: 3.11 > 3.9
        {"'3.9' <= python_version", true},
        {"python_version ~= '3.10'", true},
        {"python_version in '3.10, 3.11'", true},  // a substring
        {"python_version not in '2.7'", true},
        {"python_version == '3.*'", true},
        {"python_full_version === '3.11.7'", true},
        {"python_version > 'three'", false},  // no version: only equality is defined
        {"platform_release >= '5'", false},   // 5.15.0-generic is no version
        {"platform_release == '5.15.0-generic'", true},
        {"platform_version == '#1 SMP'", true},
        {"os_name ~= 'posix'", false},  // not defined on texts
        {"os_name < 'z'", false},
        {"os_name <= 'posix'", true},
        {"'linux' in sys_platform", true},
        {"sys.platform == 'linux' and os.name == 'posix'", true},
        {"python_implementation == 'CPython'", true},
        {"platform.python_implementation == 'PyPy'", false},
        {"os_name == 'nt' and os_name == 'x' or os_name == 'posix'", true},
        {"os_name == 'posix' or os_name == 'x' and os_name == 'y'", true},
        {"(os_name == 'posix' or os_name == 'x') and os_name == 'y'", false},
        {"extra == 'test'", false},
        {"extra != 'test'", true},
        {"'a' == 'a'", false},
    };
    for (const Evaluation& row : table) {
        EXPECT_EQ(marker(row.text).evaluate(linux_311()), row.expected) << row.text;
    }
}

TEST(Marker, HoldsWhenItHoldsForOneOfTheExtras) {
    const auto extras = names({"docs", "GPU_Tools"});
    EXPECT_TRUE(marker("extra == 'gpu.tools'").evaluate(linux_311(), extras));
    EXPECT_TRUE(marker("'docs' == extra").evaluate(linux_311(), extras));
    EXPECT_FALSE(marker("extra == 'test'").evaluate(linux_311(), extras));
    EXPECT_TRUE(marker("extra == 'docs'").evaluate_with_extra(linux_311(), &extras.front()));
    EXPECT_FALSE(marker("extra == 'docs'").evaluate_with_extra(linux_311(), nullptr));
}

TEST(Marker, LooksIntoTheSetsOfLockFiles) {
    const auto extras = names({"cpu"});
    const auto groups = names({"dev-tools"});
    EXPECT_TRUE(marker("'CPU' in extras").evaluate(linux_311(), extras, groups));
    EXPECT_TRUE(marker("'dev_tools' in dependency_groups").evaluate(linux_311(), extras, groups));
    EXPECT_FALSE(marker("'dev_tools' not in dependency_groups").evaluate(linux_311(), {}, groups));
    EXPECT_FALSE(marker("extras == 'cpu'").evaluate(linux_311(), extras, groups));
}

TEST(Marker, AVariableThatIsNotSetIsFalseEitherWay) {
    EXPECT_FALSE(marker("os_name == 'posix'").evaluate({}));
    EXPECT_FALSE(marker("os_name != 'posix'").evaluate({}));
}

TEST(Marker, PythonBetweenReleasesIsALocalVersion) {
    auto environment = linux_311();
    environment.values["python_full_version"] = "3.14.0a1+";
    EXPECT_TRUE(marker("python_full_version >= '3.14.0a1'").evaluate(environment));
    EXPECT_FALSE(marker("python_full_version >= '3.14'").evaluate(environment));
}

TEST(Marker, PrintsWhatItParses) {
    const std::vector<std::pair<std::string_view, std::string_view>> table = {
        {"(((os.name=='posix')))", R"(os_name == "posix")"},
        {"(os_name=='a'and os_name=='b')or os_name=='c'",
         R"((os_name == "a" and os_name == "b") or os_name == "c")"},
        {"'x\"y' not  in platform_version", R"('x"y' not in platform_version)"},
        {"extra == 'A_b'", R"(extra == "a-b")"},
        {"\tpython_version>='3'\t", R"(python_version >= "3")"},
    };
    for (const auto& [text, printed] : table) {
        EXPECT_EQ(marker(text).to_string(), printed);
        EXPECT_EQ(marker(printed), marker(text));
    }
}

TEST(Marker, KnowsWhetherItMentionsAnExtra) {
    EXPECT_TRUE(marker("os_name == 'a' or (os_name == 'b' and 'x' == extra)").mentions_extra());
    EXPECT_TRUE(marker("'x' in extras").mentions_extra());
    EXPECT_FALSE(marker("'extra' in os_name").mentions_extra());
}

struct BadMarker {
    std::string_view text;
    std::size_t offset;
    std::size_t length;
    std::string_view hint;
};

TEST(Marker, ErrorsPointAtTheBadPiece) {
    const std::vector<BadMarker> table = {
        {"python_version >= 3.8", 18, 3, "write `\"3.8\"`"},
        {"os_name = 'posix'", 8, 1, "to compare, write `==`"},
        {"os_name == 'posix", 11, 6, ""},
        {"(os_name == 'a'", 0, 15, ""},
        {"os_name == 'a' os_name == 'b'", 15, 7, ""},
        {"os_name not 'a'", 12, 3, ""},
        {"platform == 'x'", 0, 8,
         "a text needs quotes; the usual variables are `python_version`, "
         "`sys_platform`, `platform_machine` and `extra`"},
        {"", 0, 1, ""},
        {"os_name == 'a\nb'", 11, 5, ""},
    };
    for (const BadMarker& row : table) {
        const auto result = Marker::parse(row.text);
        ASSERT_FALSE(result) << row.text;
        EXPECT_EQ(result.error().code(), ErrorCode::parse_error);
        ASSERT_NE(result.error().span(), nullptr) << row.text;
        EXPECT_EQ(result.error().span()->offset, row.offset) << row.text;
        EXPECT_EQ(result.error().span()->length, row.length) << row.text;
        EXPECT_EQ(result.error().hint(), row.hint) << row.text;
    }
}

TEST(Marker, NestingIsBounded) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '(') + "os_name == 'x'" + std::string(depth, ')');
    };
    EXPECT_TRUE(Marker::parse(nested(64)));
    const auto deep = Marker::parse(nested(100'000));
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().code(), ErrorCode::limit_exceeded);
    std::string wide = "os_name == 'x'";
    for (int i = 0; i < 10'000; ++i) {
        wide += " and os_name == 'x'";
    }
    EXPECT_FALSE(marker(wide).evaluate(linux_311()));
}

class MarkerConformance : public testing::Test {
protected:
    void SetUp() override {
        if (const auto reason = support::conformance_missing(); !reason.empty()) {
            GTEST_SKIP() << reason;
        }
    }
};

TEST_F(MarkerConformance, PrintsAndRejectsAsPackaging) {
    support::ConformanceReport texts("pep508/markers_str.json");
    for (const auto& test_case : support::conformance_cases("pep508/markers_str.json")) {
        const auto parsed = Marker::parse(*test_case.find("input")->as_string());
        texts.expect(parsed && parsed->to_string() == *test_case.find("str")->as_string(),
                     test_case);
    }
    support::ConformanceReport invalid("pep508/markers_invalid_hand.json");
    for (const auto& test_case : support::conformance_cases("pep508/markers_invalid_hand.json")) {
        invalid.expect(!Marker::parse(*test_case.as_string()), test_case);
    }
}

TEST_F(MarkerConformance, EvaluatesAsPackaging) {
    support::ConformanceReport report("pep508/markers_eval_hand.json");
    for (const auto& test_case : support::conformance_cases("pep508/markers_eval_hand.json")) {
        MarkerEnvironment environment = linux_311();
        for (const auto& [key, value] : *test_case.find("environment_overrides")->as_object()) {
            environment.values[key] = *value.as_string();
        }
        const auto parsed = Marker::parse(*test_case.find("marker")->as_string());
        report.expect(
            parsed && parsed->evaluate(environment) == *test_case.find("expected")->as_bool(),
            test_case);
    }
}

}  // namespace
}  // namespace envpack::packaging
