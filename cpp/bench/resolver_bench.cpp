// Solves that mislead a resolver, at growing sizes: how many decisions and conflicts they take.
//
// The worlds are those of the packse scenarios `wrong-backtracking-basic` and `-indirect`, with any
// number of releases; tests/bench/backtracking.py times the same beside uv.

#include "envpack/env/package_provider.hpp"
#include "envpack/index/memory_index.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/resolver/solver.hpp"

#include <cstdlib>
#include <string>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace envpack;

/// `name` has releases that want the old `a`, and one that is too old to care.
void add_trap(index::MemoryIndex& index, const std::string& name, std::int64_t releases) {
    bool is_built = index.add("a", "1.0.0") && index.add("a", "2.0.0") &&
                    index.add("too-old", "1.0.0") &&
                    index.add(name, "1.0.0", {.requires_dist = {"too-old"}});
    for (std::int64_t i = 0; i < releases && is_built; ++i) {
        is_built = index.add(name, "2.0." + std::to_string(i), {.requires_dist = {"a==1.0.0"}})
                       .has_value();
    }
    if (!is_built) {
        std::abort();
    }
}

void solve(benchmark::State& state, const index::MemoryIndex& index) {
    const env::ProviderOptions options{.environment = {},
                                       .tags = {*packaging::Tag::parse("py3-none-any")},
                                       .python_version = *packaging::Version::parse("3.11.2")};
    const std::vector<env::UserRequirement> request{{*packaging::Requirement::parse("a"), "a"},
                                                    {*packaging::Requirement::parse("b"), "b"}};
    resolver::SolveCounts counts;
    for (auto _ : state) {
        env::PackageProvider provider(index, options, {});
        const auto roots = provider.roots(request);
        const auto outcome = resolver::solve(provider, *roots);
        counts = std::get<resolver::Resolution>(*outcome).counts;
    }
    state.SetComplexityN(state.range(0));
    state.counters["decisions"] = static_cast<double>(counts.decisions);
    state.counters["conflicts"] = static_cast<double>(counts.conflicts);
}

void solve_wrong_backtracking_basic(benchmark::State& state) {
    index::MemoryIndex index;
    add_trap(index, "b", state.range(0));
    solve(state, index);
}
BENCHMARK(solve_wrong_backtracking_basic)->Arg(10)->Arg(100)->Arg(1000)->Complexity();

void solve_wrong_backtracking_indirect(benchmark::State& state) {
    index::MemoryIndex index;
    add_trap(index, "b-inner", state.range(0));
    if (!index.add("b", "1.0.0", {.requires_dist = {"b-inner"}})) {
        std::abort();
    }
    solve(state, index);
}
BENCHMARK(solve_wrong_backtracking_indirect)->Arg(10)->Arg(100)->Arg(1000)->Complexity();

}  // namespace
