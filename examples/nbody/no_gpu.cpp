#include "nbody.hpp"

#include <stdexcept>

// In the place of gpu.cu where there is no nvcc.

namespace nbody {

unsigned gpu_count() {
    return 0;
}

template <class T>
Timing run_on_gpus(System<T>&, const Settings&) {
    throw std::runtime_error("this program was compiled without CUDA");
}

template Timing run_on_gpus(System<float>&, const Settings&);
template Timing run_on_gpus(System<double>&, const Settings&);

}  // namespace nbody
