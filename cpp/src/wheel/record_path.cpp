#include "record_path.hpp"

#include <cstddef>

namespace envpack::wheel {

std::string record_path(const SafePath& site, const SafePath& path) {
    SafePath common = site;
    std::string climb;
    while (!common.is_root() && !path.is_below(common)) {
        common = common.parent();
        climb += "../";
    }
    const std::size_t skip = common.is_root() ? 0 : common.str().size() + 1;
    return climb + path.str().substr(skip);
}

}  // namespace envpack::wheel
