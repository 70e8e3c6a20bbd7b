#pragma once

#include "envpack/cuda/driver_table.hpp"
#include "envpack/cuda/file_code.hpp"
#include "envpack/cuda/gpu_table.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace envpack::cuda {

/// What happens to GPU code on a GPU. Best first.
enum class CodeFate : std::uint8_t {
    native,          ///< machine code runs
    compiled,        ///< the driver compiles PTX at first use
    driver_too_old,  ///< PTX is there, in an ISA that this driver does not know
    none,            ///< "no kernel image is available for execution on the device"
};
/// "native", "ptx", "driver-too-old", "none".
std::string_view to_string(CodeFate fate) noexcept;

/// Of one container. Value; not synchronised.
struct ContainerFate {
    CodeFate fate = CodeFate::none;
    /// Of `compiled` and `driver_too_old`: the CUDA that a driver must have to compile it; none
    /// when no table knows the ISA.
    std::optional<CudaVersion> needs = std::nullopt;
};

/// `driver` none: it is not known, and assumed to compile any PTX.
ContainerFate fate_of(std::span<const FatbinEntry> entries, const Gpu& gpu,
                      const std::optional<DriverVersion>& driver, const GpuTable& gpus,
                      const DriverTable& drivers);

/// Of a file or package on one GPU, in numbers of containers. Value; not synchronised.
///
/// Each container is a module of its own, so one that runs says nothing about another. Libraries
/// also have kernels that only some architectures are meant to have: that is why what runs is
/// compared with what would run on the GPU that the file serves best.
struct CodeVerdict {
    std::uint64_t native = 0;
    std::uint64_t compiled = 0;
    std::uint64_t driver_too_old = 0;
    std::uint64_t none = 0;
    std::uint64_t best = 0;    ///< native and compiled on the GPU that the code serves best
    std::uint64_t lto_ir = 0;  ///< containers with nothing but LTO-IR: no verdict
    /// The highest CUDA that a driver must have for the PTX that would be compiled.
    std::optional<CudaVersion> needs = std::nullopt;

    enum class Answer : std::uint8_t {
        no_code,  ///< nothing that a verdict could be about
        native,   ///< what runs needs no compiling
        ptx,      ///< runs, some of it compiled at first use
        partial,  ///< far less runs than on other GPUs
        driver_too_old,
        none,  ///< nothing runs, or hardly anything
    };
    Answer answer() const noexcept;
    bool works() const noexcept;  ///< anything but driver_too_old and none
    std::uint64_t runs() const noexcept { return native + compiled; }
    std::uint64_t judged() const noexcept { return runs() + driver_too_old + none; }

    /// `partial` below this share of `best`, and `none` below the other one.
    static constexpr double partial_below = 0.5;
    static constexpr double none_below = 0.05;
};
/// "no-code", "native", "ptx", "partial", "driver-too-old", "none".
std::string_view to_string(CodeVerdict::Answer answer) noexcept;

CodeVerdict verdict_of(const FileCode& code, const Gpu& gpu,
                       const std::optional<DriverVersion>& driver, const GpuTable& gpus,
                       const DriverTable& drivers);

}  // namespace envpack::cuda
