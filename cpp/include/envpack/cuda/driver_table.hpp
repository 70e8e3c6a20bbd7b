#pragma once

#include "envpack/base/result.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/cuda/driver_version.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace envpack::cuda {

/// Whether a driver runs programs of a CUDA version. Value; not synchronised.
struct DriverAnswer {
    enum class Kind : std::uint8_t {
        yes,
        /// By minor-version compatibility: machine code runs, features of the newer CUDA may be
        /// missing and its PTX is not compiled.
        reduced,
        no,
    };
    Kind kind = Kind::no;
    /// The smallest driver with which the answer would be `yes`, or `reduced` where it is `no`;
    /// none where it is `yes` or no table tells.
    std::optional<DriverVersion> needs = std::nullopt;
    bool is_verified = true;  ///< whether a source tells all that was used
};

/// cpp/data/cuda_driver.json and ptx_isa.json: which driver of Linux runs which CUDA.
/// Immutable; thread-safe.
class DriverTable {
public:
    /// internal when a table that was compiled in is damaged.
    static Result<DriverTable> load();

    DriverAnswer answer(const DriverVersion& driver, const CudaVersion& cuda) const;

    /// The CUDA whose features and PTX a driver has; none for one that is older than the table.
    std::optional<CudaVersion> reach(const DriverVersion& driver) const;
    /// The smallest driver on which `cuda` starts at all; none when no table tells.
    std::optional<DriverVersion> floor(const CudaVersion& cuda) const;
    /// The first branch that has `cuda` in full; none when no known one has.
    std::optional<DriverVersion> full_driver(const CudaVersion& cuda) const;
    /// The CUDA that a driver must have to compile PTX that the toolkit `cuda` made.
    CudaVersion ptx_needs(const CudaVersion& cuda) const;
    /// The first CUDA that has an ISA of PTX, such as 8.5, and so the one that a driver must have
    /// to compile it; none when no table tells.
    std::optional<CudaVersion> isa_cuda(unsigned isa_major, unsigned isa_minor) const;

    struct Branch {
        DriverVersion driver = {};
        CudaVersion cuda = {};
        bool is_verified = false;
    };
    struct Floor {
        CudaVersion cuda;  ///< from this one on, within one major version
        DriverVersion driver;
    };
    std::span<const Branch> branches() const noexcept { return branches_; }  ///< ascending
    std::span<const Floor> floors() const noexcept { return floors_; }       ///< ascending

private:
    const Branch* branch_of(const DriverVersion& driver) const;

    struct Isa {
        CudaVersion isa;   ///< of PTX: two parts
        CudaVersion cuda;  ///< the first one that has it
    };

    std::vector<Branch> branches_;
    std::vector<Floor> floors_;
    std::vector<Floor> toolkits_;  ///< before CUDA 11.0: exact versions
    std::vector<Isa> isas_;        ///< ascending
};

}  // namespace envpack::cuda
