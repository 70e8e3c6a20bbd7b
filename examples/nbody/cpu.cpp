#include "nbody.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <thread>

namespace nbody {
namespace {

/// In [0, 1); a linear congruential generator (Knuth's MMIX), so that no library decides.
double next_random(std::uint64_t& state) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state >> 11U) * 0x1p-53;
}

template <class T>
void kick(System<T>& system, const Settings& settings, std::size_t begin, std::size_t end) {
    const T softening = static_cast<T>(settings.softening * settings.softening);
    const T step = static_cast<T>(settings.time_step);
    for (std::size_t i = begin; i < end; ++i) {
        const Body<T> self = system.positions[i];
        T ax = 0, ay = 0, az = 0;
        for (const Body<T>& other : system.positions) {
            const T dx = other.x - self.x, dy = other.y - self.y, dz = other.z - self.z;
            const T inverse = T(1) / std::sqrt(dx * dx + dy * dy + dz * dz + softening);
            const T scale = other.mass * inverse * inverse * inverse;
            ax += scale * dx;
            ay += scale * dy;
            az += scale * dz;
        }
        system.velocities[i].x += step * ax;
        system.velocities[i].y += step * ay;
        system.velocities[i].z += step * az;
    }
}

template <class T>
void drift(System<T>& system, const Settings& settings) {
    const T step = static_cast<T>(settings.time_step);
    for (std::size_t i = 0; i < system.positions.size(); ++i) {
        system.positions[i].x += step * system.velocities[i].x;
        system.positions[i].y += step * system.velocities[i].y;
        system.positions[i].z += step * system.velocities[i].z;
    }
}

}  // namespace

template <class T>
System<T> System<T>::ball(std::size_t count) {
    System system;
    std::uint64_t state = 42;
    while (system.positions.size() < count) {
        const double x = 2 * next_random(state) - 1;
        const double y = 2 * next_random(state) - 1;
        const double z = 2 * next_random(state) - 1;
        if (x * x + y * y + z * z <= 1) {
            system.positions.push_back({static_cast<T>(x), static_cast<T>(y), static_cast<T>(z),
                                        static_cast<T>(1.0 / static_cast<double>(count))});
        }
    }
    system.velocities.resize(count);
    return system;
}

template <class T>
Timing run_on_cpu(System<T>& system, const Settings& settings) {
    const std::size_t count = system.positions.size();
    const std::size_t threads = std::max(1U, std::thread::hardware_concurrency());
    const auto begin = std::chrono::steady_clock::now();
    for (unsigned step = 0; step < settings.steps; ++step) {
        std::vector<std::jthread> workers;
        for (std::size_t t = 0; t < threads; ++t) {
            workers.emplace_back(
                [&, t] { kick(system, settings, count * t / threads, count * (t + 1) / threads); });
        }
        workers.clear();  // joins
        drift(system, settings);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    return {.where = std::to_string(threads) + " CPU threads", .seconds = took.count()};
}

template struct System<float>;
template struct System<double>;
template Timing run_on_cpu(System<float>&, const Settings&);
template Timing run_on_cpu(System<double>&, const Settings&);

}  // namespace nbody
