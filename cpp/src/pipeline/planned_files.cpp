#include "planned_files.hpp"

#include <iterator>
#include <utility>

namespace envpack::pipeline {

std::uint64_t PlannedFiles::size() const {
    return archive::plain_size(entries);
}

void PlannedFiles::take(PlannedFiles&& other) {
    std::move(other.entries.begin(), other.entries.end(), std::back_inserter(entries));
    std::move(other.packages.begin(), other.packages.end(), std::back_inserter(packages));
    if (wheels && other.wheels) {
        wheels->insert(wheels->end(), other.wheels->begin(), other.wheels->end());
    } else {
        wheels.reset();
    }
}

}  // namespace envpack::pipeline
