#include "envpack/env/package_provider.hpp"

#include "envpack/base/text.hpp"
#include "support/universe_index.hpp"

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using packaging::PackageName;
using support::provided;
using support::Release;
using support::request;
using support::target_options;
using support::UniverseIndex;

PackageName name_of(std::string_view text) {
    return PackageName::parse(text).value();
}

/// "a 1.0, b 2.0" without the base's packages, which `+` marks; "conflict: …" with its facts.
std::string solved(PackageProvider& provider, const std::vector<std::string>& texts) {
    const auto requirements = request(texts);
    const auto roots = provider.roots(requirements);
    if (!roots) {
        return "error: " + std::string(roots.error().message());
    }
    auto outcome = resolver::solve(provider, *roots);
    if (!outcome) {
        return "error: " + std::string(outcome.error().message());
    }
    if (const auto* conflict = std::get_if<resolver::Conflict>(&*outcome)) {
        std::string text = "conflict:";
        const auto proof = conflict->simplified(
            [&](const PackageName& name) { return provider.versions(name).value(); });
        for (const auto& node : proof.nodes()) {
            if (!node.reason.empty() && node.cause != resolver::ConflictCause::root_demand) {
                text += " " + node.reason + ";";
            }
        }
        return text;
    }
    const auto& resolution = std::get<resolver::Resolution>(*outcome);
    const auto verified = provider.verify(resolution, requirements);
    EXPECT_TRUE(verified.has_value()) << verified.error().render();
    const auto selection = provider.selection(resolution);
    EXPECT_TRUE(selection.has_value()) << selection.error().render();
    std::vector<std::string> parts;
    for (const Selected& selected : selection->packages) {
        parts.push_back(selected.name.to_string() + " " + selected.version.to_string());
    }
    for (const PackageName& name : selection->provided) {
        parts.push_back("+" + name.to_string());
    }
    return text::join(parts, ", ");
}

struct Row {
    std::string name;
    UniverseIndex index;
    std::vector<Provided> base;
    std::vector<std::string> request;
    std::string expected;
    std::vector<std::string> constraints = {};
    std::vector<std::string> unfrozen = {};
    bool prereleases = false;
    bool allow_sdists = false;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class Solve : public testing::TestWithParam<Row> {};

TEST_P(Solve, GivesThis) {
    const Row& row = GetParam();
    ProviderOptions options = target_options();
    options.constraints = request(row.constraints, "c.txt");
    options.prereleases = row.prereleases;
    options.allow_sdists = row.allow_sdists;
    for (const std::string& name : row.unfrozen) {
        options.unfrozen.insert(name_of(name));
    }
    PackageProvider provider(row.index, options, row.base);
    EXPECT_EQ(solved(provider, row.request), row.expected);
}

constexpr const char* ngc_torch = "2.3.0a0+6ddf5cf85e.nv24.4";

UniverseIndex torch_world() {
    return UniverseIndex()
        .add("torch", "2.3.0")
        .add("torch", "2.5.0")
        .add("lightning", "2.4", {{"torch>=2.1"}})
        .add("torchvision", "0.18.0", {{"torch==2.3.0"}})
        .add("xformers", "0.0.26", {{"torch==2.3.0"}})
        .add("xformers", "0.0.20", {{"torch"}})
        .add("needs-final", "1.0", {{"torch>=2.3"}})
        .add("needs-final", "0.9", {{"torch>=2.2"}});
}

// The rules of a provided base.
INSTANTIATE_TEST_SUITE_P(
    Base, Solve,
    testing::Values(
        Row{"PackageOfTheBaseWins",
            torch_world(),
            {provided("torch", ngc_torch)},
            {"lightning"},
            "lightning 2.4, +torch"},
        Row{"NoIndexIsAskedForABasePackage",
            UniverseIndex(),
            {provided("unreachable", "1")},
            {"unreachable"},
            "+unreachable"},
        Row{"RequesterGoesBackUntilItFits",
            torch_world(),
            {provided("torch", ngc_torch)},
            {"xformers"},
            "xformers 0.0.20, +torch"},
        Row{"PrereleaseOfTheBaseIsNotTheFinalRelease",
            torch_world(),
            {provided("torch", ngc_torch)},
            {"needs-final"},
            "needs-final 0.9, +torch"},
        Row{"BaseIsNeverReplaced",
            torch_world(),
            {provided("torch", ngc_torch)},
            {"torchvision"},
            "conflict: the base has torch 2.3.0a0+6ddf5cf85e.nv24.4 (base image, layer 3);"},
        Row{"RequestCannotReplaceTheBaseEither",
            torch_world(),
            {provided("torch", "2.3.0")},
            {"torch>=2.5"},
            "conflict: the base has torch 2.3.0 (base image, layer 3);"},
        Row{"UnparsableVersionFitsNothing",
            UniverseIndex().add("distro-info", "1.7"),
            {provided("distro-info", "1.1build1")},
            {"distro-info"},
            "conflict: the base has distro-info 1.1build1 (base image, layer 3), which is no "
            "PEP 440 version and fits no requirement;"},
        Row{"ExtraOfABasePackageComesFromItsMetadata",
            UniverseIndex().add("dep", "1"),
            {provided("tool", "1", {"dep ; extra == 'x'", "torch>=9 ; extra == 'y'"})},
            {"tool[x]"},
            "dep 1, +tool"},
        Row{"EdgesWithinTheBaseAreFacts",
            UniverseIndex().add("new", "1", {{"a"}}),
            {provided("a", "1", {"b>=2"}), provided("b", "1")},
            {"new", "b"},
            "new 1, +a, +b"},
        Row{"WhatAReachedBasePackageLacksIsAdded",
            UniverseIndex().add("missing", "1"),
            {provided("a", "1", {"missing"}), provided("unreached", "1", {"gone"})},
            {"a"},
            "missing 1, +a"},
        Row{"TorchStackIsNeverAddedBehindTheUsersBack",
            UniverseIndex().add("triton", "3"),
            {provided("torch", "2.3.0", {"triton==3", "nvidia-nccl-cu12==2.20"})},
            {"torch"},
            "+torch"},
        Row{"ExtraThatTheBaseWantsOfTheTorchStackIsNotAddedEither",
            UniverseIndex().add("torch", "2.3.0", {.extras = {"opt"}}).add("torch", "2.4.0"),
            {provided("apex", "0.1", {"torch[opt]==2.3.*"})},
            {"apex", "torch"},
            "torch 2.3.0, +apex"},
        Row{"BaseLimitsNewPackages",
            UniverseIndex().add("numpy", "1.26.4").add("numpy", "2.1.0"),
            {provided("basepkg", "1.0", {"numpy<2"})},
            {"numpy"},
            "numpy 1.26.4"},
        Row{"BaseLimitMayLeaveNothing",
            UniverseIndex().add("numpy", "2.1.0"),
            {provided("basepkg", "1.0", {"numpy<2"})},
            {"numpy>=2"},
            "conflict: basepkg 1.0 of the base allows only numpy <2;"},
        Row{"LimitOfAnUnusedExtraDoesNotCount",
            UniverseIndex().add("numpy", "2.1.0"),
            {provided("basepkg", "1.0", {"numpy<2 ; extra == 'old'"})},
            {"numpy"},
            "numpy 2.1.0"},
        Row{"UnfrozenPackagePrefersTheBase",
            UniverseIndex().add("numpy", "1.26.4"),
            {provided("numpy", "1.24.4")},
            {"numpy"},
            "+numpy",
            {},
            {"numpy"}},
        Row{"UnfrozenPackageMayBeReplaced",
            UniverseIndex()
                .add("numpy", "1.26.4")
                .add("numpy", "2.1.0")
                .add("newpkg", "1", {{"numpy>=1.26"}}),
            {provided("numpy", "1.24.4"), provided("basepkg", "1.0", {"numpy<2"})},
            {"newpkg"},
            "newpkg 1, numpy 1.26.4",
            {},
            {"numpy"}},
        Row{"BrokenEdgeOfTheBaseDoesNotLimit",
            UniverseIndex().add("numpy", "2.1.0"),
            {provided("numpy", "1.24.4"), provided("basepkg", "1.0", {"numpy<1.20"})},
            {"numpy>=2"},
            "numpy 2.1.0",
            {},
            {"numpy"}}),
    [](const auto& row) { return row.param.name; });

// pip's policy on what an index has.
INSTANTIATE_TEST_SUITE_P(
    Index, Solve,
    testing::Values(
        Row{"FinalReleaseBeforeANewerPrerelease",
            UniverseIndex().add("a", "1").add("a", "2rc1"),
            {},
            {"a"},
            "a 1"},
        Row{"PrereleaseWhereNothingElseMatches",
            UniverseIndex().add("a", "1").add("a", "2rc1"),
            {},
            {"a>1"},
            "a 2rc1"},
        Row{"SpecifierThatNamesAPrereleaseOptsIn",
            UniverseIndex().add("a", "1").add("a", "2rc1"),
            {},
            {"a>=1a1"},
            "a 2rc1"},
        Row{"ConstraintThatNamesAPrereleaseOptsIn",
            UniverseIndex().add("a", "1").add("a", "2rc1"),
            {},
            {"a"},
            "a 2rc1",
            {"a>=1a1"}},
        Row{"OptInOfARejectedVersionIsForgotten",
            UniverseIndex()
                .add("c", "1")
                .add("c", "2a1")
                .add("a", "2", {{"c>=0.5a1", "gone"}})
                .add("a", "1", {{"c"}}),
            {},
            {"a"},
            "a 1, c 1"},
        Row{"FinalThatFailsLaterKeepsPrereleasesOut",
            UniverseIndex().add("c", "1", {{"d==1"}}).add("c", "2a1").add("d", "2"),
            {},
            {"c", "d"},
            "conflict: https://index.example/simple/d/ has d 2; c 2a1 is a pre-release, and no "
            "requirement names one;"},
        Row{"OptInThatComesLateCounts",
            UniverseIndex().add("a", "1").add("a", "2b1").add("b", "1", {{"a>=2b1"}}),
            {},
            {"a", "b"},
            "a 2b1, b 1"},
        Row{"PrereleasesForEveryPackage",
            UniverseIndex().add("a", "1").add("a", "2rc1"),
            {},
            {"a"},
            "a 2rc1",
            {},
            {},
            true},
        Row{"YankedIsPassedOver",
            UniverseIndex().add("a", "1").add("a", "2", {.yanked = "bad build"}),
            {},
            {"a"},
            "a 1"},
        Row{"YankedCanBePinned",
            UniverseIndex().add("a", "1").add("a", "2", {.yanked = "bad build"}),
            {},
            {"a==2"},
            "a 2"},
        Row{"OnlyYankedIsAConflictThatSaysWhy",
            UniverseIndex().add("a", "2", {.yanked = "bad build"}),
            {},
            {"a"},
            "conflict: a 2 is yanked: bad build;"},
        Row{"RequiresPythonIsHonoured",
            UniverseIndex().add("a", "1").add("a", "2", {.requires_python = ">=3.13"}),
            {},
            {"a"},
            "a 1"},
        Row{"RequiresPythonIsNamed",
            UniverseIndex().add("a", "2", {.requires_python = ">=3.13"}),
            {},
            {"a"},
            "conflict: a 2 needs Python >=3.13, the target has 3.12.0;"},
        Row{"OtherPythonsWheelIsNamed",
            UniverseIndex().add("a", "2", {.wheel_tags = {"cp38-cp38-linux_x86_64"}}),
            {},
            {"a"},
            "conflict: a 2 has no wheel for this Python, cp312, only for cp38;"},
        Row{"OtherPlatformsWheelIsNamed",
            UniverseIndex().add(
                "a", "2", {.wheel_tags = {"cp312-cp312-win_amd64", "cp38-cp38-linux_x86_64"}}),
            {},
            {"a"},
            "conflict: a 2 has no wheel for this platform, linux_x86_64, only for win_amd64;"},
        Row{"SourceAloneCannotBeUsed",
            UniverseIndex().add("a", "1").add("a", "2", {.wheel_tags = {}, .sdist = true}),
            {},
            {"a>1"},
            "conflict: a 2 has only a source distribution;"},
        Row{"SourceAloneCountsWhereAllowed",
            UniverseIndex().add("a", "2", {.wheel_tags = {}, .sdist = true}),
            {},
            {"a"},
            "a 2",
            {},
            {},
            false,
            true},
        Row{"UnknownProjectIsSaidToBe",
            UniverseIndex(),
            {},
            {"a"},
            "conflict: no index has a project `a`;"},
        Row{"VersionThatDoesNotExistShowsThoseThatDo",
            UniverseIndex().add("a", "1.0").add("a", "1.1").add("a", "1.2"),
            {},
            {"a>=2"},
            "conflict: https://index.example/simple/a/ has a 1.0 … 1.2;"},
        Row{"IndexThatDoesNotAnswerIsNoAbsence",
            UniverseIndex(),
            {},
            {"unreachable"},
            "error: connection refused"},
        Row{"ConstraintNarrows",
            UniverseIndex().add("a", "1").add("a", "2"),
            {},
            {"a"},
            "a 1",
            {"a<2", "unrelated==7"}},
        Row{"ConstraintIsNamed",
            UniverseIndex().add("a", "2"),
            {},
            {"a"},
            "conflict: a constraint allows only a <2 (c.txt:1);",
            {"a<2"}},
        Row{"ConstraintWithAFalseMarkerIsIgnored",
            UniverseIndex().add("a", "2"),
            {},
            {"a"},
            "a 2",
            {"a<2 ; python_version < '3'"}},
        Row{"RequirementWithAFalseMarkerIsIgnored",
            UniverseIndex().add("a", "2"),
            {},
            {"a", "b ; sys_platform == 'win32'"},
            "a 2"},
        Row{"DirectReferenceOfADependencyRulesTheVersionOut",
            UniverseIndex()
                .add("a", "2", {{"b @ https://user:secret@host.example/b.whl"}})
                .add("a", "1"),
            {},
            {"a"},
            "a 1"},
        Row{"DirectReferenceOfTheRequestIsAnError",
            UniverseIndex(),
            {},
            {"a @ https://user:secret@host.example/a.whl"},
            "error: needs `a @ https://host.example/a.whl`, which counts only when the request or "
            "a constraint names it too"},
        Row{"LocalVersionIsNewerAndFitsThePublicPin",
            UniverseIndex().add("a", "1").add("a", "1+cu121"),
            {},
            {"a==1"},
            "a 1+cu121"}),
    [](const auto& row) { return row.param.name; });

TEST(PackageProvider, BestWheelIsChosenByTagThenBuild) {
    UniverseIndex index;
    index.add(
        "a", "1",
        {.wheel_tags = {"py3-none-any", "cp312-cp312-manylinux_2_28_x86_64",
                        "cp312-cp312-manylinux_2_17_x86_64", "7-cp312-cp312-manylinux_2_28_x86_64",
                        "cp312-cp312-manylinux_2_39_x86_64"},
         .sdist = true});
    PackageProvider provider(index, target_options(), {});
    const auto roots = provider.roots(request({"a"})).value();
    const auto outcome = resolver::solve(provider, roots).value();
    const auto selection = provider.selection(std::get<resolver::Resolution>(outcome)).value();
    ASSERT_EQ(selection.packages.size(), 1U);
    EXPECT_EQ(selection.packages[0].file.filename, "a-1-7-cp312-cp312-manylinux_2_28_x86_64.whl");
}

TEST(PackageProvider, FilesOfTheFutureDoNotExist) {
    UniverseIndex index;
    index.add("a", "1", {.upload_time = "2024-05-01T10:00:00.5Z"});
    index.add("a", "2", {.upload_time = "2024-06-01T10:00:00Z"});
    index.add("a", "3");
    ProviderOptions options = target_options();
    options.exclude_newer = 1'715'000'000;  // 2024-05-06
    PackageProvider provider(index, options, {});
    EXPECT_EQ(solved(provider, {"a"}), "a 1");
}

TEST(PackageProvider, MalformedMetadataRulesOneVersionOut) {
    UniverseIndex index;
    index.add("a", "3").add("a", "2").add("a", "1");
    index.set_metadata("a-3-py3-none-any.whl", "Name: a\nVersion: 99\n");
    index.set_metadata("a-2-py3-none-any.whl", "no header at all\n");
    PackageProvider provider(index, target_options(), {});
    EXPECT_EQ(solved(provider, {"a"}), "a 1");
}

TEST(PackageProvider, SelectionSaysWhatEachPackageNeeds) {
    UniverseIndex index;
    index.add("app", "1",
              {.requires_dist = {"torch", "lib[x]", "win ; sys_platform == 'win32'"},
               .requires_python = ">=3.9"});
    index.add("lib", "1", {.requires_dist = {"dep ; extra == 'x'", "numpy"}, .extras = {"x"}});
    index.add("dep", "1");
    PackageProvider provider(index, target_options(),
                             {provided("torch", "2.3.0", {"triton==3"}), provided("numpy", "1")});
    const auto roots = provider.roots(request({"app", "lib[nope]"})).value();
    const auto outcome = resolver::solve(provider, roots).value();
    const auto selection = provider.selection(std::get<resolver::Resolution>(outcome)).value();
    std::string text;
    for (const Selected& selected : selection.packages) {
        text += selected.name.to_string() + " (" + selected.requires_python + ")";
        for (const auto& name : selected.extras) {
            text += " [" + name.to_string() + "]";
        }
        for (const auto& name : selected.dependencies) {
            text += " " + name.to_string();
        }
        for (const auto& name : selected.uses_provided) {
            text += " +" + name.to_string();
        }
        text += "\n";
    }
    EXPECT_EQ(text, "app (>=3.9) lib +torch\ndep ()\nlib () [nope] [x] dep +numpy\n");
    EXPECT_EQ(provider.notes(),
              (std::vector<std::string>{"lib 1 has no extra `nope`",
                                        "torch of the base requires `triton==3`, which the base "
                                        "does not have; it is not added"}));
}

TEST(PackageProvider, VerifyRefusesAResolutionThatChangesTheBase) {
    UniverseIndex index;
    index.add("torch", "2.5.0");
    PackageProvider provider(index, target_options(), {provided("torch", "2.3.0")});
    resolver::Resolution resolution;
    resolution.versions.emplace(resolver::Package{name_of("torch")},
                                packaging::Version::parse("2.5.0").value());
    const auto verified = provider.verify(resolution, {});
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().rule(), "resolve.base-changed");
}

TEST(PackageProvider, VerifyRefusesWhatDoesNotSatisfyTheRequest) {
    UniverseIndex index;
    index.add("a", "1", {{"b>=2"}}).add("b", "1");
    PackageProvider provider(index, target_options(), {});
    resolver::Resolution resolution;
    const auto one = packaging::Version::parse("1").value();
    resolution.versions.emplace(resolver::Package{name_of("a")}, one);
    resolution.versions.emplace(resolver::Package{name_of("b")}, one);
    for (const auto& wanted : {request({"a>=2"}), request({"missing"}), request({"a"})}) {
        const auto verified = provider.verify(resolution, wanted);
        ASSERT_FALSE(verified.has_value());
        EXPECT_EQ(verified.error().rule(), "resolve.unsatisfied");
    }
}

TEST(PackageProvider, SearchingBackwardsTakesEveryVersionIntoAccount) {
    UniverseIndex index;
    for (int version = 1; version <= 60; ++version) {
        index.add("a", std::to_string(version), {{version > 3 ? "b>=2" : "b"}});
    }
    index.add("b", "1");
    PackageProvider provider(index, target_options(), {});
    EXPECT_EQ(solved(provider, {"a"}), "a 3, b 1");
}

TEST(FoldVersions, RunsAreFoldedAndLongListsCut) {
    std::vector<packaging::Version> versions;
    for (int i = 1; i <= 30; ++i) {
        versions.push_back(packaging::Version::parse(std::to_string(i)).value());
    }
    const auto folded = [&](std::string_view specifiers) {
        return fold_versions(versions, packaging::VersionRange::of(
                                           packaging::SpecifierSet::parse(specifiers).value()));
    };
    EXPECT_EQ(folded(""), "1 … 30");
    EXPECT_EQ(folded(">=29"), "29, 30");
    EXPECT_EQ(folded("==7"), "7");
    EXPECT_EQ(folded(">30"), "");
    EXPECT_EQ(folded("<=20,!=2,!=4,!=6,!=8,!=10,!=12"), "1, 3, 5, 7, 9 and 9 more");
}

}  // namespace
}  // namespace envpack::env
