#include "envpack/packaging/version_range.hpp"

#include "envpack/base/text.hpp"
#include "support/version_grid.hpp"

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

using support::version;
using support::version_grid;

VersionRange range(std::string_view text) {
    VersionRange all = VersionRange::empty();
    std::string rest(text);
    while (true) {
        const std::size_t bar = rest.find(" | ");
        auto parsed = SpecifierSet::parse(rest.substr(0, bar));
        if (!parsed) {
            ADD_FAILURE() << parsed.error().render();
            return all;
        }
        all = all | VersionRange::of(*parsed);
        if (bar == std::string::npos) {
            return all;
        }
        rest.erase(0, bar + 3);
    }
}

const char* const operators[] = {"~=", "==", "!=", "<=", ">=", "<", ">", "==="};

/// Every clause that can be made of the grid: 8 operators and `.*`, as far as PEP 440 lets them.
std::vector<Specifier> specifier_grid() {
    std::vector<Specifier> grid;
    for (const Version& v : version_grid()) {
        for (const char* const op : operators) {
            for (const char* const suffix : {"", ".*"}) {
                if (auto parsed = Specifier::parse(op + v.to_string() + suffix)) {
                    if (parsed->op() != Operator::arbitrary || parsed->version()) {
                        grid.push_back(*std::move(parsed));
                    }
                }
            }
        }
    }
    return grid;
}

/// Ranges of all shapes: sets of clauses, single versions, and what the operations make of them.
class RangeGenerator {
public:
    explicit RangeGenerator(unsigned seed) : random_(seed) {}

    VersionRange next(int depth = 3) {
        switch (pick(depth == 0 ? 3 : 7)) {
            case 0:
                return VersionRange::of(any(versions_));
            case 1:
                return VersionRange::exactly(any(versions_));
            case 2:
                return VersionRange::of(any(specifiers_));
            case 3:
                return next(depth - 1) & next(depth - 1);
            case 4:
                return next(depth - 1) | next(depth - 1);
            case 5:
                return next(depth - 1).difference(next(depth - 1));
            default:
                return next(depth - 1).complement();
        }
    }

    VersionRange of_specifiers(SpecifierSet& set) {
        std::string text;
        for (std::size_t i = 0; i <= pick(3); ++i) {
            text += any(specifiers_).to_string() + ",";
        }
        set = *SpecifierSet::parse(text);
        return VersionRange::of(set);
    }

    const std::vector<Version>& versions() const { return versions_; }

private:
    std::size_t pick(std::size_t count) {
        // Not std::uniform_int_distribution, whose values differ between standard libraries.
        return random_() % count;
    }
    template <class T>
    const T& any(const std::vector<T>& items) {
        return items[pick(items.size())];
    }

    std::mt19937 random_;
    std::vector<Version> versions_ = version_grid();
    std::vector<Specifier> specifiers_ = specifier_grid();
};

TEST(VersionRange, AcceptsWhatTheClauseAccepts) {
    const auto versions = version_grid();
    std::size_t compared = 0;
    for (const Specifier& specifier : specifier_grid()) {
        const auto accepted = VersionRange::of(specifier);
        for (const Version& v : versions) {
            ASSERT_EQ(accepted.contains(v), specifier.contains(v))
                << specifier.to_string() << " " << v.to_string();
            ++compared;
        }
    }
    EXPECT_GT(compared, 1'000'000u);
}

TEST(VersionRange, AcceptsWhatTheSetAccepts) {
    RangeGenerator generator(440);
    for (int round = 0; round < 1000; ++round) {
        SpecifierSet set;
        const auto accepted = generator.of_specifiers(set);
        for (const Version& v : generator.versions()) {
            ASSERT_EQ(accepted.contains(v), set.contains(v, true))
                << set.to_string() << " " << v.to_string();
        }
    }
}

TEST(VersionRange, OperationsAreThoseOfSets) {
    RangeGenerator generator(1);
    for (int round = 0; round < 1000; ++round) {
        const auto a = generator.next();
        const auto b = generator.next();
        const auto both = a & b;
        const auto either = a | b;
        const auto only_a = a.difference(b);
        const auto not_a = a.complement();
        for (const Version& v : generator.versions()) {
            const bool in_a = a.contains(v);
            const bool in_b = b.contains(v);
            ASSERT_EQ(both.contains(v), in_a && in_b);
            ASSERT_EQ(either.contains(v), in_a || in_b);
            ASSERT_EQ(only_a.contains(v), in_a && !in_b);
            ASSERT_EQ(not_a.contains(v), !in_a);
        }
    }
}

TEST(VersionRange, EqualityMeansTheSameMembers) {
    RangeGenerator generator(2);
    const auto empty = VersionRange::empty();
    const auto full = VersionRange::full();
    for (int round = 0; round < 2000; ++round) {
        const auto a = generator.next();
        const auto b = generator.next();
        const auto c = generator.next();
        ASSERT_EQ(a.complement().complement(), a);
        ASSERT_EQ(a & b, b & a);
        ASSERT_EQ(a | b, b | a);
        ASSERT_EQ((a & b) & c, a & (b & c));
        ASSERT_EQ((a | b) | c, a | (b | c));
        ASSERT_EQ(a & (b | c), (a & b) | (a & c));
        ASSERT_EQ((a & b).complement(), a.complement() | b.complement());
        ASSERT_EQ(a.difference(b), a & b.complement());
        ASSERT_EQ((a & b) | a.difference(b), a);
        ASSERT_EQ(a & a, a);
        ASSERT_EQ(a | a.complement(), full);
        ASSERT_EQ(a & a.complement(), empty);
        ASSERT_EQ(a & full, a);
        ASSERT_EQ(a | empty, a);
        ASSERT_EQ(a.is_subset_of(b), (a & b) == a);
        ASSERT_EQ(a.is_disjoint(b), (a & b).is_empty());
        ASSERT_TRUE((a & b).is_subset_of(a));
        ASSERT_TRUE(a.is_subset_of(a | b));
        ASSERT_EQ(a.is_full(), a == full);
        // Cuts ascend strictly, so no two lists describe one set.
        for (std::size_t i = 1; i < a.cuts().size(); ++i) {
            ASSERT_LT(a.cuts()[i - 1], a.cuts()[i]);
        }
    }
}

TEST(VersionRange, DifferentTextsOfOneSetAreEqual) {
    const struct {
        const char* left;
        const char* right;
    } rows[] = {
        {"", ">=0.dev0"},
        {"<0", "<0.dev0"},
        {"<0", ">=2,<1"},
        {"==1.2.*", ">=1.2.dev0,<1.3.dev0"},
        {"~=2.2", ">=2.2,==2.*"},
        {"~=2.2.0", ">=2.2.0,<2.3.dev0"},
        {">1.0.post1", ">=1.0.post2.dev0"},
        {">1.0.dev1", ">=1.0.dev2"},
        {">1.0a1", ">=1.0a2.dev0"},
        {"<=1.0", "<1.0.post0"},
        {"==1.0", ">=1.0,<1.0.post0"},
        {"<1.0", "<1.0.dev0"},
        {"!=1.0", "<1.0 | >=1.0.dev0,<1.0rc99 | >=1.0rc99,<=1.0,!=1.0 | >=1.0.post0.dev0"},
        {"==1", "==1.0.0"},
        {"==1.0,==1.0+cu121", "==1.0+cu121"},
        {"===1.0,===1.0.0", "<0"},
        {"===1.0,==1", "===1.0"},
        {"===foobar", "<0"},
        {"===1.0RC1", "<0 | ===1.0rc1"},
        {"===1.0-1", "<0"},
        {"<1.0a1 | >=1.0a1", ""},
        {"!=1.* | ==1.*", ""},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(range(row.left), range(row.right)) << row.left << "  " << row.right;
    }
}

TEST(VersionRange, HoldsOneVersionAndOnlyThatLocalPart) {
    const auto one = VersionRange::of(version("1.0"));
    EXPECT_TRUE(one.contains(version("1.0")));
    EXPECT_TRUE(one.contains(version("1.0.0")));
    EXPECT_FALSE(one.contains(version("1.0+cu121")));
    EXPECT_FALSE(one.contains(version("1.0.post0")));
    EXPECT_TRUE(one.is_subset_of(range("==1.0")));
    EXPECT_FALSE(range("==1.0").is_subset_of(one));
    EXPECT_EQ(one.only_version(), version("1.0"));
    EXPECT_EQ(range("==1.0").only_version(), std::nullopt);
    EXPECT_EQ(VersionRange::of(version("1.0+cu121")), range("==1.0+cu121"));
    EXPECT_EQ(range("==1.0+cu121").only_version(), version("1.0+cu121"));

    const auto spelled = VersionRange::exactly(version("1.0"));
    EXPECT_EQ(spelled, range("===1.0"));
    EXPECT_TRUE(spelled.contains(version("1.0")));
    EXPECT_FALSE(spelled.contains(version("1.0.0")));
    EXPECT_FALSE(spelled.contains(version("1")));
    EXPECT_TRUE(spelled.is_subset_of(one));
}

TEST(VersionRange, IsWrittenInTheMannerOfPep440) {
    const struct {
        VersionRange range;
        const char* text;
    } rows[] = {
        {VersionRange::full(), "*"},
        {VersionRange::empty(), "none"},
        {range(">=1,<2"), ">=1,<2"},
        {range(">=1,<2 | ==3.1"), ">=1,<2 | ==3.1"},
        {range("==2.3.*"), "==2.3.*"},
        {range("==2.*"), "==2.*"},
        {range("~=2.2"), ">=2.2,<3"},
        {range("!=1.0"), "!=1.0"},
        {range("!=1.5.*,>=1"), ">=1,!=1.5.*"},
        {range(">1.0"), ">1.0"},
        {range(">1.0a1"), ">=1.0a2.dev0"},
        {range("<=1.0"), "<=1.0"},
        {range("<=1.0.post1"), "<=1.0.post1"},
        {range("<1.0rc1"), "<1.0rc1"},
        {range("==1.0+cu121"), "==1.0+cu121"},
        {range("!=1.0+cu121,<2"), "<2,!=1.0+cu121"},
        {range("===1.0"), "===1.0"},
        {VersionRange::of(version("1.0")), "===1.0"},
        {VersionRange::of(version("1.0")).complement(), "!===1.0"},
        {range("===1.0.0").complement(), "!===1.0.0"},
        {range(">1.0").complement(), "<=1.0.post*"},
        {range("==1.0").difference(VersionRange::of(version("1.0"))), ">=1.0,!===1.0,<=1.0"},
        {range("<2").difference(range(">=1.0")), "<=1.0,!=1.0"},
        {range("<=2").difference(range(">2 | ==2.0+cu121")), "<=2,!=2.0+cu121"},
        {range("==1.0 | ==1.2 | ==1.4"), "==1.0 | ==1.2 | ==1.4"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(row.range.to_string(), row.text);
    }
}

TEST(VersionRange, TextOfSpecifiersReadsBackAsTheSameRange) {
    RangeGenerator generator(3);
    std::size_t read_back = 0;
    for (int round = 0; round < 2000; ++round) {
        SpecifierSet set;
        const auto a = generator.of_specifiers(set);
        const auto b = generator.of_specifiers(set);
        const auto both = a | b;
        const std::string text = both.to_string();
        // PEP 440 has no words for these (see to_string()).
        if (both.is_empty() || both.is_full() || text.find("!===") != std::string::npos ||
            text.find("post*") != std::string::npos ||
            !SpecifierSet::parse(text.substr(0, text.find(" | ")))) {
            continue;
        }
        ++read_back;
        ASSERT_EQ(range(text), both) << text;
    }
    EXPECT_GT(read_back, 1200u);
}

}  // namespace
}  // namespace envpack::packaging
