#pragma once

#include "envpack/base/result.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/cuda/gpu_code.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/specifier_set.hpp"
#include "envpack/packaging/version.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::cuda {

/// One build of a package for a CUDA. Value; not synchronised.
struct EcosystemBuild {
    CudaVersion cuda = {};    ///< that it was made with; the major version decides what it needs
    std::string suffix = {};  ///< of the package's name: `-cu12`; empty: the name does not tell
    std::vector<packaging::PackageName> extras = {};  ///< with CUDA libraries of its own
    /// With the libraries of the base; none: it always brings its own.
    std::optional<std::vector<packaging::PackageName>> local_extras = std::nullopt;
    std::optional<CudaVersion> local_cuda = std::nullopt;  ///< the least that the base must have
    packaging::SpecifierSet cudnn = {};  ///< of the base, for its libraries; empty: not needed
    std::optional<ComputeCapability> least_gpu = std::nullopt;
    std::optional<packaging::Version> from = std::nullopt;   ///< the first release…
    std::optional<packaging::Version> below = std::nullopt;  ///< …and the first that is no more
    std::string index = {};  ///< that serves only this build; empty: see the family
    bool is_verified = false;

    /// The releases as a specifier set; empty for all.
    packaging::SpecifierSet releases() const;
};

/// Packages that tell their CUDA in the same way. Value; not synchronised.
struct EcosystemFamily {
    enum class Scheme : std::uint8_t {
        builds,       ///< `builds` tells them apart
        torch_pin,    ///< its metadata pins torch; the index is that of torch
        torch_page,   ///< a page of wheels per torch and CUDA
        torch_wheel,  ///< the file name tells torch, CUDA and ABI
        advice,       ///< nothing to choose, something to know
    };
    /// Releases of the package and the torch that they need.
    struct TorchPin {
        packaging::SpecifierSet versions;
        packaging::SpecifierSet torch;
    };
    /// What pages exist for a minor release of torch.
    struct Page {
        packaging::Version torch;  ///< `2.12`
        std::vector<std::string> suffixes = {};
        bool is_verified = false;
    };
    std::string name = {};  ///< of the family: `RAPIDS`
    Scheme scheme = Scheme::advice;
    std::vector<packaging::PackageName> names = {};  ///< plain: without the suffix of a build
    bool is_cuda_only = false;                       ///< useless without a GPU
    std::string without_cuda = {};  ///< the package to ask for instead where there is none
    std::optional<unsigned> default_major = std::nullopt;  ///< where nothing tells the CUDA
    /// Extras that mean another one: `cuda` is `cuda12`.
    std::map<packaging::PackageName, packaging::PackageName> same_extras = {};
    std::vector<packaging::PackageName> other_extras = {};  ///< choose something else than CUDA
    std::vector<std::string> libraries = {};                ///< `libcublas`, that builds use
    std::vector<std::vector<packaging::PackageName>> exclusive = {};  ///< of each at most one
    std::string index = {};                                           ///< of all its packages
    std::vector<TorchPin> torch = {};
    std::string page = {};  ///< URL or file name with `{torch}`, `{suffix}`, …
    std::vector<Page> pages = {};
    std::vector<EcosystemBuild> builds = {};  ///< newest first
    std::string advice = {};
    bool is_verified = false;
};

/// cpp/data/ecosystems.json: how GPU packages other than torch encode CUDA. Immutable; thread-safe.
class EcosystemTable {
public:
    /// Read once by the process. internal when the table that was compiled in is damaged.
    static Result<const EcosystemTable*> load();

    std::span<const EcosystemFamily> families() const noexcept { return families_; }
    /// The family that has `name`, plain or with the suffix of a build; nullptr when there is none.
    const EcosystemFamily* find(const packaging::PackageName& name) const noexcept;
    /// The packages, `name` among them, of which an environment can have only one; empty when
    /// none excludes it.
    std::span<const packaging::PackageName> rivals(
        const packaging::PackageName& name) const noexcept;

private:
    static Result<EcosystemTable> read();

    std::vector<EcosystemFamily> families_;
};

/// The plain name that `name` is with the suffix of `build`; nullptr when it is none of the
/// family's. Without a suffix, the name itself.
const packaging::PackageName* plain_name(const EcosystemFamily& family, const EcosystemBuild& build,
                                         const packaging::PackageName& name) noexcept;

}  // namespace envpack::cuda
