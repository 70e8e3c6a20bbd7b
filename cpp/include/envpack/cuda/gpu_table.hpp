#pragma once

#include "envpack/base/result.hpp"
#include "envpack/cuda/gpu_code.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::cuda {

/// A GPU to run on. Value; not synchronised.
struct Gpu {
    std::string name;  ///< as it was asked for: `H100`, `sm_90`, `9.0`
    ComputeCapability capability = {};
    bool is_tegra = false;    ///< a Jetson: its machine code is of its own
    bool is_verified = true;  ///< whether a source tells the compute capability

    friend bool operator==(const Gpu&, const Gpu&) = default;
};

/// cpp/data/gpu_compute_capability.json: which GPU has which compute capability, and what runs on
/// it. Immutable; thread-safe.
class GpuTable {
public:
    /// internal when the table that was compiled in is damaged.
    static Result<GpuTable> load();

    /// A name as people or nvidia-smi write it (`H100`, `rtx4090`, `Tesla V100-SXM2-16GB`), a
    /// target (`sm_90a` is the GPU that it is made for) or a compute capability (`9.0`).
    /// invalid_argument when no such GPU is known.
    Result<Gpu> find(std::string_view text) const;
    /// Several, separated by commas; an empty text is no GPU.
    Result<std::vector<Gpu>> find_list(std::string_view text) const;

    /// Whether machine code for `code` runs on `gpu`; false for PTX.
    bool runs(const GpuCode& code, const Gpu& gpu) const;
    /// Whether PTX for `code` can be compiled for `gpu`, by a driver that knows its ISA; false for
    /// machine code.
    bool compiles(const GpuCode& code, const Gpu& gpu) const;

    struct Model {
        ComputeCapability capability = {};
        std::vector<std::string> names = {};
        bool is_tegra = false;
        bool is_verified = false;
    };
    /// Ascending.
    std::span<const Model> models() const noexcept { return models_; }

private:
    struct Family {
        GpuCode target;
        std::vector<ComputeCapability> members;
    };
    const Model* named(std::string_view name) const;
    const Model* with(const ComputeCapability& capability) const noexcept;
    bool is_for(const GpuCode& code, const Gpu& gpu) const;

    std::vector<Model> models_;
    std::vector<Family> families_;
};

}  // namespace envpack::cuda
