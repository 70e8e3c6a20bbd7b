// What a resolve does millions of times: versions, specifiers, ranges.

#include "envpack/packaging/specifier_set.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/version_range.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace envpack::packaging;

std::vector<std::string> version_texts() {
    std::vector<std::string> texts;
    for (int major = 0; major < 10; ++major) {
        for (int minor = 0; minor < 30; ++minor) {
            const std::string release = std::to_string(major) + "." + std::to_string(minor);
            for (const char* suffix : {".0", ".1", ".0rc1", ".0.dev20240101", ".0.post1+cu121"}) {
                texts.push_back(release + suffix);
            }
        }
    }
    return texts;
}

std::vector<Version> versions() {
    std::vector<Version> parsed;
    for (const std::string& text : version_texts()) {
        parsed.push_back(*Version::parse(text));
    }
    return parsed;
}

void parse_versions(benchmark::State& state) {
    const auto texts = version_texts();
    for (auto _ : state) {
        for (const std::string& text : texts) {
            benchmark::DoNotOptimize(Version::parse(text));
        }
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(texts.size()));
}
BENCHMARK(parse_versions);

void sort_versions(benchmark::State& state) {
    auto shuffled = versions();
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(1));
    for (auto _ : state) {
        auto copy = shuffled;
        std::sort(copy.begin(), copy.end());
        benchmark::DoNotOptimize(copy.data());
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(shuffled.size()));
}
BENCHMARK(sort_versions);

void range_contains(benchmark::State& state) {
    const auto all = versions();
    const auto range = VersionRange::of(*SpecifierSet::parse(">=1.5,!=3.*,<8,~=7.1"));
    for (auto _ : state) {
        std::size_t count = 0;
        for (const Version& version : all) {
            count += range.contains(version) ? 1 : 0;
        }
        benchmark::DoNotOptimize(count);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(all.size()));
}
BENCHMARK(range_contains);

void range_algebra(benchmark::State& state) {
    const auto a = VersionRange::of(*SpecifierSet::parse(">=1.5,!=3.*,<8"));
    const auto b = VersionRange::of(*SpecifierSet::parse(">=2,<7,!=4.2"));
    for (auto _ : state) {
        benchmark::DoNotOptimize((a & b) | a.complement());
    }
}
BENCHMARK(range_algebra);

}  // namespace
