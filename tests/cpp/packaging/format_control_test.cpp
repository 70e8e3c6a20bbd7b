#include "envpack/packaging/format_control.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

struct Row {
    std::vector<std::pair<char, std::string_view>> options;  // 'o': --only-binary, 'n': --no-binary
    bool wheel;
    bool sdist;
};

TEST(FormatControl, TheLaterOptionWinsAndANameWinsOverAll) {
    const std::vector<Row> table = {
        {{}, true, true},
        {{{'o', ":all:"}}, true, false},
        {{{'n', ":all:"}}, false, true},
        {{{'o', "Foo"}}, true, false},
        {{{'o', "other"}}, true, true},
        {{{'o', ":all:"}, {'n', "foo"}}, false, true},
        {{{'n', "foo"}, {'o', ":all:"}}, true, false},
        {{{'n', ":all:"}, {'o', "foo,bar"}}, true, false},
        {{{'o', ":all:"}, {'o', ":none:"}}, true, true},
        {{{'o', ":all:,:none:,bar"}}, true, true},
    };
    const auto name = *PackageName::parse("foo");
    for (const Row& row : table) {
        FormatControl formats;
        std::string shown;
        for (const auto& [option, value] : row.options) {
            ASSERT_TRUE(option == 'o' ? formats.only_binary(value) : formats.no_binary(value));
            shown.append(1, option).append(value).append(" ");
        }
        EXPECT_EQ(formats.allows_wheel(name), row.wheel) << shown;
        EXPECT_EQ(formats.allows_sdist(name), row.sdist) << shown;
    }
    FormatControl formats;
    EXPECT_FALSE(formats.only_binary(":every:"));
}

}  // namespace
}  // namespace envpack::packaging
