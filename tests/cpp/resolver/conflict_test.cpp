#include "envpack/resolver/conflict.hpp"

#include "support/offline_provider.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::resolver {
namespace {

using support::dependencies_of;
using support::OfflineProvider;

Conflict conflict_of(OfflineProvider& provider, const std::vector<Dependency>& roots) {
    return std::get<Conflict>(solve(provider, roots).value());
}

std::vector<Dependency> roots_with_lines(const std::vector<std::string>& texts) {
    std::vector<Dependency> roots;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        for (auto& dependency :
             dependencies_of(texts[i], "requirements.txt:" + std::to_string(i + 1))) {
            roots.push_back(std::move(dependency));
        }
    }
    return roots;
}

std::string explained(OfflineProvider provider, const std::vector<std::string>& roots) {
    return conflict_of(provider, roots_with_lines(roots))
        .simplified([&](const packaging::PackageName& name) { return provider.versions(name); })
        .explain();
}

TEST(Conflict, MissingProjectIsOneSentence) {
    EXPECT_EQ(explained(OfflineProvider(), {"a>=1"}),
              "Because no version of a matches >=1 (no such project) and you require a >=1 "
              "(requirements.txt:1), the request cannot be fulfilled.");
}

TEST(Conflict, LinearProofReadsAsAChain) {
    OfflineProvider provider;
    provider.add("foo", "1.0.0", {"bar>=2,<3"})
        .add("bar", "2.0.0", {"baz>=3,<4"})
        .add("baz", "1.0.0")
        .add("baz", "3.0.0");
    EXPECT_EQ(
        explained(provider, {"foo>=1,<2", "baz>=1,<2"}),
        "Because every version of foo depends on bar >=2,<3 and every version of bar depends on "
        "baz >=3,<4, every version of foo requires baz >=3,<4.\n"
        "And because you require foo >=1,<2 (requirements.txt:1) and you require baz >=1,<2 "
        "(requirements.txt:2), the request cannot be fulfilled.");
}

TEST(Conflict, SharedStepsAreNumbered) {
    OfflineProvider provider;
    provider.add("foo", "1.0.0", {"a>=1,<2", "b>=1,<2"})
        .add("foo", "1.1.0", {"x>=1,<2", "y>=1,<2"})
        .add("a", "1.0.0", {"b>=2,<3"})
        .add("b", "1.0.0")
        .add("b", "2.0.0")
        .add("x", "1.0.0", {"y>=2,<3"})
        .add("y", "1.0.0")
        .add("y", "2.0.0");
    EXPECT_EQ(
        explained(provider, {"foo>=1,<2"}),
        "Because every version of a depends on b >=2,<3 and foo 1.0.0 depends on a >=1,<2, foo "
        "1.0.0 requires b >=2,<3.\n"
        "(1) And because foo 1.0.0 depends on b >=1,<2, foo 1.0.0 cannot be used.\n"
        "Because every version of x depends on y >=2,<3 and foo 1.1.0 depends on x >=1,<2, "
        "foo 1.1.0 requires y >=2,<3.\n"
        "And because foo 1.1.0 depends on y >=1,<2, foo 1.1.0 cannot be used.\n"
        "And because foo 1.0.0 cannot be used (1), no version of foo can be used.\n"
        "And because you require foo >=1,<2 (requirements.txt:1), the request cannot be "
        "fulfilled.");
}

TEST(Conflict, ExclusionSpeaksForItself) {
    OfflineProvider provider;
    provider.add("vision", "1", {"torch==2.3.0"}).add("torch", "2.3.0");
    provider.exclude("torch!=2.2.0", "the base image has torch 2.2.0");
    EXPECT_EQ(
        explained(provider, {"vision"}),
        "Because every version of vision depends on torch ==2.3.0 and the base image has torch "
        "2.2.0, no version of vision can be used.\n"
        "And because you require vision (requirements.txt:1), the request cannot be "
        "fulfilled.");
}

TEST(Conflict, AllVersionsOfAPackageAreNamedTogether) {
    OfflineProvider provider;
    for (int version = 1; version <= 9; ++version) {
        provider.add("a", std::to_string(version), {"b<2"});
    }
    provider.add("b", "1").add("b", "2");
    EXPECT_EQ(
        explained(provider, {"a", "b>=2"}),
        "Because every version of a depends on b <2 and you require a (requirements.txt:1), b <2 "
        "is required.\n"
        "And because you require b >=2 (requirements.txt:2), the request cannot be "
        "fulfilled.");
}

TEST(Conflict, PackagesAreEveryProjectOfTheProof) {
    OfflineProvider provider;
    provider.add("a", "1", {"b<2"}).add("b", "1").add("b", "2").add("unrelated", "1");
    const Conflict conflict = conflict_of(provider, support::roots_of({"a", "b>=2", "unrelated"}));
    std::string names;
    for (const auto& name : conflict.packages()) {
        names += name.to_string() + ' ';
    }
    EXPECT_EQ(names, "a b ");
}

TEST(Conflict, DeepProofsDoNotExhaustTheStack) {
    std::vector<ConflictNode> nodes(2);
    nodes[0].cause = ConflictCause::unavailable;
    nodes[0].terms = {{support::package_of("a"), packaging::VersionRange::full(), true}};
    nodes[1] = nodes[0];
    for (std::size_t i = 2; i < 50'000; ++i) {
        ConflictNode node;
        node.terms = nodes[0].terms;
        node.first = i - 1;
        node.second = 0;
        nodes.push_back(node);
    }
    EXPECT_FALSE(Conflict(std::move(nodes)).explain().empty());
}

}  // namespace
}  // namespace envpack::resolver
