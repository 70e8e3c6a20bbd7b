#include "nbody.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace nbody {
namespace {

constexpr unsigned block = 256;

void check(cudaError_t error, const char* doing) {
    if (error != cudaSuccess) {
        throw std::runtime_error(std::string(doing) + ": " + cudaGetErrorString(error));
    }
}

__device__ float inverse_root(float value) {
    return rsqrtf(value);
}
__device__ double inverse_root(double value) {
    return rsqrt(value);
}

/// Moves the bodies [begin, end): each block reads all bodies once, a tile at a time, through
/// shared memory. Bodies beyond the last have no mass, so that no thread asks whether it is one.
template <class T>
__global__ void advance(const Body<T>* __restrict__ from, Body<T>* __restrict__ to,
                        Body<T>* __restrict__ velocities, unsigned count, unsigned begin,
                        unsigned end, T softening, T step) {
    __shared__ Body<T> tile[block];
    const unsigned i = begin + blockIdx.x * block + threadIdx.x;
    Body<T> self = from[i < end ? i : begin];
    T ax = 0, ay = 0, az = 0;
    for (unsigned start = 0; start < count; start += block) {
        const unsigned j = start + threadIdx.x;
        tile[threadIdx.x] = j < count ? from[j] : Body<T>{};
        __syncthreads();
#pragma unroll 16
        for (unsigned k = 0; k < block; ++k) {
            const Body<T> other = tile[k];
            const T dx = other.x - self.x, dy = other.y - self.y, dz = other.z - self.z;
            const T inverse = inverse_root(dx * dx + dy * dy + dz * dz + softening);
            const T scale = other.mass * inverse * inverse * inverse;
            ax += scale * dx;
            ay += scale * dy;
            az += scale * dz;
        }
        __syncthreads();
    }
    if (i < end) {
        Body<T> velocity = velocities[i - begin];
        velocity.x += step * ax;
        velocity.y += step * ay;
        velocity.z += step * az;
        velocities[i - begin] = velocity;
        self.x += step * velocity.x;
        self.y += step * velocity.y;
        self.z += step * velocity.z;
        to[i] = self;
    }
}

/// Memory of one GPU, which is current while it is made.
template <class T>
class DeviceArray {
public:
    explicit DeviceArray(std::size_t count) {
        check(cudaMalloc(&data_, count * sizeof(T)), "allocating on the GPU");
    }
    ~DeviceArray() { cudaFree(data_); }
    DeviceArray(DeviceArray&& other) noexcept : data_(other.data_) { other.data_ = nullptr; }
    DeviceArray(const DeviceArray&) = delete;
    T* get() const { return data_; }

private:
    T* data_ = nullptr;
};

/// One GPU with its slice.
template <class T>
struct Slice {
    int device;
    unsigned begin, end;
    DeviceArray<Body<T>> from, to, velocities;

    Slice(int number, unsigned first, unsigned last, const System<T>& system)
        : device((check(cudaSetDevice(number), "choosing a GPU"), number)),
          begin(first),
          end(last),
          from(system.positions.size()),
          to(system.positions.size()),
          velocities(last - first) {
        check(cudaMemcpy(from.get(), system.positions.data(),
                         system.positions.size() * sizeof(Body<T>), cudaMemcpyHostToDevice),
              "copying positions");
        check(cudaMemcpy(velocities.get(), system.velocities.data() + first,
                         (last - first) * sizeof(Body<T>), cudaMemcpyHostToDevice),
              "copying velocities");
    }
};

template <class T>
void wait_for(const std::vector<Slice<T>>& slices) {
    for (const Slice<T>& slice : slices) {
        check(cudaSetDevice(slice.device), "choosing a GPU");
        check(cudaDeviceSynchronize(), "running on the GPU");
    }
}

/// Copies between GPUs go directly where the machine lets them.
void let_see(unsigned devices) {
    for (unsigned a = 0; a < devices; ++a) {
        check(cudaSetDevice(static_cast<int>(a)), "choosing a GPU");
        for (unsigned b = 0; b < devices; ++b) {
            if (a != b && cudaDeviceEnablePeerAccess(static_cast<int>(b), 0) != cudaSuccess) {
                cudaGetLastError();  // through the host, then
            }
        }
    }
}

template <class T>
void step_all(const std::vector<Slice<T>>& slices, unsigned count, const Settings& settings,
              bool forth) {
    const auto source = [&](const Slice<T>& s) { return forth ? s.from.get() : s.to.get(); };
    const auto target = [&](const Slice<T>& s) { return forth ? s.to.get() : s.from.get(); };
    for (const Slice<T>& slice : slices) {
        check(cudaSetDevice(slice.device), "choosing a GPU");
        advance<T><<<(slice.end - slice.begin + block - 1) / block, block>>>(
            source(slice), target(slice), slice.velocities.get(), count, slice.begin, slice.end,
            static_cast<T>(settings.softening * settings.softening),
            static_cast<T>(settings.time_step));
        check(cudaGetLastError(), "starting the kernel");
    }
    if (slices.size() == 1) {
        return;
    }
    // Behind the kernel of the one that sends; through the host where GPUs do not see each other.
    for (const Slice<T>& one : slices) {
        check(cudaSetDevice(one.device), "choosing a GPU");
        for (const Slice<T>& other : slices) {
            if (other.device != one.device) {
                check(cudaMemcpyPeerAsync(target(other) + one.begin, other.device,
                                          target(one) + one.begin, one.device,
                                          (one.end - one.begin) * sizeof(Body<T>)),
                      "copying between GPUs");
            }
        }
    }
    wait_for(slices);
}

}  // namespace

unsigned gpu_count() {
    int count = 0;
    return cudaGetDeviceCount(&count) == cudaSuccess ? static_cast<unsigned>(count) : 0;
}

template <class T>
Timing run_on_gpus(System<T>& system, const Settings& settings) {
    const auto count = static_cast<unsigned>(system.positions.size());
    const unsigned wanted = settings.devices == 0 ? gpu_count() : settings.devices;
    const unsigned devices = std::min(wanted, count);
    if (devices == 0 || wanted > gpu_count()) {
        throw std::runtime_error("there are " + std::to_string(gpu_count()) + " GPUs");
    }
    std::vector<Slice<T>> slices;
    for (unsigned i = 0; i < devices; ++i) {
        const auto border = [&](unsigned k) {
            return static_cast<unsigned>(static_cast<unsigned long long>(count) * k / devices);
        };
        slices.emplace_back(static_cast<int>(i), border(i), border(i + 1), system);
    }
    let_see(devices);
    // Loads the kernel: a step of no time leaves everything as it is.
    Settings still = settings;
    still.time_step = 0;
    step_all(slices, count, still, true);
    wait_for(slices);
    const auto begin = std::chrono::steady_clock::now();
    for (unsigned step = 0; step < settings.steps; ++step) {
        step_all(slices, count, settings, step % 2 == 0);
    }
    wait_for(slices);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;

    for (const Slice<T>& slice : slices) {
        const Body<T>* const last = settings.steps % 2 == 0 ? slice.from.get() : slice.to.get();
        const std::size_t bytes = (slice.end - slice.begin) * sizeof(Body<T>);
        check(cudaMemcpy(system.positions.data() + slice.begin, last + slice.begin, bytes,
                         cudaMemcpyDeviceToHost),
              "copying positions");
        check(cudaMemcpy(system.velocities.data() + slice.begin, slice.velocities.get(), bytes,
                         cudaMemcpyDeviceToHost),
              "copying velocities");
    }
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, 0), "asking the GPU");
    return {.where = std::to_string(devices) + " x " + properties.name, .seconds = took.count()};
}

template Timing run_on_gpus(System<float>&, const Settings&);
template Timing run_on_gpus(System<double>&, const Settings&);

}  // namespace nbody
