// Reading what is installed: 500 distributions on disk, as a constraints file needs them (names and
// versions) and as resolving does (METADATA headers).

#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/file.hpp"
#include "envpack/env/inventory.hpp"

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>

#include <benchmark/benchmark.h>

namespace {

using namespace envpack;
namespace fs = std::filesystem;

/// A folder of distributions that goes with the object.
class SitePackages {
public:
    explicit SitePackages(std::size_t count) {
        std::string name = (fs::temp_directory_path() / "envpack-bench-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        for (std::size_t i = 0; i < count; ++i) {
            const std::string package = "package_" + std::to_string(i);
            const fs::path folder =
                root_ / "site" / (package + "-1." + std::to_string(i) + ".dist-info");
            fs::create_directories(folder);
            static_cast<void>(write_file(
                folder / "METADATA", "Metadata-Version: 2.1\nName: " + package + "\nVersion: 1." +
                                         std::to_string(i) +
                                         "\nRequires-Dist: numpy>=1.20\nRequires-Dist: six\n\n" +
                                         std::string(7000, 'x') + '\n'));
            static_cast<void>(write_file(folder / "INSTALLER", "pip\n"));
            static_cast<void>(write_file(folder / "RECORD", package + "/__init__.py,,\n"));
        }
    }
    SitePackages(const SitePackages&) = delete;
    SitePackages& operator=(const SitePackages&) = delete;
    ~SitePackages() {
        std::error_code ignored;
        fs::remove_all(root_, ignored);
    }
    const fs::path& root() const noexcept { return root_; }

private:
    fs::path root_;
};

void scan_site(benchmark::State& state, env::InventoryDetail detail) {
    const SitePackages packages(500);
    const archive::DiskTree tree(packages.root());
    const auto site = *SafePath::parse("site");
    for (auto _ : state) {
        env::SitePath path{.path = site, .names = *tree.list(site)};
        benchmark::DoNotOptimize(
            env::scan_site_paths(tree, {std::move(path)}, {.detail = detail}, {}));
    }
}

BENCHMARK_CAPTURE(scan_site, pins, env::InventoryDetail::pins)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scan_site, sources, env::InventoryDetail::sources)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(scan_site, full, env::InventoryDetail::full)->Unit(benchmark::kMillisecond);

}  // namespace
