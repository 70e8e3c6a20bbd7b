#pragma once

#include "envpack/base/result.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/cuda/driver_version.hpp"
#include "envpack/cuda/ecosystem_table.hpp"
#include "envpack/cuda/gpu_table.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/version.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

// Which build of jax, tensorflow, cupy, RAPIDS, onnxruntime-gpu and the like serves a target, from
// the table alone.
//
// * A plain name is changed (`cupy` to `cupy-cuda12x`, `jax` to `jax[cuda12]`); what the user says
//   about CUDA, by suffix or extra, is judged and never replaced.
// * A wheel that brings its own CUDA libraries runs beside another toolkit, where the driver does:
//   who names it gets it, with a note. Of itself another major version than the toolkit's is not
//   chosen, as for torch.
// * What the table does not know is said, and nothing is changed.

namespace envpack::cuda {

/// The torch that the rest is used with.
struct EcosystemTorch {
    packaging::Version version;  ///< as installed, or the release that is planned
    std::optional<CudaVersion> cuda = std::nullopt;  ///< none: without CUDA, or not known
    bool is_provided = false;                        ///< by the base

    /// A build of NVIDIA's or another that is no release: `2.6.0a0+….nv24.12`.
    bool is_patched() const noexcept { return version.is_prerelease(); }
};

/// What is known of the target. Value; not synchronised.
struct EcosystemQuestion {
    std::optional<CudaVersion> cuda = std::nullopt;     ///< that is wanted: `--cuda`, the toolkit's
    std::optional<CudaVersion> toolkit = std::nullopt;  ///< of the base
    std::vector<std::string> libraries = {};            ///< of that toolkit, as files: `libcublas`
    std::optional<packaging::Version> cudnn = std::nullopt;  ///< of the base's system
    std::vector<packaging::PackageName> provided = {};       ///< by the base
    std::optional<EcosystemTorch> torch = std::nullopt;
    bool cpu = false;
    std::optional<DriverVersion> driver = std::nullopt;
    std::vector<Gpu> gpus = {};
    bool allow_other_major = false;
};

/// A build that is not taken, and why.
struct DroppedBuild {
    std::string build;  ///< `cupy-cuda13x`, `jax[cuda13]`, `onnxruntime-gpu >=1.27`
    std::string reason;
};

/// What becomes of a requirement. Value; not synchronised.
struct EcosystemChoice {
    packaging::Requirement requirement;  ///< to be resolved instead; the same where none is changed
    bool is_changed = false;
    std::vector<packaging::Requirement> limits = {};  ///< constraints beside it
    std::vector<packaging::PackageName> pinned = {};  ///< to `index`
    std::string index = {};                           ///< empty: where everything comes from
    bool is_page = false;                             ///< of links, not a simple API
    std::string reason = {};                          ///< one sentence, without full stop
    std::vector<std::string> notes = {};
    std::vector<DroppedBuild> dropped = {};
};

/// No build fits. Value; not synchronised.
struct EcosystemConflict {
    std::string package;
    std::string headline = {};
    std::vector<DroppedBuild> dropped = {};
    std::vector<std::string> ways_out = {};  ///< each was tried

    std::string to_string() const;  ///< everything, several lines, with a final LF
};

using EcosystemAnswer = std::variant<EcosystemChoice, EcosystemConflict>;

/// nullopt for a package of no family, and where its extras choose something else than CUDA.
/// internal when a table that was compiled in is damaged.
Result<std::optional<EcosystemAnswer>> plan_ecosystem(const packaging::Requirement& requirement,
                                                      const EcosystemQuestion& question);

/// Constraints that hold for everybody, whoever asks for the package: releases of what tells its
/// CUDA by the version alone.
Result<std::vector<packaging::Requirement>> ecosystem_limits(const EcosystemQuestion& question);

/// What a requirement says about torch by its own version; empty where that is not known.
Result<packaging::SpecifierSet> torch_wanted_by(const packaging::Requirement& requirement);

}  // namespace envpack::cuda
