#pragma once

#include "envpack/cuda/driver_library.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

// NVML and libcuda with the signatures of nvml.h and cuda.h, which answer what a test tells them.

namespace envpack::test {

struct FakeGpu {
    std::string name = "NVIDIA H100 80GB HBM3";
    std::string uuid = "GPU-11111111-2222-3333-4444-555555555555";
    int major = 9;
    int minor = 0;
    unsigned long long memory = 85'000'000'000ULL;
    int failure = 0;  ///< nvmlReturn_t of its handle
    bool is_mig = false;
    unsigned mig_devices = 0;
};

struct FakeDriver {
    bool has_nvml = true;
    bool has_cuda = true;
    std::string nvml_path = "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.550.54.14";
    std::string cuda_path = "/usr/lib/x86_64-linux-gnu/libcuda.so.550.54.14";
    int failure = 0;  ///< nvmlReturn_t of nvmlInit_v2
    std::string driver = "550.54.14";
    int cuda = 12040;          ///< NVML's word
    int library_cuda = 12040;  ///< libcuda's word
    std::vector<FakeGpu> gpus = {FakeGpu{}};
    int running = 0;  ///< calls of nvmlInit_v2 without one of nvmlShutdown

    /// What the functions answer; one for the process, since C functions have no more.
    static FakeDriver& current() {
        static FakeDriver driver;
        return driver;
    }
    static cuda::LibraryLoader loader();
};

namespace fake {

inline FakeGpu& gpu_of(void* device) {
    return FakeDriver::current().gpus.at(reinterpret_cast<std::uintptr_t>(device) - 1);
}
inline int give(const std::string& text, char* buffer, unsigned size) {
    std::snprintf(buffer, size, "%s", text.c_str());
    return 0;
}
inline int init() {
    FakeDriver& driver = FakeDriver::current();
    driver.running += driver.failure == 0 ? 1 : 0;
    return driver.failure;
}
inline int shutdown() {
    --FakeDriver::current().running;
    return 0;
}
inline const char* error_string(int failure) {
    return failure == 18 ? "Driver/library version mismatch" : "Unknown Error";
}
inline int driver_version(char* buffer, unsigned size) {
    return give(FakeDriver::current().driver, buffer, size);
}
inline int cuda_version(int* version) {
    *version = FakeDriver::current().cuda;
    return 0;
}
inline int count(unsigned* number) {
    *number = static_cast<unsigned>(FakeDriver::current().gpus.size());
    return 0;
}
inline int handle(unsigned index, void** device) {
    *device = reinterpret_cast<void*>(static_cast<std::uintptr_t>(index) + 1);
    return gpu_of(*device).failure;
}
inline int name(void* device, char* buffer, unsigned size) {
    return give(gpu_of(device).name, buffer, size);
}
inline int uuid(void* device, char* buffer, unsigned size) {
    return give(gpu_of(device).uuid, buffer, size);
}
inline int capability(void* device, int* major, int* minor) {
    *major = gpu_of(device).major;
    *minor = gpu_of(device).minor;
    return 0;
}
inline int memory(void* device, unsigned long long* numbers) {
    numbers[0] = gpu_of(device).memory;
    return 0;
}
inline int mig_mode(void* device, unsigned* now, unsigned* later) {
    *now = *later = gpu_of(device).is_mig ? 1 : 0;
    return 0;
}
inline int mig_device(void* device, unsigned index, void** part) {
    *part = device;
    return index < gpu_of(device).mig_devices ? 0 : 6;
}
inline int library_version(int* version) {
    *version = FakeDriver::current().library_cuda;
    return 0;
}

inline void* function(const char* wanted) {
    static const std::map<std::string, void*> all{
        {"nvmlInit_v2", reinterpret_cast<void*>(&init)},
        {"nvmlShutdown", reinterpret_cast<void*>(&shutdown)},
        {"nvmlErrorString", reinterpret_cast<void*>(&error_string)},
        {"nvmlSystemGetDriverVersion", reinterpret_cast<void*>(&driver_version)},
        {"nvmlSystemGetCudaDriverVersion_v2", reinterpret_cast<void*>(&cuda_version)},
        {"nvmlDeviceGetCount_v2", reinterpret_cast<void*>(&count)},
        {"nvmlDeviceGetHandleByIndex_v2", reinterpret_cast<void*>(&handle)},
        {"nvmlDeviceGetName", reinterpret_cast<void*>(&name)},
        {"nvmlDeviceGetUUID", reinterpret_cast<void*>(&uuid)},
        {"nvmlDeviceGetCudaComputeCapability", reinterpret_cast<void*>(&capability)},
        {"nvmlDeviceGetMemoryInfo", reinterpret_cast<void*>(&memory)},
        {"nvmlDeviceGetMigMode", reinterpret_cast<void*>(&mig_mode)},
        {"nvmlDeviceGetMigDeviceHandleByIndex", reinterpret_cast<void*>(&mig_device)},
        {"cuDriverGetVersion", reinterpret_cast<void*>(&library_version)}};
    const auto found = all.find(wanted);
    return found == all.end() ? nullptr : found->second;
}

}  // namespace fake

inline cuda::LibraryLoader FakeDriver::loader() {
    return [](const std::string& name) -> Result<cuda::LoadedLibrary> {
        const FakeDriver& now = current();
        const bool is_nvml = name == "libnvidia-ml.so.1";
        if (!(is_nvml ? now.has_nvml : now.has_cuda)) {
            return fail(ErrorCode::not_found, name + ": cannot open shared object file");
        }
        return cuda::LoadedLibrary{.path = is_nvml ? now.nvml_path : now.cuda_path,
                                   .function = &fake::function};
    };
}

}  // namespace envpack::test
