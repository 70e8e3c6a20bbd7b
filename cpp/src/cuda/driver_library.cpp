#include "envpack/cuda/driver_library.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <link.h>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

constexpr std::size_t max_driver_text = 96;  // NVML_DEVICE_NAME_V2_BUFFER_SIZE, the longest of all
constexpr unsigned max_gpus = 1024;
constexpr unsigned max_mig_devices = 64;

using NvmlDevice = void*;

/// The function of that name as `Signature*`; nullptr when there is none.
template <class Signature>
Signature* function_of(const LoadedLibrary& library, const char* name) {
    return reinterpret_cast<Signature*>(library.function(name));
}

/// Texts of a library may lack their end where the buffer is full.
std::string text_of(const std::array<char, max_driver_text>& buffer) {
    return text::printable(std::string_view(buffer.data(), strnlen(buffer.data(), buffer.size())));
}

/// 13010 as 13.1.
std::optional<CudaVersion> version_of(int number) {
    if (number < 1000) {
        return std::nullopt;
    }
    return CudaVersion{.major = static_cast<unsigned>(number) / 1000,
                       .minor = static_cast<unsigned>(number) % 1000 / 10};
}

class Nvml {
public:
    explicit Nvml(const LoadedLibrary& library) : library_(library) {}

    NvmlFacts ask() const {
        NvmlFacts facts{.path = library_.path, .failure = 0, .reason = {}};
        auto* const init = function_of<int()>(library_, "nvmlInit_v2");
        auto* const shutdown = function_of<int()>(library_, "nvmlShutdown");
        if (init == nullptr || shutdown == nullptr) {
            facts.failure = -1;
            facts.reason = "it has no nvmlInit_v2";
            return facts;
        }
        facts.failure = init();
        if (facts.failure != 0) {
            facts.reason = words_for(facts.failure);
            return facts;
        }
        ask_system(facts);
        ask_gpus(facts);
        shutdown();
        return facts;
    }

private:
    std::string words_for(int failure) const {
        auto* const words = function_of<const char*(int)>(library_, "nvmlErrorString");
        const char* const said = words == nullptr ? nullptr : words(failure);
        return said == nullptr ? fmt::format("error {}", failure) : text::printable(said);
    }

    void ask_system(NvmlFacts& facts) const {
        std::array<char, max_driver_text> buffer{};
        auto* const driver =
            function_of<int(char*, unsigned)>(library_, "nvmlSystemGetDriverVersion");
        if (driver != nullptr && driver(buffer.data(), buffer.size()) == 0) {
            facts.driver = text_of(buffer);
        }
        int number = 0;
        auto* const cuda = function_of<int(int*)>(library_, "nvmlSystemGetCudaDriverVersion_v2");
        if (cuda != nullptr && cuda(&number) == 0) {
            facts.cuda = version_of(number);
        }
    }

    void ask_gpus(NvmlFacts& facts) const {
        auto* const count_of = function_of<int(unsigned*)>(library_, "nvmlDeviceGetCount_v2");
        auto* const device_at =
            function_of<int(unsigned, NvmlDevice*)>(library_, "nvmlDeviceGetHandleByIndex_v2");
        unsigned count = 0;
        if (count_of == nullptr || device_at == nullptr || count_of(&count) != 0) {
            return;
        }
        for (unsigned i = 0; i < std::min(count, max_gpus); ++i) {
            NvmlDevice device = nullptr;
            if (const int failure = device_at(i, &device); failure != 0) {
                facts.lost.push_back(fmt::format("GPU {}: {}", i, words_for(failure)));
                continue;
            }
            facts.gpus.push_back(gpu_of(device));
        }
    }

    DriverGpu gpu_of(NvmlDevice device) const {
        const auto text = [&](const char* function) {
            std::array<char, max_driver_text> buffer{};
            auto* const get = function_of<int(NvmlDevice, char*, unsigned)>(library_, function);
            const bool told = get != nullptr && get(device, buffer.data(), buffer.size()) == 0;
            return told ? text_of(buffer) : std::string();
        };
        DriverGpu gpu{.name = text("nvmlDeviceGetName"), .uuid = text("nvmlDeviceGetUUID")};
        int major = 0;
        int minor = 0;
        auto* const capability = function_of<int(NvmlDevice, int*, int*)>(
            library_, "nvmlDeviceGetCudaComputeCapability");
        if (capability != nullptr && capability(device, &major, &minor) == 0 && major > 0 &&
            minor >= 0) {
            gpu.capability = ComputeCapability{.major = static_cast<unsigned>(major),
                                               .minor = static_cast<unsigned>(minor)};
        }
        std::array<unsigned long long, 3> memory{};  // nvmlMemory_t: total, free, used
        auto* const memory_of =
            function_of<int(NvmlDevice, unsigned long long*)>(library_, "nvmlDeviceGetMemoryInfo");
        if (memory_of != nullptr && memory_of(device, memory.data()) == 0) {
            gpu.memory = memory[0];
        }
        gpu.mig_devices = mig_devices_of(device);
        return gpu;
    }

    std::optional<unsigned> mig_devices_of(NvmlDevice device) const {
        unsigned current = 0;
        unsigned pending = 0;
        auto* const mode =
            function_of<int(NvmlDevice, unsigned*, unsigned*)>(library_, "nvmlDeviceGetMigMode");
        if (mode == nullptr || mode(device, &current, &pending) != 0 || current != 1) {
            return std::nullopt;
        }
        auto* const part = function_of<int(NvmlDevice, unsigned, NvmlDevice*)>(
            library_, "nvmlDeviceGetMigDeviceHandleByIndex");
        unsigned count = 0;
        for (unsigned i = 0; part != nullptr && i < max_mig_devices; ++i) {
            NvmlDevice found = nullptr;
            count += part(device, i, &found) == 0 ? 1 : 0;
        }
        return count;
    }

    const LoadedLibrary& library_;
};

DriverLibraryFacts ask_now(const LibraryLoader& loader) {
    DriverLibraryFacts facts;
    if (const auto nvml = loader("libnvidia-ml.so.1")) {
        facts.nvml = Nvml(*nvml).ask();
    } else {
        facts.no_nvml = nvml.error().message();
    }
    if (const auto cuda = loader("libcuda.so.1")) {
        facts.cuda = CudaLibraryFacts{.path = cuda->path};
        int number = 0;
        auto* const version = function_of<int(int*)>(*cuda, "cuDriverGetVersion");
        if (version != nullptr && version(&number) == 0) {
            facts.cuda->cuda = version_of(number);
        }
    } else {
        facts.no_cuda = cuda.error().message();
    }
    return facts;
}

/// What the asking thread and the waiting one share; the last of them removes it.
struct Question {
    std::mutex mutex;
    std::condition_variable answered;
    std::optional<DriverLibraryFacts> facts;
};

std::string path_of(void* handle, const std::string& name) {
    link_map* map = nullptr;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr || map->l_name == nullptr) {
        return name;
    }
    std::error_code failed;
    const std::filesystem::path path = std::filesystem::canonical(map->l_name, failed);
    return failed ? std::string(map->l_name) : path.string();
}

}  // namespace

LibraryLoader host_libraries() {
    return [](const std::string& name) -> Result<LoadedLibrary> {
        std::string why;
        for (const char* folder : {"", "/usr/lib/wsl/lib/", "/usr/local/nvidia/lib64/"}) {
            void* const handle = dlopen((folder + name).c_str(), RTLD_NOW | RTLD_LOCAL);
            if (handle != nullptr) {
                return LoadedLibrary{
                    .path = path_of(handle, name),
                    .function = [handle](const char* wanted) { return dlsym(handle, wanted); }};
            }
            if (const char* said = dlerror(); why.empty() && said != nullptr) {
                why = said;
            }
        }
        return fail(ErrorCode::not_found, text::printable(why));
    };
}

Result<DriverLibraryFacts> ask_driver_libraries(const LibraryLoader& loader, double timeout_seconds,
                                                const RunContext& run) {
    using Time = std::chrono::steady_clock;
    const auto question = std::make_shared<Question>();
    std::thread([question, loader] {
        DriverLibraryFacts facts = ask_now(loader);
        const std::lock_guard lock(question->mutex);
        question->facts = std::move(facts);
        question->answered.notify_all();
    }).detach();
    const auto deadline = Time::now() + std::chrono::duration_cast<Time::duration>(
                                            std::chrono::duration<double>(timeout_seconds));
    constexpr auto slice = std::chrono::milliseconds(50);
    std::unique_lock lock(question->mutex);
    while (!question->facts) {
        ENVPACK_CHECK(run.check());
        if (Time::now() >= deadline) {
            return refuse(
                "cuda.driver-hangs",
                fmt::format("NVIDIA's driver does not answer within {} seconds", timeout_seconds),
                ErrorCode::limit_exceeded);
        }
        question->answered.wait_until(lock, std::min(deadline, Time::now() + slice));
    }
    return *std::move(question->facts);
}

}  // namespace envpack::cuda
