#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/cuda/driver_version.hpp"
#include "envpack/cuda/gpu_table.hpp"
#include "envpack/packaging/specifier_set.hpp"
#include "envpack/packaging/version.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

// Which of PyTorch's indexes serves an environment, from the tables alone.
//
// * An index is chosen from those that have the release, never made from a version: there is no
//   cu120, cu122, cu123, cu125, cu127, cu131 or cu133.
// * Driver and GPUs are those of the target, as they are told; the machine that builds is not
// asked.
// * A wheel brings its own CUDA libraries, so one of another major version than the base's CUDA
//   runs where the driver does. What breaks is to compile extensions with the base's toolkit.
// * What a table does not know counts as no: a wheel is not chosen for a GPU on a guess.

namespace envpack::cuda {

/// What an index is wanted for. Value; not synchronised.
struct IndexQuestion {
    packaging::SpecifierSet torch = {};  ///< compared with what the index has: `2.6.0+cu124`
    std::string machine = "x86_64";      ///< or `aarch64`
    std::string python = {};             ///< `3.12`, `3.13t`; empty when not known
    std::optional<CudaVersion> cuda = std::nullopt;  ///< of the toolkit in the image
    bool cpu = false;                                ///< wheels without CUDA
    std::optional<DriverVersion> driver = std::nullopt;
    std::vector<Gpu> gpus = {};  ///< all of them have to work
    bool allow_other_major = false;
};

/// An index that is not taken, and why.
struct DroppedIndex {
    std::string suffix;
    std::optional<packaging::Version> torch = std::nullopt;  ///< the newest it was looked at for
    std::string reason = {};  ///< "torch 2.12.0 there has no code for V100 (7.0)"
};

/// A package and the version that belongs to the chosen torch.
struct FamilyMember {
    std::string name;
    packaging::Version version;
};

/// The chosen index. Value; not synchronised.
struct IndexPlan {
    std::string suffix;        ///< `cu126`, `cpu`
    std::string url = {};      ///< without credentials, also where a mirror is put in its place
    packaging::Version torch;  ///< the release, without local part
    std::optional<CudaVersion> cuda = std::nullopt;  ///< of the wheels; none for `cpu`
    /// Accepts the releases of this index that have code for the GPUs; empty: all of them.
    packaging::SpecifierSet fitting = {};
    std::vector<FamilyMember> family = {};   ///< torchvision, torchaudio, as far as known
    std::string reason = {};                 ///< one sentence, without full stop
    std::vector<std::string> notes = {};     ///< what to know beside it
    std::vector<DroppedIndex> dropped = {};  ///< every other index, by CUDA

    json::Value to_json() const;
};

/// No index fits. Value; not synchronised.
struct IndexConflict {
    std::string headline = {};  ///< one line
    std::vector<DroppedIndex> dropped = {};
    std::vector<std::string> ways_out = {};  ///< each was tried and gives an index

    std::string to_string() const;  ///< everything, several lines, with a final LF
    json::Value to_json() const;
};

using IndexAnswer = std::variant<IndexPlan, IndexConflict>;

/// The newest release that fits, and of its indexes the one nearest to the CUDA of the image: up to
/// it within the major version, else above it. Without such a CUDA, the highest that driver and
/// GPUs allow, and without those the one of the default index.
/// internal when a table that was compiled in is damaged.
Result<IndexAnswer> plan_index(const IndexQuestion& question);

}  // namespace envpack::cuda
