#include "envpack/cuda/driver_version.hpp"

#include "envpack/base/text.hpp"
#include "numbers.hpp"

#include <fmt/format.h>

namespace envpack::cuda {

Result<DriverVersion> DriverVersion::parse(std::string_view text) {
    const auto numbers = dotted_numbers(text, 3);
    if (!numbers) {
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("`{}` is no driver version", text::printable(text)))
                        .with_hint("write it as 550 or 550.54.14"));
    }
    DriverVersion version{.branch = numbers->at(0)};
    if (numbers->size() > 1) {
        version.minor = numbers->at(1);
    }
    if (numbers->size() > 2) {
        version.patch = numbers->at(2);
    }
    return version;
}

std::string DriverVersion::to_string() const {
    std::string text = fmt::format("{}", branch);
    for (const auto& part : {minor, patch}) {
        if (part) {
            text += fmt::format(".{:02}", *part);
        }
    }
    return text;
}

bool DriverVersion::reaches(const DriverVersion& floor) const noexcept {
    if (branch != floor.branch || !minor) {
        return branch >= floor.branch;
    }
    if (*minor != floor.minor.value_or(0) || !patch) {
        return *minor >= floor.minor.value_or(0);
    }
    return *patch >= floor.patch.value_or(0);
}

}  // namespace envpack::cuda
