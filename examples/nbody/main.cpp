#include "nbody.hpp"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <system_error>

namespace {

constexpr const char* usage =
    "usage: nbody [--bodies N] [--steps N] [--gpus N] [--fp64] [--cpu] [--compare]\n"
    "\n"
    "  --bodies N   16384\n"
    "  --steps N    10\n"
    "  --gpus N     that many of the GPUs; all of them\n"
    "  --fp64       double precision\n"
    "  --cpu        on the CPU, with all cores\n"
    "  --compare    then the same on the CPU, and how far the positions differ\n";

struct Arguments {
    unsigned bodies = 16384;
    nbody::Settings settings;
    bool fp64 = false;
    bool cpu = false;
    bool compare = false;
};

[[noreturn]] void stop(const char* text, int status) {
    std::fputs(text, status == 0 ? stdout : stderr);
    std::exit(status);
}

unsigned number(const char* text) {
    unsigned value = 0;
    const std::string_view digits = text == nullptr ? "" : text;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value == 0) {
        stop(usage, 2);
    }
    return value;
}

Arguments parse(char** words) {
    Arguments arguments;
    for (++words; *words != nullptr; ++words) {
        const std::string_view word = *words;
        if (word == "--fp64") {
            arguments.fp64 = true;
        } else if (word == "--cpu") {
            arguments.cpu = true;
        } else if (word == "--compare") {
            arguments.compare = true;
        } else if (word == "--help") {
            stop(usage, 0);
        } else if (word == "--bodies") {
            arguments.bodies = number(*++words);
        } else if (word == "--steps") {
            arguments.settings.steps = number(*++words);
        } else if (word == "--gpus") {
            arguments.settings.devices = number(*++words);
        } else {
            stop(usage, 2);
        }
    }
    return arguments;
}

void report(const nbody::Timing& timing, const Arguments& arguments, bool fp64) {
    const double pairs = static_cast<double>(arguments.bodies) * arguments.bodies;
    const double flops = pairs * arguments.settings.steps * nbody::flops_per_interaction;
    std::printf("%s: %u bodies, %u steps, %s: %.3f s, %.1f GFLOP/s at 20 flops a pair\n",
                timing.where.c_str(), arguments.bodies, arguments.settings.steps,
                fp64 ? "fp64" : "fp32", timing.seconds, flops / timing.seconds * 1e-9);
}

/// The largest distance between two positions of one body, of a ball of radius 1.
template <class T>
double difference(const nbody::System<T>& a, const nbody::System<T>& b) {
    double worst = 0;
    for (std::size_t i = 0; i < a.positions.size(); ++i) {
        const double dx = a.positions[i].x - b.positions[i].x;
        const double dy = a.positions[i].y - b.positions[i].y;
        const double dz = a.positions[i].z - b.positions[i].z;
        worst = std::fmax(worst, std::sqrt(dx * dx + dy * dy + dz * dz));
    }
    return worst;
}

template <class T>
int run(const Arguments& arguments) {
    const auto start = nbody::System<T>::ball(arguments.bodies);
    auto system = start;
    report(arguments.cpu ? nbody::run_on_cpu(system, arguments.settings)
                         : nbody::run_on_gpus(system, arguments.settings),
           arguments, arguments.fp64);
    if (!arguments.compare) {
        return 0;
    }
    auto reference = nbody::System<double>::ball(arguments.bodies);
    report(nbody::run_on_cpu(reference, arguments.settings), arguments, true);
    nbody::System<double> rounded;
    for (const nbody::Body<T>& body : system.positions) {
        rounded.positions.push_back({static_cast<double>(body.x), static_cast<double>(body.y),
                                     static_cast<double>(body.z), 0});
    }
    const double found = difference(rounded, reference);
    const double allowed = arguments.fp64 ? 1e-9 : 1e-4;
    std::printf("largest difference from fp64 on the CPU: %.2e, %s\n", found,
                found <= allowed ? "as expected" : "TOO MUCH");
    return found <= allowed ? 0 : 1;
}

}  // namespace

int main(int, char** words) {
    const Arguments arguments = parse(words);
    if (!arguments.cpu && nbody::gpu_count() == 0) {
        stop("nbody: there is no GPU, or no driver for it; --cpu runs without\n", 3);
    }
    try {
        return arguments.fp64 ? run<double>(arguments) : run<float>(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "nbody: %s\n", error.what());
        return 3;
    }
}
