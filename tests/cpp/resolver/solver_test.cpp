#include "envpack/resolver/solver.hpp"

#include "support/offline_provider.hpp"

#include <ostream>
#include <stop_token>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::resolver {
namespace {

using support::OfflineProvider;
using support::roots_of;
using support::solved;

struct Row {
    std::string name;
    OfflineProvider provider;
    std::vector<std::string> roots;
    std::string expected;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class Universe : public testing::TestWithParam<Row> {};

TEST_P(Universe, HasThisAnswer) {
    OfflineProvider provider = GetParam().provider;
    EXPECT_EQ(solved(provider, GetParam().roots), GetParam().expected);
}

// The first six are the examples of the documentation of PubGrub.
INSTANTIATE_TEST_SUITE_P(
    Solver, Universe,
    testing::Values(
        Row{"NoConflicts",
            OfflineProvider()
                .add("foo", "1.0.0", {"bar>=1,<2"})
                .add("bar", "1.0.0")
                .add("bar", "2.0.0"),
            {"foo>=1,<2"},
            "bar 1.0.0, foo 1.0.0"},
        Row{"AvoidingConflictDuringDecisionMaking",
            OfflineProvider()
                .add("foo", "1.1.0", {"bar>=2,<3"})
                .add("foo", "1.0.0")
                .add("bar", "1.0.0")
                .add("bar", "1.1.0")
                .add("bar", "2.0.0"),
            {"foo>=1,<2", "bar>=1,<2"},
            "bar 1.1.0, foo 1.0.0"},
        Row{"PerformingConflictResolution",
            OfflineProvider()
                .add("foo", "2.0.0", {"bar>=1,<2"})
                .add("foo", "1.0.0")
                .add("bar", "1.0.0", {"foo>=1,<2"}),
            {"foo>=1"},
            "foo 1.0.0"},
        Row{"ConflictResolutionWithPartialSatisfier",
            OfflineProvider()
                .add("foo", "1.1.0", {"left>=1,<2", "right>=1,<2"})
                .add("foo", "1.0.0")
                .add("left", "1.0.0", {"shared>=1"})
                .add("right", "1.0.0", {"shared<2"})
                .add("shared", "2.0.0")
                .add("shared", "1.0.0", {"target>=1,<2"})
                .add("target", "2.0.0")
                .add("target", "1.0.0"),
            {"foo>=1,<2", "target>=2,<3"},
            "foo 1.0.0, target 2.0.0"},
        Row{"LinearErrorReporting",
            OfflineProvider()
                .add("foo", "1.0.0", {"bar>=2,<3"})
                .add("bar", "2.0.0", {"baz>=3,<4"})
                .add("baz", "1.0.0")
                .add("baz", "3.0.0"),
            {"foo>=1,<2", "baz>=1,<2"},
            "conflict"},
        Row{"BranchingErrorReporting",
            OfflineProvider()
                .add("foo", "1.0.0", {"a>=1,<2", "b>=1,<2"})
                .add("foo", "1.1.0", {"x>=1,<2", "y>=1,<2"})
                .add("a", "1.0.0", {"b>=2,<3"})
                .add("b", "1.0.0")
                .add("b", "2.0.0")
                .add("x", "1.0.0", {"y>=2,<3"})
                .add("y", "1.0.0")
                .add("y", "2.0.0"),
            {"foo>=1,<2"},
            "conflict"},
        Row{"NothingIsAskedFor", OfflineProvider().add("a", "1"), {}, ""},
        Row{"NewestVersionWins", OfflineProvider().add("a", "1").add("a", "2"), {"a"}, "a 2"},
        Row{"TwoRootsOnOnePackageMeet",
            OfflineProvider().add("a", "1").add("a", "2").add("a", "3"),
            {"a>=2", "a<3"},
            "a 2"},
        Row{"TwoRootsOnOnePackageExcludeEachOther",
            OfflineProvider().add("a", "1").add("a", "2"),
            {"a>=2", "a<2"},
            "conflict"},
        Row{"NoSuchPackage", OfflineProvider(), {"a"}, "conflict"},
        Row{"MissingDependencyOfNewestIsAvoided",
            OfflineProvider().add("a", "2", {"gone"}).add("a", "1"),
            {"a"},
            "a 1"},
        Row{"UnavailableVersionIsAvoided",
            OfflineProvider().forbid("a", "2", "broken").add("a", "1"),
            {"a"},
            "a 1"},
        Row{"CyclesAreFine",
            OfflineProvider().add("a", "1", {"b==1"}).add("b", "1", {"a==1"}),
            {"a"},
            "a 1, b 1"},
        Row{"DependencyOnItselfThatHolds", OfflineProvider().add("a", "1", {"a>=1"}), {"a"}, "a 1"},
        Row{"DependencyOnItselfThatFails",
            OfflineProvider().add("a", "2", {"a<2"}).add("a", "1"),
            {"a"},
            "a 1"},
        Row{"DependencyThatNothingCanFulfil",
            OfflineProvider().add("a", "2", {"b<1,>1"}).add("a", "1").add("b", "1"),
            {"a"},
            "a 1"},
        Row{"ExtraPullsInItsDependencies",
            OfflineProvider().add("a", "1").add("a[x]", "1", {"b"}).add("b", "1"),
            {"a[x]"},
            "a 1, a[x] 1, b 1"},
        Row{"ExtraHasTheVersionOfItsProject",
            OfflineProvider()
                .add("a", "1")
                .add("a", "2")
                .add("a[x]", "1", {"b==1"})
                .add("a[x]", "2", {"b==2"})
                .add("b", "1")
                .add("b", "2"),
            {"a[x]", "a<2"},
            "a 1, a[x] 1, b 1"},
        Row{"ExtraForcesAnOlderProject",
            OfflineProvider()
                .add("a", "1")
                .add("a", "2")
                .add("a[x]", "1")
                .add("a[x]", "2", {"b==2"})
                .add("b", "1"),
            {"a[x]"},
            "a 1, a[x] 1"},
        Row{"ExtraThatDoesNotExistAddsNothing",
            OfflineProvider().add("a", "1"),
            {"a[nope]"},
            "a 1, a[nope] 1"},
        Row{"ExcludedVersionsCountForTheWholeSolve",
            OfflineProvider()
                .add("a", "1")
                .add("a", "2", {"base==2"})
                .add("base", "1")
                .add("base", "2")
                .exclude("base!=1", "the base has 1"),
            {"a"},
            "a 1"},
        Row{"ArbitraryEqualityComparesTheSpelling",
            OfflineProvider().add("a", "1.0").add("b", "1", {"a===1.0.0"}).add("b", "0"),
            {"a", "b"},
            "a 1.0, b 0"},
        Row{"RejectedPackageIsDecidedBeforeTheOneThatRejectsIt",
            OfflineProvider()
                .add("a", "1")
                .add("a", "2")
                .add("b", "1")
                .add("b", "2.0", {"a==1"})
                .add("b", "2.1", {"a==1"})
                .add("b", "2.2", {"a==1"})
                .add("b", "2.3", {"a==1"})
                .add("b", "2.4", {"a==1"})
                .add("b", "2.5", {"a==1"}),
            {"a", "b"},
            "a 1, b 2.5"}),
    [](const auto& row) { return row.param.name; });

TEST(Solver, OrderOfRootsDoesNotMatter) {
    OfflineProvider provider;
    provider.add("a", "1", {"c<2"}).add("a", "2", {"c<3"}).add("b", "1", {"c>1"});
    provider.add("b", "2", {"c>2"}).add("c", "1").add("c", "2").add("c", "3");
    OfflineProvider again = provider;
    EXPECT_EQ(solved(provider, {"a", "b"}), solved(again, {"b", "a"}));
}

TEST(Solver, BackjumpingLeavesUnrelatedChoicesAlone) {
    // 30 independent packages with 10 versions each stand between the conflict and its cause.
    OfflineProvider provider;
    std::vector<std::string> roots = {"first", "last"};
    provider.add("first", "1").add("first", "2").add("last", "1", {"first<2"});
    for (int i = 0; i < 30; ++i) {
        const std::string name = "filler" + std::to_string(i);
        roots.push_back(name);
        for (int version = 0; version < 10; ++version) {
            provider.add(name, std::to_string(version));
        }
    }
    EXPECT_NE(solved(provider, roots), "conflict");
    EXPECT_LT(provider.choices, 70U);
}

TEST(Solver, LongChainsAndManyVersionsAreSolved) {
    // p0 … p199, 20 versions each; every version needs the same or an older one of the next.
    OfflineProvider provider;
    for (int i = 0; i < 200; ++i) {
        for (int version = 1; version <= 20; ++version) {
            const std::string next = "p" + std::to_string(i + 1) + "<=" + std::to_string(version);
            provider.add("p" + std::to_string(i), std::to_string(version),
                         i == 199 ? std::vector<std::string>{} : std::vector<std::string>{next});
        }
    }
    EXPECT_NE(solved(provider, {"p0", "p100<=7"}), "conflict");
    OfflineProvider broken = provider;
    EXPECT_EQ(solved(broken, {"p0>=9", "p199>=21"}), "conflict");
}

TEST(Solver, StopRequestEndsTheSolve) {
    OfflineProvider provider;
    provider.add("a", "1");
    std::stop_source stop;
    stop.request_stop();
    const RunContext run{.stop = stop.get_token()};
    const auto outcome = solve(provider, roots_of({"a"}), run);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.error().code(), ErrorCode::cancelled);
}

/// `c` has a final and a pre-release; the pre-release counts only for a demand with note 1.
class NotedProvider final : public DependencyProvider {
public:
    Result<std::uint64_t> priority(const Package& package,
                                   const packaging::VersionRange&) override {
        return package.name.str() == "c" ? 9 : 0;
    }
    Result<std::variant<packaging::Version, Unavailable>> choose(
        const Package& package, const packaging::VersionRange& range,
        std::span<const Demand> demands) override {
        const auto version = [](std::string_view text) {
            return packaging::Version::parse(text).value();
        };
        if (package.name.str() != "c") {
            for (const char* text : {"2", "1"}) {
                if (range.contains(version(text))) {
                    return version(text);
                }
            }
            return Unavailable{"there is no other version"};
        }
        bool allowed = false;
        for (const Demand& demand : demands) {
            allowed = allowed || demand.note == 1;
        }
        if (allowed && range.contains(version("3a1"))) {
            return version("3a1");
        }
        if (range.contains(version("1"))) {
            return version("1");
        }
        return Unavailable{"only pre-releases are left", true};
    }
    Result<std::variant<std::vector<Dependency>, Unavailable>> dependencies(
        const Package& package, const packaging::Version& version) override {
        std::vector<Dependency> result;
        if (package.name.str() == "a") {
            // a 2 cannot have the pre-release that it needs; a 1 opts in.
            result = support::dependencies_of("c>=2a0");
            result.front().note = version.major() == 1 ? 1 : 0;
        }
        return result;
    }
};

TEST(Solver, AnswerForTheseDemandsBlamesTheirOwnersOnly) {
    NotedProvider provider;
    const auto outcome = solve(provider, roots_of({"a"}));
    ASSERT_TRUE(outcome.has_value());
    const auto* resolution = std::get_if<Resolution>(&*outcome);
    ASSERT_NE(resolution, nullptr) << std::get<Conflict>(*outcome).explain();
    EXPECT_EQ(resolution->versions.at(support::package_of("a")).to_string(), "1");
    EXPECT_EQ(resolution->versions.at(support::package_of("c")).to_string(), "3a1");
}

TEST(Solver, AnswerForTheseDemandsNamesWhoseDemandWouldHelp) {
    NotedProvider provider;
    const auto outcome = solve(provider, support::roots_of({"a==2"}));
    ASSERT_TRUE(outcome.has_value());
    const auto* conflict = std::get_if<Conflict>(&*outcome);
    ASSERT_NE(conflict, nullptr);
    EXPECT_NE(
        conflict->explain().find("no version of c matches >=2a0 (only pre-releases are left)"),
        std::string::npos)
        << conflict->explain();
}

}  // namespace
}  // namespace envpack::resolver
