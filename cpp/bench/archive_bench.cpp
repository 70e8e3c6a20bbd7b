// The two streams that bound everything: writing a layer and listing one.

#include "envpack/archive/layer_listing.hpp"
#include "envpack/archive/layer_writer.hpp"
#include "envpack/base/bytes.hpp"

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using namespace envpack;

/// `count` files that compress about as well as source text.
std::vector<archive::PlannedEntry> small_files(std::size_t count, std::size_t size) {
    std::mt19937 random(1);
    std::uniform_int_distribution<int> letter('a', 'p');
    std::vector<archive::PlannedEntry> entries;
    for (std::size_t i = 0; i < count; ++i) {
        std::string text(size, ' ');
        for (char& c : text) {
            c = static_cast<char>(letter(random));
        }
        entries.push_back({.path = *SafePath::parse("f" + std::to_string(100000 + i)),
                           .content = archive::Content::of_text(std::move(text))});
    }
    return entries;
}

void write_layer(benchmark::State& state) {
    const auto entries = small_files(1000, 8192);
    const RunContext run{.max_parallel = static_cast<unsigned>(state.range(0))};
    for (auto _ : state) {
        NullSink sink;
        benchmark::DoNotOptimize(archive::write_layer(entries, {}, sink, run));
    }
    state.SetBytesProcessed(state.iterations() * 1000 * 8192);
}
BENCHMARK(write_layer)->Arg(1)->Arg(2)->UseRealTime();

void list_layer(benchmark::State& state) {
    StringSink blob;
    if (!archive::write_layer(small_files(1000, 8192), {}, blob, {})) {
        state.SkipWithError("no layer");
        return;
    }
    for (auto _ : state) {
        benchmark::DoNotOptimize(archive::list_layer(
            std::make_unique<MemorySource>(blob.text()),
            [](const SafePath&, const archive::FileInfo&) { return false; }, {}, {}));
    }
    state.SetBytesProcessed(state.iterations() * 1000 * 8192);
}
BENCHMARK(list_layer);

}  // namespace
