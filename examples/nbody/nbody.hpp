#pragma once

#include <cstddef>
#include <string>
#include <vector>

// Gravity between all pairs of bodies, in units in which G is 1. Softened, so that two bodies at
// one place do not divide by zero; integrated with the leapfrog scheme in its kick-drift form.

namespace nbody {

/// What is customary to count for one interaction, of which a reciprocal square root and its cube
/// are the larger part: Nyland, Harris, Prins, "Fast N-Body Simulation with CUDA", GPU Gems 3, 31.
inline constexpr double flops_per_interaction = 20.0;

/// Four values, so that a GPU loads one body at once.
template <class T>
struct alignas(4 * sizeof(T)) Body {
    T x, y, z;
    T mass;  ///< of a velocity: unused
};

template <class T>
struct System {
    std::vector<Body<T>> positions;
    std::vector<Body<T>> velocities;

    /// `count` bodies in a ball at rest, the same ones everywhere and each time.
    static System ball(std::size_t count);
};

struct Settings {
    unsigned steps = 10;
    double time_step = 0.001;
    double softening = 0.01;
    unsigned devices = 0;  ///< 0: all there are
};

/// Where it ran, and how long the steps took without the copies before and after.
struct Timing {
    std::string where;
    double seconds = 0;
};

/// Moves the system by `settings.steps`, on all cores.
template <class T>
Timing run_on_cpu(System<T>& system, const Settings& settings);

/// The same on GPUs, each with a slice of the bodies and a copy of all positions. Throws
/// std::runtime_error with CUDA's own words.
template <class T>
Timing run_on_gpus(System<T>& system, const Settings& settings);

/// 0 without a GPU, a driver, or CUDA in this build.
unsigned gpu_count();

}  // namespace nbody
