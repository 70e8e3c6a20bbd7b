#include "envpack/env/explain.hpp"

#include "support/universe_index.hpp"

#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using support::provided;
using support::request;
using support::target_options;
using support::UniverseIndex;

Explanation explained(const UniverseIndex& index, const std::vector<Provided>& base,
                      const std::vector<std::string>& texts,
                      const std::vector<std::string>& constraints = {}) {
    ProviderOptions options = target_options();
    options.constraints = request(constraints, "c.txt");
    PackageProvider provider(index, options, base);
    const auto requirements = request(texts);
    const auto roots = provider.roots(requirements).value();
    const auto outcome = resolver::solve(provider, roots).value();
    return explain(std::get<resolver::Conflict>(outcome), provider, requirements).value();
}

TEST(Explain, TorchOfAVendorImage) {
    UniverseIndex index;
    index.add("torch", "2.3.0")
        .add("requests", "2.32")
        .add("xformers", "0.0.26", {{"torch==2.3.0"}})
        .add("xformers", "0.0.26.post1", {{"torch==2.3.0"}})
        .add("xformers", "0.0.20", {{"torch>=1.12"}});
    const Explanation explanation = explained(index,
                                              {provided("torch", "2.3.0a0+6ddf5cf85e.nv24.4", {},
                                                        "base image, layer 37, installed by pip"),
                                               provided("apex", "0.1", {"torch"})},
                                              {"requests", "xformers>=0.0.26"});
    EXPECT_EQ(explanation.text,
              R"(the request needs another torch than the base has

  requirements.txt:2                      xformers>=0.0.26
  xformers 0.0.26, 0.0.26.post1           needs torch ==2.3.0
  base image, layer 37, installed by pip  has torch 2.3.0a0+6ddf5cf85e.nv24.4

  Why 2.3.0a0+6ddf5cf85e.nv24.4 is not 2.3.0: it is a pre-release and sorts before 2.3.0 (PEP 440).
  It fails ==2.3.0, >=2.3.0, <2.3.0, ~=2.3.0; it passes <=2.3.0, ==2.3.0.*.

  Ways out, smallest change first:
    1. an older xformers, 0.0.20
       envpack resolve … "xformers==0.0.20"
    2. keep torch 2.3.0a0+6ddf5cf85e.nv24.4 against what xformers 0.0.26.post1 asks for; whether it works is yours to test
       envpack resolve … --relax xformers:torch
    3. replace the torch of the base by 2.3.0; built against the present one: apex
       envpack resolve … --unfreeze torch
)");
}

TEST(Explain, BaseVersionAsAWayOut) {
    UniverseIndex index;
    index.add("numpy", "2.1.0").add("numpy", "1.26.4");
    const Explanation explanation =
        explained(index, {provided("numpy", "1.24.4"), provided("basepkg", "1.0", {"numpy<2"})},
                  {"numpy>=1.26"});
    EXPECT_EQ(explanation.text,
              R"(the request needs another numpy than the base has

  requirements.txt:1   numpy>=1.26
  base image, layer 3  has numpy 1.24.4

  Ways out, smallest change first:
    1. keep the numpy of the base, 1.24.4
       envpack resolve … "numpy==1.24.4"
    2. replace the numpy of the base by 1.26.4
       envpack resolve … --unfreeze numpy
)");
}

TEST(Explain, RequestsThatExcludeEachOther) {
    UniverseIndex index;
    index.add("a", "1", {{"c<2"}}).add("a", "0.9", {{"c"}}).add("b", "1", {{"c>=2"}});
    index.add("c", "1").add("c", "2");
    const Explanation explanation = explained(index, {}, {"a>=1", "b"});
    EXPECT_EQ(explanation.text,
              R"(the requirements on c exclude each other

  requirements.txt:1  a>=1
  requirements.txt:2  b
  a 1                 needs c <2
  b 1                 needs c >=2

  Ways out, smallest change first:
    1. an older a, 0.9
       envpack resolve … "a==0.9"
)");
}

TEST(Explain, ConstraintInTheWay) {
    UniverseIndex index;
    index.add("a", "1").add("a", "2");
    EXPECT_EQ(explained(index, {}, {"a>=2"}, {"a<2"}).text,
              R"(what is asked of a does not fit the constraints

  requirements.txt:1  a>=2
  a constraint allows only a <2 (c.txt:1)

  Ways out, smallest change first:
    1. an older a, 1
       envpack resolve … "a==1"
    2. give up the constraint `a<2` (c.txt:1)
       take it out of the constraints
)");
}

TEST(Explain, WhatCannotBeRemovedCanBeHidden) {
    UniverseIndex index;
    index.add("a", "1").add("a", "2");
    Provided own = provided("a", "1");
    own.unremovable = true;
    const Explanation explanation = explained(index, {own}, {"a>=2"});
    ASSERT_EQ(explanation.ways_out.size(), 2U);
    EXPECT_EQ(explanation.ways_out[1].kind, "shadow");
    EXPECT_EQ(explanation.ways_out[1].description,
              "hide the a of the base, which cannot be removed, behind 2");
    EXPECT_EQ(explanation.ways_out[1].command, "envpack resolve … --shadow a");
}

TEST(Explain, ThePlaceOfAConstraint) {
    UniverseIndex index;
    index.add("a", "1").add("a", "2").add("b", "1", {{"a>=2"}});
    UniverseIndex places;
    places.add("a", "1");
    ProviderOptions options = target_options();
    options.constraints = {{.requirement = *packaging::Requirement::parse("a @ file:///a-1.whl"),
                            .origin = "c.txt:1"}};
    options.direct.emplace(*packaging::PackageName::parse("a"),
                           DirectPlace{"file:///a-1.whl", "c.txt:1", true});
    options.places = &places;
    PackageProvider provider(index, options, {});
    const auto requirements = request({"b"});
    const auto outcome = resolver::solve(provider, provider.roots(requirements).value()).value();
    EXPECT_EQ(explain(std::get<resolver::Conflict>(outcome), provider, requirements).value().text,
              R"(what is asked of a does not fit the constraints

  requirements.txt:1  b
  b 1                 needs a >=2
  a constraint allows only a 1, from file:///a-1.whl (c.txt:1)

  Ways out, smallest change first:
    1. give up the constraint `a @ file:///a-1.whl` (c.txt:1)
       take it out of the constraints
)");
}

TEST(Explain, AWithdrawnVersionCanBeAskedForByName) {
    UniverseIndex index;
    index.add("a", "1", {.yanked = "broken"}).add("b", "1", {{"a>=1"}});
    const Explanation explanation = explained(index, {}, {"b"});
    ASSERT_EQ(explanation.ways_out.size(), 1U);
    EXPECT_EQ(explanation.ways_out[0].kind, "yanked");
    EXPECT_EQ(explanation.ways_out[0].description, "the withdrawn a 1 all the same");
    EXPECT_EQ(explanation.ways_out[0].command, "envpack resolve … \"a==1\"");
}

TEST(Explain, NothingIsSaidOfVersionsThatAreThere) {
    UniverseIndex index;
    index.add("a", "1", {.requires_dist = {"gone>=1; extra == 'gpu'"}, .extras = {"gpu"}});
    EXPECT_EQ(explained(index, {}, {"a[gpu]"}).text, R"(no index has a project `gone`

  requirements.txt:1  a[gpu]
  a[gpu] 1            needs gone >=1
  no index has a project `gone`
)");
}

TEST(Explain, AnOlderVersionIsCalledThat) {
    UniverseIndex index;
    index.add("a", "1").add("a", "3");
    for (const auto& [wanted, said] :
         {std::pair{"a>=4", "an older a, 3"}, std::pair{"a<1", "a newer a, 3"},
          std::pair{"a==2", "a newer a, 3"}}) {
        const Explanation explanation = explained(index, {}, {wanted});
        ASSERT_FALSE(explanation.ways_out.empty()) << wanted;
        EXPECT_EQ(explanation.ways_out[0].description, said);
    }
}

struct Row {
    std::string name;
    UniverseIndex index;
    std::vector<std::string> request;
    std::string headline;
    std::string kind;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }
};

class Causes : public testing::TestWithParam<Row> {};

TEST_P(Causes, AreToldApart) {
    const Explanation explanation = explained(GetParam().index, {}, GetParam().request);
    EXPECT_EQ(explanation.headline, GetParam().headline);
    ASSERT_FALSE(explanation.causes.empty());
    EXPECT_EQ(explanation.causes.front().kind, "requirement");
    EXPECT_EQ(explanation.causes.front().who, "requirements.txt:1");
    EXPECT_EQ(explanation.causes.back().kind, GetParam().kind);
}

INSTANTIATE_TEST_SUITE_P(
    Explain, Causes,
    testing::Values(
        Row{"Unknown", UniverseIndex(), {"a"}, "no index has a project `a`", "no-such-project"},
        Row{"NoVersion",
            UniverseIndex().add("a", "1"),
            {"a>=2"},
            "no version of a fits",
            "version-not-on-index"},
        Row{"Python",
            UniverseIndex().add("a", "1", {.requires_python = "<3.10"}),
            {"a"},
            "a needs another Python than the target has",
            "requires-python"},
        Row{"WheelPython",
            UniverseIndex().add("a", "1", {.wheel_tags = {"cp38-cp38-linux_x86_64"}}),
            {"a"},
            "a has no wheel for the Python of the target",
            "no-wheel-for-python"},
        Row{"WheelPlatform",
            UniverseIndex().add("a", "1", {.wheel_tags = {"cp312-cp312-win_amd64"}}),
            {"a"},
            "a has no wheel for the platform of the target",
            "no-wheel-for-platform"},
        Row{"Source",
            UniverseIndex().add("a", "1", {.wheel_tags = {}, .sdist = true}),
            {"a"},
            "a has no wheel, only a source distribution",
            "source-only"},
        Row{"Yanked",
            UniverseIndex().add("a", "1", {.yanked = "broken"}),
            {"a"},
            "a was withdrawn (yanked)",
            "yanked"},
        Row{"Prerelease",
            UniverseIndex().add("a", "1", {{"gone"}}).add("a", "2a1"),
            {"a"},
            "no index has a project `gone`",
            "prerelease-only"}),
    [](const auto& row) { return row.param.name; });

TEST(Explain, JsonHasEverything) {
    const Explanation explanation = explained(UniverseIndex().add("a", "1"), {}, {"a>=2"});
    const json::Value value = explanation.to_json();
    for (const char* key : {"headline", "packages", "causes", "ways_out", "proof", "derivation"}) {
        ASSERT_NE(value.find(key), nullptr) << key;
    }
    EXPECT_EQ(json::to_canonical(json::parse(json::to_pretty(value)).value()),
              json::to_canonical(value));
    ASSERT_EQ(value.find("ways_out")->as_array()->size(), 1U);
    EXPECT_EQ(*value.find("ways_out")->as_array()->front().find("command")->as_string(),
              "envpack resolve … \"a==1\"");
}

std::vector<std::string> kinds(const Explanation& explanation) {
    std::vector<std::string> result;
    for (const WayOut& way : explanation.ways_out) {
        result.push_back(way.kind);
    }
    return result;
}

TEST(Explain, AnotherReleaseOfTheBaseImageWhoseTorchFits) {
    UniverseIndex index;
    index.add("flash-attn", "2.8", {{"torch>=2.7.0a0,<2.8"}});
    const std::vector<Provided> base = {provided("torch", "2.6.0a0+df5bbc09d1.nv24.12"),
                                        provided("torchvision", "0.20.0a0", {"torch"})};
    ProviderOptions options = target_options();
    options.python_version = packaging::Version::parse("3.12.3").value();
    PackageProvider provider(index, options, base);
    const auto requirements = request({"flash-attn"});
    const auto outcome = resolver::solve(provider, provider.roots(requirements).value()).value();
    const Explanation explanation =
        explain(std::get<resolver::Conflict>(outcome), provider, requirements).value();
    EXPECT_EQ(kinds(explanation), (std::vector<std::string>{"base-image", "relax"}));
    EXPECT_TRUE(explanation.ways_out[0].command.starts_with("FROM nvcr.io/nvidia/pytorch:"));
    EXPECT_NE(explanation.ways_out[0].description.find("torch 2.7.0a0+"), std::string::npos);
    EXPECT_EQ(explanation.ways_out[1].command, "envpack resolve … --relax flash-attn:torch");
}

TEST(Explain, PinsThatHaveToGoTogether) {
    UniverseIndex index;
    index.add("app", "1", {{"numpy>=2", "filelock>=4", "tqdm>=5"}})
        .add("numpy", "2.1")
        .add("filelock", "4")
        .add("tqdm", "5");
    const Explanation explanation = explained(
        index, {provided("numpy", "1.26"), provided("filelock", "3")}, {"app"}, {"tqdm<5"});
    ASSERT_EQ(explanation.ways_out.size(), 1U);
    EXPECT_EQ(explanation.ways_out[0].description,
              "give up together the base's filelock, the base's numpy, the constraint on tqdm");
    EXPECT_EQ(explanation.ways_out[0].command,
              "envpack resolve … --unfreeze filelock --unfreeze numpy");
}

}  // namespace
}  // namespace envpack::env
