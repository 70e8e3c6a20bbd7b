// envpack-cuda-probe: runs a kernel on every GPU and compares the result with the processor's.
//
// Standard output is one JSON document, {"schema", "runtime", "driver", "error", "gpus"}; a GPU has
// {"name", "uuid", "capability", "memory", "ok", "error", "milliseconds"}. Ends with 0 when every
// GPU computed right, with 1 when one did not, with 2 for an argument (it takes none), with 4 when
// there is no GPU or no driver.
//
// Every element goes through integer, single and double arithmetic in which each step is rounded
// once (IEEE 754), so that the bits must be the same; shared memory and atomics add them up.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <cuda_runtime.h>
#include <string>
#include <vector>

namespace {

constexpr int done = 0;
constexpr int computed_wrong = 1;
constexpr int wrong_usage = 2;
constexpr int no_gpu = 4;

constexpr unsigned threads = 256;
constexpr unsigned blocks = 4096;
constexpr unsigned elements = threads * blocks;
constexpr int rounds = 64;

__host__ __device__ std::uint64_t bits_of(double value) {
    std::uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/// One element: `rounds` steps of a congruential generator that feeds both floating-point units.
__host__ __device__ std::uint64_t element_of(std::uint64_t index) {
    std::uint64_t state = index * 0x9E3779B97F4A7C15ULL + 1;
    float single = 1.0F;
    double real = 1.0;
    for (int i = 0; i < rounds; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        const float part = static_cast<float>(state >> 40) * (1.0F / 16777216.0F);
        single = fmaf(single, part, 0.25F);
        real = fma(real, 0.5, sqrt(1.0 + static_cast<double>(state >> 11) / 9007199254740992.0));
    }
    return state ^ bits_of(real) ^ bits_of(static_cast<double>(single));
}

__global__ void compute(std::uint64_t* values, unsigned long long* sum) {
    __shared__ unsigned long long partial[threads];
    const unsigned index = blockIdx.x * blockDim.x + threadIdx.x;
    const std::uint64_t value = element_of(index);
    values[index] = value;
    partial[threadIdx.x] = value;
    __syncthreads();
    for (unsigned half = threads / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            partial[threadIdx.x] += partial[threadIdx.x + half];
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        atomicAdd(sum, partial[0]);
    }
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            result += '\\';
            result += c;
        } else if (byte < 0x20 || byte >= 0x7F) {
            char escape[8];
            std::snprintf(escape, sizeof(escape), "\\u%04x", static_cast<unsigned>(byte));
            result += escape;
        } else {
            result += c;
        }
    }
    return result + '"';
}

std::string uuid_of(const cudaUUID_t& uuid) {
    std::string text = "GPU-";
    for (int i = 0; i < 16; ++i) {
        char hex[4];
        std::snprintf(hex, sizeof(hex), "%02x",
                      static_cast<unsigned>(static_cast<unsigned char>(uuid.bytes[i])));
        text += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        text += hex;
    }
    return text;
}

struct Expected {
    std::vector<std::uint64_t> values;
    unsigned long long sum = 0;
};

Expected compute_here() {
    Expected expected;
    expected.values.resize(elements);
    for (unsigned i = 0; i < elements; ++i) {
        expected.values[i] = element_of(i);
        expected.sum += expected.values[i];
    }
    return expected;
}

/// Memory of a GPU; freed with it.
template <class T>
class Buffer {
public:
    explicit Buffer(std::size_t count) : failure(cudaMalloc(&data, count * sizeof(T))) {}
    Buffer(const Buffer&) = delete;
    Buffer& operator=(const Buffer&) = delete;
    ~Buffer() { cudaFree(data); }
    T* data = nullptr;
    cudaError_t failure;
};

/// The reason why the GPU does not compute what the processor does; empty when it does.
std::string fault_of(int device, const Expected& expected, float& milliseconds) {
    cudaError_t failure = cudaSetDevice(device);
    const auto failed = [&](cudaError_t code) {
        failure = failure == cudaSuccess ? code : failure;
        return failure != cudaSuccess;
    };
    const auto words = [&](const char* doing) {
        return std::string(doing) + ": " + cudaGetErrorName(failure) + ", " +
               cudaGetErrorString(failure);
    };
    if (failure != cudaSuccess) {
        return words("cannot be used");
    }
    const Buffer<std::uint64_t> values(elements);
    const Buffer<unsigned long long> sum(1);
    if (failed(values.failure) || failed(sum.failure)) {
        return words("has no memory");
    }
    cudaEvent_t begin{};
    cudaEvent_t end{};
    if (failed(cudaMemset(sum.data, 0, sizeof(unsigned long long))) ||
        failed(cudaEventCreate(&begin)) || failed(cudaEventCreate(&end)) ||
        failed(cudaEventRecord(begin))) {
        return words("cannot be prepared");
    }
    compute<<<blocks, threads>>>(values.data, sum.data);
    if (failed(cudaGetLastError()) || failed(cudaEventRecord(end)) ||
        failed(cudaEventSynchronize(end)) ||
        failed(cudaEventElapsedTime(&milliseconds, begin, end))) {
        return words("the kernel did not run");
    }
    std::vector<std::uint64_t> computed(elements);
    unsigned long long total = 0;
    if (failed(cudaMemcpy(computed.data(), values.data, elements * sizeof(std::uint64_t),
                          cudaMemcpyDeviceToHost)) ||
        failed(cudaMemcpy(&total, sum.data, sizeof(total), cudaMemcpyDeviceToHost))) {
        return words("the result cannot be fetched");
    }
    unsigned wrong = 0;
    for (unsigned i = 0; i < elements; ++i) {
        wrong += computed[i] == expected.values[i] ? 0 : 1;
    }
    if (wrong > 0) {
        return std::to_string(wrong) + " of " + std::to_string(elements) + " results are wrong";
    }
    return total == expected.sum ? "" : "the sum of right results is wrong";
}

std::string probe(int device, const Expected& expected, bool& is_right) {
    cudaDeviceProp facts{};
    float milliseconds = 0;
    std::string fault;
    if (const cudaError_t failure = cudaGetDeviceProperties(&facts, device);
        failure != cudaSuccess) {
        fault = std::string("tells nothing: ") + cudaGetErrorString(failure);
    } else {
        fault = fault_of(device, expected, milliseconds);
    }
    cudaDeviceReset();
    is_right = fault.empty();
    char numbers[128];
    std::snprintf(numbers, sizeof(numbers),
                  R"("capability": "%d.%d", "memory": %llu, "ok": %s, "milliseconds": %.3f)",
                  facts.major, facts.minor, static_cast<unsigned long long>(facts.totalGlobalMem),
                  is_right ? "true" : "false", static_cast<double>(milliseconds));
    return "{\"name\": " + quoted(facts.name) + ", \"uuid\": " + quoted(uuid_of(facts.uuid)) +
           ", " + numbers + ", \"error\": " + quoted(fault) + "}";
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) {
        std::fprintf(stderr, "%s takes no arguments; it prints JSON about every GPU\n", argv[0]);
        return wrong_usage;
    }
    int runtime = 0;
    int driver = 0;
    int count = 0;
    cudaRuntimeGetVersion(&runtime);
    cudaDriverGetVersion(&driver);
    const cudaError_t failure = cudaGetDeviceCount(&count);
    std::string error = failure == cudaSuccess ? "" : cudaGetErrorString(failure);
    if (driver == 0) {
        error = "no driver of NVIDIA's was found";
    } else if (failure == cudaSuccess && count == 0) {
        error = "the driver shows no GPU";
    }
    std::string gpus;
    bool all_right = true;
    if (count > 0) {
        const Expected expected = compute_here();
        for (int device = 0; device < count; ++device) {
            bool is_right = false;
            gpus += (device == 0 ? "" : ", ") + probe(device, expected, is_right);
            all_right = all_right && is_right;
        }
    }
    std::printf("{\"schema\": 1, \"runtime\": %d, \"driver\": %d, \"error\": %s, \"gpus\": [%s]}\n",
                runtime, driver, quoted(error).c_str(), gpus.c_str());
    if (count <= 0) {
        return no_gpu;
    }
    return all_right ? done : computed_wrong;
}
