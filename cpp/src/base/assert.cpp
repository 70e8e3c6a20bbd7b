#include "envpack/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace envpack::detail {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "envpack: bug: `%s` is false at %s:%d, please report\n", condition, file,
                 line);
    std::abort();
}

}  // namespace envpack::detail
