#pragma once

#include "envpack/cuda/driver_table.hpp"
#include "envpack/cuda/ecosystem_plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace envpack::cuda {

struct EcosystemTables {
    const EcosystemTable& ecosystems;
    DriverTable drivers;
};

/// Read once: a solve asks for every package that it chose. Thread-safe.
Result<const EcosystemTables*> loaded_tables();

/// One build against a question.
struct BuildCandidate {
    enum class Fault : std::uint8_t { none, release, driver, gpu, major };
    const EcosystemBuild* build = nullptr;
    Fault fault = Fault::none;
    std::string reason = {};      ///< of the fault
    bool is_reduced = false;      ///< by minor-version compatibility
    bool is_other_major = false;  ///< than the wanted CUDA, and nevertheless no fault
    std::vector<std::string> notes = {};
};

/// How a requirement names a build. Value; not synchronised.
struct NamedBuild {
    const EcosystemFamily* family = nullptr;
    packaging::PackageName plain;                     ///< without suffix
    std::vector<packaging::PackageName> extras = {};  ///< with what same_extras mean
    std::vector<const EcosystemBuild*> builds = {};   ///< that it can mean, newest first
    bool by_suffix = false;
    bool by_extra = false;  ///< with an extra that not every build has
    bool is_explicit() const noexcept { return by_suffix || by_extra; }
    /// Whether its extras are those with which `build` uses the libraries of the base; false for a
    /// build that has no such way.
    bool asks_for_local(const EcosystemBuild& build) const;
    bool asks_for_bundled(const EcosystemBuild& build) const;
};

NamedBuild named_build(const EcosystemFamily& family, const packaging::Requirement& requirement);

/// The major version that is to be had: of the wanted CUDA, else of torch; none: open.
std::optional<CudaVersion> wanted_cuda(const EcosystemQuestion& question);

/// In the order of the builds. `may_differ`: another major version is no fault.
std::vector<BuildCandidate> build_candidates(const NamedBuild& named,
                                             const packaging::SpecifierSet& releases,
                                             const EcosystemQuestion& question, bool may_differ,
                                             const EcosystemTables& tables);

/// What the base lacks for this build to use its libraries; empty: nothing. Never empty for a build
/// that has no such way.
std::vector<std::string> lacking_for(const EcosystemFamily& family, const EcosystemBuild& build,
                                     const EcosystemQuestion& question);

/// `cupy-cuda12x`, `jax[cuda12]`, `onnxruntime-gpu >=1.27`.
std::string shown(const EcosystemFamily& family, const EcosystemBuild& build,
                  const packaging::PackageName& plain);

}  // namespace envpack::cuda
