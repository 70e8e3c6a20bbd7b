#pragma once

#include "envpack/base/result.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/cuda/gpu_code.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/version.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::cuda {

/// An index of PyTorch's wheels for one CUDA. Value; not synchronised.
struct TorchIndex {
    std::string suffix;  ///< `cu126`
    std::string url;
    CudaVersion cuda = {};
};

/// A release of torch. Value; not synchronised.
struct TorchRelease {
    packaging::Version torch;
    std::vector<std::string> suffixes = {};  ///< of the indexes that have it, ascending
    std::string default_suffix = {};         ///< the CUDA of the default index's wheel
    std::vector<std::string> pythons = {};   ///< `3.13`, `3.13t`; empty when not known
    std::vector<std::string> aarch64 = {};   ///< suffixes that have it for aarch64
    bool is_verified = false;                ///< whether a source tells suffixes and Pythons
    bool default_is_verified = false;
    std::string note = {};

    /// nullptr when no index has it for `machine` (`x86_64`, `aarch64`).
    const std::vector<std::string>* suffixes_for(std::string_view machine) const noexcept;
};

/// What GPUs the machine code of torch is for. Value; not synchronised.
struct TorchCode {
    packaging::Version first;  ///< releases from here…
    packaging::Version last;   ///< …to here
    std::string suffix = {};
    std::vector<GpuCode> x86_64 = {};   ///< empty when not known
    std::vector<GpuCode> aarch64 = {};  ///< empty when not known
    bool x86_64_is_verified = false;
    bool aarch64_is_verified = false;
};

/// The versions of torch's companions that belong to a release; none where no table tells.
struct TorchFamily {
    packaging::Version torch;
    std::optional<packaging::Version> torchvision = std::nullopt;
    std::optional<packaging::Version> torchaudio = std::nullopt;
};

/// cpp/data/torch_cuda.json, torch_arches.json, torch_family.json and
/// pytorch_index_packages.json. Immutable; thread-safe.
class TorchMatrix {
public:
    /// internal when a table that was compiled in is damaged.
    static Result<TorchMatrix> load();

    std::span<const TorchIndex> indexes() const noexcept { return indexes_; }      ///< by CUDA
    std::span<const TorchRelease> releases() const noexcept { return releases_; }  ///< ascending
    /// Sorted: packages whose build depends on CUDA, torch among them. All of them that an
    /// environment has must come from one index.
    std::span<const packaging::PackageName> packages() const noexcept { return packages_; }

    /// nullptr when there is none.
    const TorchIndex* index(std::string_view suffix) const noexcept;
    const TorchFamily* family(const packaging::Version& torch) const noexcept;
    const TorchCode* code_of(const packaging::Version& torch,
                             std::string_view suffix) const noexcept;
    /// The suffix that tools would make of a version and that no release was ever published for:
    /// `cu125` for 12.5. Empty for versions that have an index, and for others.
    std::string_view never_published(const CudaVersion& cuda) const noexcept;
    /// The URL of `cpu` or of the suffix of an index.
    std::string url_of(std::string_view suffix) const;

private:
    Result<void> load_releases();
    Result<void> load_code();
    Result<void> load_families();

    std::string url_template_;
    std::vector<TorchIndex> indexes_;
    std::vector<std::string> never_published_;
    std::vector<TorchRelease> releases_;
    std::vector<TorchCode> code_;
    std::vector<TorchFamily> families_;
    std::vector<packaging::PackageName> packages_;
};

}  // namespace envpack::cuda
