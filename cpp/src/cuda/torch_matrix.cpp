#include "envpack/cuda/torch_matrix.hpp"

#include "fact_rows.hpp"
#include "fact_tables.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using packaging::Version;

template <class Range, class Matches>
auto first_where(const Range& rows, Matches matches) -> decltype(rows.data()) {
    const auto found = std::find_if(rows.begin(), rows.end(), matches);
    return found == rows.end() ? nullptr : &*found;
}

Result<TorchRelease> read_release(const json::Value& row) {
    ENVPACK_TRY(Version torch, parsed_at<Version>(row, "torch"));
    TorchRelease release{
        .torch = std::move(torch),
        .is_verified = is_verified(row, "cuda") && is_verified(row, "python"),
        .default_is_verified = is_verified(row, "default_index_cuda"),
    };
    ENVPACK_TRY(release.suffixes, texts_at(row, "cuda"));
    ENVPACK_TRY(release.default_suffix, json::string_at(row, "default_index_cuda"));
    ENVPACK_TRY(release.pythons, texts_at(row, "python"));
    ENVPACK_TRY(release.aarch64, texts_at(row, "linux_aarch64"));
    ENVPACK_TRY(const std::string* note, json::optional_string_at(row, "note"));
    release.note = note == nullptr ? std::string() : *note;
    return release;
}

Result<TorchCode> read_code(const json::Value& row) {
    ENVPACK_TRY(Version first, parsed_at<Version>(row, "torch_min"));
    ENVPACK_TRY(Version last, parsed_at<Version>(row, "torch_max"));
    TorchCode code{.first = std::move(first),
                   .last = std::move(last),
                   .x86_64_is_verified = is_verified(row, "linux_x86_64"),
                   .aarch64_is_verified = is_verified(row, "linux_aarch64")};
    ENVPACK_TRY(code.suffix, json::string_at(row, "cuda"));
    ENVPACK_TRY(code.x86_64, parsed_list_at<GpuCode>(row, "linux_x86_64"));
    ENVPACK_TRY(code.aarch64, parsed_list_at<GpuCode>(row, "linux_aarch64"));
    return code;
}

}  // namespace

const std::vector<std::string>* TorchRelease::suffixes_for(
    std::string_view machine) const noexcept {
    const std::vector<std::string>* found = machine == "x86_64"    ? &suffixes
                                            : machine == "aarch64" ? &aarch64
                                                                   : nullptr;
    return found == nullptr || found->empty() ? nullptr : found;
}

Result<void> TorchMatrix::load_releases() {
    ENVPACK_TRY(const json::Value table, json::parse(torch_cuda_json));
    ENVPACK_TRY(url_template_, json::string_at(table, "index_template"));
    ENVPACK_TRY(never_published_, texts_at(table, "never_published"));
    ENVPACK_TRY(const json::Array* indexes, json::array_at(table, "indexes"));
    for (const json::Value& row : *indexes) {
        TorchIndex index;
        ENVPACK_TRY(index.suffix, json::string_at(row, "suffix"));
        ENVPACK_TRY(index.cuda, parsed_at<CudaVersion>(row, "cuda"));
        index.url = url_of(index.suffix);
        indexes_.push_back(std::move(index));
    }
    ENVPACK_TRY(const json::Array* releases, json::array_at(table, "releases"));
    for (const json::Value& row : *releases) {
        ENVPACK_TRY(TorchRelease release, read_release(row));
        releases_.push_back(std::move(release));
    }
    return {};
}

Result<void> TorchMatrix::load_code() {
    ENVPACK_TRY(const json::Value table, json::parse(torch_arches_json));
    ENVPACK_TRY(const json::Array* rows, json::array_at(table, "code"));
    for (const json::Value& row : *rows) {
        ENVPACK_TRY(TorchCode code, read_code(row));
        code_.push_back(std::move(code));
    }
    return {};
}

Result<void> TorchMatrix::load_families() {
    ENVPACK_TRY(const json::Value table, json::parse(torch_family_json));
    ENVPACK_TRY(const json::Array* rows, json::array_at(table, "families"));
    for (const json::Value& row : *rows) {
        ENVPACK_TRY(Version torch, parsed_at<Version>(row, "torch"));
        TorchFamily family{.torch = std::move(torch)};
        ENVPACK_TRY(family.torchvision, optional_at<Version>(row, "torchvision"));
        ENVPACK_TRY(family.torchaudio, optional_at<Version>(row, "torchaudio"));
        families_.push_back(std::move(family));
    }
    ENVPACK_TRY(const json::Value names, json::parse(pytorch_index_packages_json));
    ENVPACK_TRY(packages_, parsed_list_at<packaging::PackageName>(names, "cuda_specific"));
    return {};
}

Result<TorchMatrix> TorchMatrix::load() {
    TorchMatrix matrix;
    ENVPACK_CHECK(compiled_in(matrix.load_releases(), "torch_cuda"));
    ENVPACK_CHECK(compiled_in(matrix.load_code(), "torch_arches"));
    ENVPACK_CHECK(compiled_in(matrix.load_families(), "torch_family"));
    return matrix;
}

const TorchIndex* TorchMatrix::index(std::string_view suffix) const noexcept {
    return first_where(indexes_, [&](const TorchIndex& one) { return one.suffix == suffix; });
}

const TorchFamily* TorchMatrix::family(const Version& torch) const noexcept {
    return first_where(families_, [&](const TorchFamily& one) { return one.torch == torch; });
}

const TorchCode* TorchMatrix::code_of(const Version& torch,
                                      std::string_view suffix) const noexcept {
    return first_where(code_, [&](const TorchCode& one) {
        return one.suffix == suffix && one.first <= torch && torch <= one.last;
    });
}

std::string_view TorchMatrix::never_published(const CudaVersion& cuda) const noexcept {
    const std::string suffix = fmt::format("cu{}{}", cuda.major, cuda.minor);
    const std::string* found =
        first_where(never_published_, [&](const std::string& one) { return one == suffix; });
    return found == nullptr ? std::string_view() : *found;
}

std::string TorchMatrix::url_of(std::string_view suffix) const {
    return fmt::format(fmt::runtime(url_template_), fmt::arg("suffix", suffix));
}

}  // namespace envpack::cuda
