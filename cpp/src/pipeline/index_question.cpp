#include "index_question.hpp"

#include "envpack/base/text.hpp"

#include <fmt/format.h>

namespace envpack::pipeline {

Result<packaging::SpecifierSet> torch_specifiers(std::string_view text) {
    const auto version = packaging::Version::parse(text);
    if (!version) {
        return packaging::SpecifierSet::parse(text);
    }
    const bool is_series = version->release_size() < 3 && !version->has_local() &&
                           !version->is_prerelease() && !version->is_postrelease();
    return packaging::SpecifierSet::parse(
        fmt::format("=={}{}", version->to_string(), is_series ? ".*" : ""));
}

Result<cuda::IndexQuestion> index_question(const CudaOptions& options,
                                           const env::CudaFacts* facts) {
    cuda::IndexQuestion question{.cpu = options.cuda == "cpu",
                                 .allow_other_major = options.allow_other_major};
    if (options.is_auto()) {
        question.cuda = facts == nullptr ? std::nullopt : facts->cuda();
    } else if (!question.cpu) {
        ENVPACK_TRY(question.cuda, cuda::CudaVersion::parse(options.cuda));
    }
    if (!options.driver.empty()) {
        ENVPACK_TRY(question.driver, cuda::DriverVersion::parse(options.driver));
    }
    ENVPACK_TRY(const cuda::GpuTable table, cuda::GpuTable::load());
    for (const std::string& text : options.gpus) {
        ENVPACK_TRY(std::vector<cuda::Gpu> gpus, table.find_list(text));
        question.gpus.insert(question.gpus.end(), gpus.begin(), gpus.end());
    }
    if (question.cpu && !question.gpus.empty()) {
        return fail(Error(ErrorCode::invalid_argument, "wheels without CUDA run on no GPU")
                        .with_hint("leave out --gpu, or `--cuda cpu`"));
    }
    return question;
}

Result<std::string> machine_for(const std::string& machine) {
    if (machine != "x86_64" && machine != "aarch64") {
        return fail(
            Error(ErrorCode::invalid_argument,
                  fmt::format("PyTorch has no CUDA wheels for `{}`", text::printable(machine)))
                .with_hint("they are for x86_64 and aarch64"));
    }
    return machine;
}

Result<http::Url> use_mirror(cuda::IndexPlan& plan, const CudaOptions& options,
                             const UserConfig& user) {
    std::string_view text = options.torch_index.empty() ? user.variable("ENVPACK_TORCH_INDEX")
                                                        : std::string_view(options.torch_index);
    if (text.empty()) {
        return http::Url::parse(plan.url);
    }
    while (text.ends_with('/')) {
        text.remove_suffix(1);
    }
    const std::string doing =
        fmt::format("while reading the mirror of PyTorch's indexes ({})",
                    options.torch_index.empty() ? "ENVPACK_TORCH_INDEX" : "--torch-index");
    const Result<http::Url> mirror = http::Url::parse(text);
    if (!mirror) {
        // Not repeated: what is no URL has a secret in it all the same.
        return fail(Error(ErrorCode::invalid_argument, "it is no https, http or file URL")
                        .with_rule(std::string(mirror.error().rule()))
                        .with_context(doing)
                        .with_hint("write it as https://mirror.example/whl"));
    }
    if (mirror->query() || mirror->fragment()) {
        return fail(
            Error(ErrorCode::invalid_argument, "a suffix cannot be added to a URL with `?` or `#`")
                .with_context(doing));
    }
    http::Url url = mirror->with_path_suffix((mirror->path() == "/" ? "" : "/") + plan.suffix);
    plan.url = url.shown();
    return url;
}

std::string python_of(const env::Interpreter& python) {
    return python.major == 0 ? std::string() : python.short_version() + python.abi_flags;
}

std::vector<std::string> driver_notes(const cuda::IndexQuestion& question,
                                      const env::CudaFacts& facts,
                                      const cuda::DriverTable& drivers) {
    const std::optional<cuda::CudaVersion> demanded = facts.least_driver_cuda();
    const std::optional<cuda::CudaVersion> reach =
        question.driver ? drivers.reach(*question.driver) : std::nullopt;
    if (!demanded || !reach || *reach >= demanded->minor_version()) {
        return {};
    }
    const std::optional<cuda::DriverVersion> enough = drivers.full_driver(*demanded);
    return {
        fmt::format("the container runtime may refuse the base on driver {}: its "
                    "NVIDIA_REQUIRE_CUDA demands CUDA {}{}; NVIDIA_DISABLE_REQUIRE=1 switches "
                    "that off",
                    question.driver->to_string(), demanded->to_string(),
                    enough ? fmt::format(" ({} or later)", enough->to_string()) : std::string())};
}

}  // namespace envpack::pipeline
