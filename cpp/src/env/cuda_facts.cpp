#include "envpack/env/cuda_facts.hpp"

#include "dpkg_status.hpp"
#include "envpack/base/text.hpp"
#include "envpack/cuda/torch_matrix.hpp"
#include "library_versions.hpp"
#include "read_limits.hpp"
#include "rpm_packages.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

namespace envpack::env {
namespace {

using cuda::CudaVersion;

constexpr std::string_view toolkit_folder = "/usr/local/cuda";
constexpr std::string_view runtime_header = "cuda_runtime_api.h";
constexpr std::string_view cudnn_header = "cudnn_version.h";
constexpr std::string_view nccl_header = "nccl.h";

/// `9.1.0.70` of `9.1.0.70-1`, `2.21.5` of `2.21.5-1+cuda12.4`.
std::string upstream_version(std::string_view text) {
    return std::string(text.substr(0, text.find_first_not_of("0123456789.")));
}

/// `12.4` of `cuda-cudart-12-4`; empty for other packages.
std::string toolkit_of_package(std::string_view name) {
    constexpr std::string_view start = "cuda-cudart-";
    if (!name.starts_with(start)) {
        return {};
    }
    std::string version(name.substr(start.size()));
    std::replace(version.begin(), version.end(), '-', '.');
    return version;
}

/// `libcudnn8`, `libcudnn9-cuda-12`; not `libcudnn9-dev-cuda-12`.
bool is_cudnn_package(std::string_view name) {
    constexpr std::string_view start = "libcudnn";
    if (!name.starts_with(start)) {
        return false;
    }
    const std::size_t end = name.find_first_not_of("0123456789", start.size());
    return end == std::string_view::npos || name.substr(end).starts_with("-cuda-");
}

/// The text between the first pair of quotes.
std::string_view quoted(std::string_view line) {
    const std::size_t begin = line.find_first_of("'\"");
    const std::size_t end =
        begin == std::string_view::npos ? begin : line.find(line[begin], begin + 1);
    return end == std::string_view::npos ? std::string_view()
                                         : line.substr(begin + 1, end - begin - 1);
}

/// `12.4` of torch/version.py: `cuda: Optional[str] = '12.4'`; empty for a build without CUDA.
std::string cuda_of_version_py(std::string_view text) {
    constexpr std::string_view name = "cuda";
    for (const std::string_view line : text::lines(text)) {
        if (line.starts_with(name) && line.size() > name.size() &&
            std::string_view(" :=").find(line[name.size()]) != std::string_view::npos) {
            return std::string(quoted(line));
        }
    }
    return {};
}

/// One tree, read step by step; the order is that in which findings decide.
class CudaReading {
public:
    CudaReading(const archive::FileTree& tree, const Environment& environment,
                const Inventory& inventory)
        : tree_(tree), environment_(environment), inventory_(inventory) {}

    Result<CudaFacts> result(const RunContext& run) && {
        read_variables();
        ENVPACK_CHECK(run.check());
        ENVPACK_CHECK(read_link());
        ENVPACK_CHECK(read_version_file());
        ENVPACK_CHECK(read_dpkg());
        ENVPACK_CHECK(read_rpm(run));
        ENVPACK_CHECK(run.check());
        ENVPACK_CHECK(read_libraries());
        ENVPACK_CHECK(read_headers());
        ENVPACK_CHECK(read_torch());
        read_wheels();
        compare(facts_.toolkit);
        compare(facts_.torch);
        return std::move(facts_);
    }

private:
    std::string variable(std::string_view name) const {
        const auto found = environment_.find(name);
        return found == environment_.end() ? std::string() : found->second;
    }

    /// Versions of CUDA are kept only where they tell the minor version.
    static void add_cuda(std::vector<VersionEvidence>& list, std::string where,
                         std::string_view version) {
        if (const auto parsed = CudaVersion::parse(version)) {
            list.push_back({std::move(where), parsed->to_string()});
        }
    }
    static void add(std::vector<VersionEvidence>& list, std::string where, std::string version) {
        if (!version.empty()) {
            list.push_back({std::move(where), std::move(version)});
        }
    }

    void read_variables() {
        const std::string cuda = variable("CUDA_VERSION");
        add_cuda(facts_.toolkit, "CUDA_VERSION", cuda);
        if (!cuda.empty() && facts_.toolkit.empty()) {
            facts_.problems.push_back(
                fmt::format("CUDA_VERSION is `{}`, which is no version", text::printable(cuda)));
        }
        for (const char* name : {"NV_CUDNN_VERSION", "CUDNN_VERSION"}) {
            add(facts_.cudnn, name, upstream_version(variable(name)));
        }
        for (const char* name : {"NV_LIBNCCL_PACKAGE_VERSION", "NCCL_VERSION"}) {
            add(facts_.nccl, name, upstream_version(variable(name)));
        }
        if (auto requirements = cuda::driver_requirements(environment_)) {
            facts_.requirements = *std::move(requirements);
        } else {
            facts_.problems.emplace_back(requirements.error().render());
        }
    }

    /// /usr/local/cuda is a link to /usr/local/cuda-12.4, often by way of /etc/alternatives.
    Result<void> read_link() {
        ENVPACK_TRY(const auto folder, find_directory(tree_, toolkit_folder));
        constexpr std::string_view start = "cuda-";
        if (folder && folder->name().starts_with(start)) {
            add_cuda(facts_.toolkit, fmt::format("{} -> /{}", toolkit_folder, folder->str()),
                     folder->name().substr(start.size()));
        }
        return {};
    }

    Result<std::optional<std::string>> read(const std::string& path, std::size_t size) {
        ENVPACK_TRY(const SafePath safe, SafePath::normalize(path));
        return read_if_small(tree_, safe, size);
    }

    Result<void> read_version_file() {
        const std::string json_path = fmt::format("{}/version.json", toolkit_folder);
        ENVPACK_TRY(const auto document, read(json_path, max_captured_text));
        if (document) {
            const auto parsed = json::parse(*document);
            const json::Value* cuda = parsed ? parsed->find("cuda") : nullptr;
            const auto version =
                cuda == nullptr ? Result<std::string_view>("") : json::string_at(*cuda, "version");
            add_cuda(facts_.toolkit, json_path, version ? *version : "");
        }
        const std::string text_path = fmt::format("{}/version.txt", toolkit_folder);
        ENVPACK_TRY(const auto text, read(text_path, max_captured_text));
        constexpr std::string_view start = "CUDA Version ";
        if (text && text->starts_with(start)) {
            add_cuda(facts_.toolkit, text_path, text::trim(text->substr(start.size())));
        }
        return {};
    }

    Result<void> read_dpkg() {
        ENVPACK_TRY(const auto status, read("var/lib/dpkg/status", max_captured_metadata));
        for (const DpkgPackage& package :
             status ? installed_dpkg_packages(*status) : std::vector<DpkgPackage>()) {
            add_package(package.name, package.version);
        }
        return {};
    }

    Result<void> read_rpm(const RunContext& run) {
        const Result<void> done = for_each_rpm_package(
            tree_,
            [&](const RpmHeader& package) { add_package(package.name(), package.version()); }, run);
        if (!done && done.error().code() == ErrorCode::cancelled) {
            return done;
        }
        if (!done) {
            facts_.problems.emplace_back(done.error().render());
        }
        return {};
    }

    void add_package(std::string_view name, std::string_view version) {
        const std::string where = fmt::format("package {}", text::printable(name));
        add_cuda(facts_.toolkit, where, toolkit_of_package(name));
        if (is_cudnn_package(name)) {
            add(facts_.cudnn, where, upstream_version(version));
        }
        if (name == "libnccl2" || name == "libnccl") {  // Debian's name, rpm's name
            add(facts_.nccl, where, upstream_version(version));
        }
    }

    Result<void> read_libraries() {
        std::vector<SafePath> folders;
        for (const char* text :
             {"/usr/local/cuda/lib64", "/usr/local/cuda/targets/x86_64-linux/lib",
              "/usr/local/cuda/targets/sbsa-linux/lib", "/usr/local/cuda/extras/CUPTI/lib64",
              "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"}) {
            ENVPACK_TRY(const auto folder, find_directory(tree_, text));
            if (folder && std::find(folders.begin(), folders.end(), *folder) == folders.end()) {
                folders.push_back(*folder);
            }
        }
        ENVPACK_CHECK(name_libraries(folders));
        // libcudart.so.12.4.127: the third number counts builds of that library.
        ENVPACK_TRY(const auto cudart, find_library(tree_, folders, "libcudart"));
        if (cudart) {
            const auto version = CudaVersion::parse(cudart->version);
            add_cuda(facts_.toolkit, cudart->path,
                     version ? version->minor_version().to_string() : "");
        }
        ENVPACK_TRY(const auto cudnn, find_library(tree_, folders, "libcudnn"));
        if (cudnn) {
            add(facts_.cudnn, cudnn->path, cudnn->version);
        }
        ENVPACK_TRY(const auto nccl, find_library(tree_, folders, "libnccl"));
        if (nccl) {
            add(facts_.nccl, nccl->path, nccl->version);
        }
        return {};
    }

    /// Those that packages for CUDA may use instead of their own. A file of the linker alone,
    /// `libcublas.so`, is none that could be loaded.
    Result<void> name_libraries(const std::vector<SafePath>& folders) {
        constexpr std::string_view names[] = {
            "libcublas",   "libcudart",   "libcudnn", "libcufft", "libcupti",     "libcurand",
            "libcusolver", "libcusparse", "libnccl",  "libnvrtc", "libnvJitLink",
        };
        std::set<std::string, std::less<>> found;
        for (const SafePath& folder : folders) {
            ENVPACK_TRY(const std::vector<std::string> files, tree_.list(folder));
            for (const std::string& file : files) {
                const std::size_t end = file.find(".so.");
                const std::string_view name = std::string_view(file).substr(0, end);
                if (end != std::string::npos &&
                    std::find(std::begin(names), std::end(names), name) != std::end(names)) {
                    found.emplace(name);
                }
            }
        }
        facts_.libraries.assign(found.begin(), found.end());
        return {};
    }

    /// The first of the headers of this name that is there; `extract` gives its version or "".
    template <class Extract>
    Result<std::optional<VersionEvidence>> read_header_of(std::string_view name, Extract extract) {
        for (const char* folder :
             {"/usr/local/cuda/include", "/usr/include", "/usr/include/x86_64-linux-gnu",
              "/usr/include/aarch64-linux-gnu"}) {
            const std::string path = fmt::format("{}/{}", folder, name);
            ENVPACK_TRY(const auto text, read(path, max_captured_metadata));
            if (std::string version = text ? extract(*text) : std::string(); !version.empty()) {
                return VersionEvidence{path, std::move(version)};
            }
        }
        return std::nullopt;
    }

    Result<void> read_headers() {
        const auto runtime = [](std::string_view text) {
            // 12040 is 12.4.
            const std::optional<unsigned> number = defined_number(text, "CUDART_VERSION");
            return number ? fmt::format("{}.{}", *number / 1000, *number % 1000 / 10)
                          : std::string();
        };
        ENVPACK_TRY(auto cuda, read_header_of(runtime_header, runtime));
        if (cuda) {
            facts_.toolkit.push_back(*std::move(cuda));
        }
        const auto cudnn = [](std::string_view text) {
            return defined_version(text, {"CUDNN_MAJOR", "CUDNN_MINOR", "CUDNN_PATCHLEVEL"});
        };
        ENVPACK_TRY(auto cudnn_version, read_header_of(cudnn_header, cudnn));
        if (cudnn_version) {
            facts_.cudnn.push_back(*std::move(cudnn_version));
        }
        const auto nccl = [](std::string_view text) {
            return defined_version(text, {"NCCL_MAJOR", "NCCL_MINOR", "NCCL_PATCH"});
        };
        ENVPACK_TRY(auto nccl_version, read_header_of(nccl_header, nccl));
        if (nccl_version) {
            facts_.nccl.push_back(*std::move(nccl_version));
        }
        return {};
    }

    /// The suffix of its version, `+cu124`, and torch/version.py, which wheels without one have.
    Result<void> read_torch() {
        const auto torch = std::find_if(
            inventory_.packages.begin(), inventory_.packages.end(),
            [](const FrozenPackage& package) { return package.name.str() == "torch"; });
        if (torch == inventory_.packages.end()) {
            return {};
        }
        ENVPACK_TRY(const cuda::TorchMatrix matrix, cuda::TorchMatrix::load());
        const std::string local(torch->version ? torch->version->local() : "");
        if (const auto* index = matrix.index(local.substr(0, local.find('.')))) {
            add(facts_.torch, "torch " + torch->raw_version, index->cuda.to_string());
        }
        ENVPACK_TRY(const SafePath location, SafePath::normalize(torch->location));
        const SafePath path = location.parent() / "torch" / "version.py";
        ENVPACK_TRY(const auto text, read_if_small(tree_, path, max_captured_text));
        if (text) {
            add_cuda(facts_.torch, '/' + path.str(), cuda_of_version_py(*text));
        }
        return {};
    }

    void read_wheels() {
        for (const FrozenPackage& package : inventory_.packages) {
            const std::string_view name = package.name.str();
            const std::string where = "package " + std::string(name);
            // nvidia-cuda-runtime-cu13 is an empty package: CUDA 13 dropped the suffix.
            if (name == "nvidia-cuda-runtime" || name == "nvidia-cuda-runtime-cu12" ||
                name == "nvidia-cuda-runtime-cu11") {
                const auto version = CudaVersion::parse(package.raw_version);
                add_cuda(facts_.torch, where, version ? version->minor_version().to_string() : "");
            } else if (name.starts_with("nvidia-cudnn-cu")) {
                add(facts_.cudnn, where, package.raw_version);
            } else if (name.starts_with("nvidia-nccl-cu")) {
                add(facts_.nccl, where, package.raw_version);
            }
        }
    }

    /// Third parts are not compared: patch levels, build numbers and dates stand there.
    void compare(const std::vector<VersionEvidence>& found) {
        for (std::size_t i = 1; i < found.size(); ++i) {
            if (CudaVersion::parse(found[i].version)->minor_version() !=
                CudaVersion::parse(found[0].version)->minor_version()) {
                facts_.problems.push_back(fmt::format("{} says CUDA {}, but {} says {}",
                                                      found[0].where, found[0].version,
                                                      found[i].where, found[i].version));
            }
        }
    }

    const archive::FileTree& tree_;
    const Environment& environment_;
    const Inventory& inventory_;
    CudaFacts facts_;
};

}  // namespace

Result<CudaFacts> cuda_facts(const archive::FileTree& tree, const Environment& environment,
                             const Inventory& inventory, const RunContext& run) {
    return with_context(CudaReading(tree, environment, inventory).result(run),
                        "while looking for CUDA");
}

bool cuda_facts_want(const SafePath& path, const archive::FileInfo& info) {
    if (is_rpm_database(path, info)) {
        return true;
    }
    if (info.type != archive::FileType::regular || info.size > max_captured_metadata) {
        return false;
    }
    const std::string_view name = path.name();
    const std::string parent = path.parent().str();
    // Alternatives name it cudnn_version_v9.h.
    const bool is_header = name == runtime_header || name == nccl_header ||
                           (name.starts_with("cudnn_version") && name.ends_with(".h"));
    const bool is_version_file = (name == "version.json" || name == "version.txt") &&
                                 path.parent().name().starts_with("cuda");
    return is_header || is_version_file || path.str() == "var/lib/dpkg/status" ||
           (name == "version.py" && path.parent().name() == "torch");
}

}  // namespace envpack::env
