#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/cuda_version.hpp"
#include "envpack/cuda/gpu_code.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// What the libraries of NVIDIA's driver say about this machine: NVML (libnvidia-ml.so.1) about the
// GPUs, libcuda.so.1 about its version of CUDA. Nothing is linked; both are loaded when they are
// asked and stay loaded, since nobody may unload a library that has started threads.
//
// * No CUDA context is made and cuInit() is never called: a process that has, cannot be forked any
//   more by those who use CUDA in the children (PyTorch's data loaders, for one).
// * A driver whose kernel half is ill may never answer, which no signal ends. So the questions are
//   asked by a thread that is left behind where they take too long.

namespace envpack::cuda {

/// A library of this process. Value; not synchronised.
struct LoadedLibrary {
    std::string path;  ///< of the file, links followed
    /// The function of that name; nullptr when there is none.
    std::function<void*(const char* name)> function;
};

/// Loads a library by the name that programs need it under, such as `libcuda.so.1`. not_found when
/// there is none, with the loader's words.
using LibraryLoader = std::function<Result<LoadedLibrary>(const std::string& name)>;

/// dlopen(), and for what it does not find the folders of WSL and of NVIDIA's container images.
LibraryLoader host_libraries();

/// A GPU as the driver describes it. Value; not synchronised.
struct DriverGpu {
    std::string name;  ///< "NVIDIA H100 80GB HBM3"
    std::string uuid = {};
    std::optional<ComputeCapability> capability = std::nullopt;
    std::uint64_t memory = 0;  ///< bytes; 0 when it is not told
    /// Parts that it is divided into (MIG); nullopt when it is not to be divided.
    std::optional<unsigned> mig_devices = std::nullopt;
};

/// NVML's answers. Value; not synchronised.
struct NvmlFacts {
    std::string path;    ///< of the library
    int failure = 0;     ///< nvmlReturn_t of nvmlInit_v2(); the rest is empty unless it is 0
    std::string reason;  ///< its words
    std::string driver = {};
    std::optional<CudaVersion> cuda = std::nullopt;
    std::vector<DriverGpu> gpus = {};
    std::vector<std::string> lost = {};  ///< GPUs that could not be asked: "GPU 1: GPU is lost"

    static constexpr int no_permission = 4;
    static constexpr int driver_not_loaded = 9;
    static constexpr int version_mismatch = 18;  ///< between this library and the kernel module
};

/// Value; not synchronised.
struct CudaLibraryFacts {
    std::string path;
    std::optional<CudaVersion> cuda = std::nullopt;  ///< of cuDriverGetVersion()
};

/// Value; not synchronised.
struct DriverLibraryFacts {
    std::optional<NvmlFacts> nvml = std::nullopt;
    std::string no_nvml = {};  ///< why there is none
    std::optional<CudaLibraryFacts> cuda = std::nullopt;
    std::string no_cuda = {};  ///< why there is none
};

/// Asks both. limit_exceeded (rule cuda.driver-hangs) when there is no answer in time.
Result<DriverLibraryFacts> ask_driver_libraries(const LibraryLoader& loader, double timeout_seconds,
                                                const RunContext& run);

}  // namespace envpack::cuda
