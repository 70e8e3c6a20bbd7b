// What a resolve with a cold cache does once for every project: read its page, pack it away.

#include "envpack/index/simple_page.hpp"

#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

namespace {

using namespace envpack;

constexpr int releases = 200;
constexpr int wheels = 15;

/// A page as a project with many compiled releases has it: 3,000 wheels, about 2 MB.
std::string project_page() {
    std::string files;
    for (int i = 0; i < releases * wheels; ++i) {
        const std::string filename = fmt::format(
            "demo_package-{}.{}.0-cp3{}-cp3{}-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
            i / wheels / 10, i / wheels % 10, i % wheels, i % wheels);
        const std::string digest = fmt::format("{:064x}", i * 0x9e3779b97f4a7c15U);
        files += fmt::format(
            R"({}{{"core-metadata":{{"sha256":"{}"}},"data-dist-info-metadata":{{"sha256":"{}"}},)"
            R"("filename":"{}","hashes":{{"sha256":"{}"}},"provenance":null,)"
            R"("requires-python":">=3.{}","size":{},"upload-time":"2025-01-02T03:04:05.678901Z",)"
            R"("url":"https://files.example.org/packages/{:.2}/{:.2}/{}/{}","yanked":false}})",
            i == 0 ? "" : ",", digest, digest, filename, digest, 6 + i / 1000, 1000 + i, digest,
            digest.substr(2), digest.substr(4), filename);
    }
    return R"({"alternate-locations":[],"files":[)" + files +
           R"(],"meta":{"_last-serial":1,"api-version":"1.4"},"name":"demo-package"})";
}

void read_page(benchmark::State& state) {
    const std::string page = project_page();
    const auto name = packaging::PackageName::parse("demo-package").value();
    for (auto _ : state) {
        auto project =
            index::parse_simple_json(page, "https://example.org/simple/demo-package/", name);
        if (!project || project->files.size() != std::size_t{releases * wheels}) {
            state.SkipWithError("the page was not read");
            break;
        }
        benchmark::DoNotOptimize(project);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(page.size()));
}
BENCHMARK(read_page)->Unit(benchmark::kMillisecond);

}  // namespace
