#include "envpack/cuda/gpu_code.hpp"

#include "envpack/base/text.hpp"
#include "numbers.hpp"

#include <fmt/format.h>

namespace envpack::cuda {

Result<ComputeCapability> ComputeCapability::parse(std::string_view text) {
    const auto numbers = dotted_numbers(text, 2);
    // Targets write the minor version as one digit.
    if (!numbers || numbers->size() != 2 || numbers->at(0) == 0 || numbers->at(1) > 9) {
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("`{}` is no compute capability", text::printable(text)))
                        .with_hint("write it as 9.0"));
    }
    return ComputeCapability{.major = numbers->at(0), .minor = numbers->at(1)};
}

std::string ComputeCapability::to_string() const {
    return fmt::format("{}.{}", major, minor);
}

Result<GpuCode> GpuCode::parse(std::string_view text) {
    constexpr std::string_view ptx = "compute_";
    constexpr std::string_view machine_code = "sm_";
    GpuCode code{.is_ptx = text.starts_with(ptx)};
    std::string_view digits = text;
    if (code.is_ptx || text.starts_with(machine_code)) {
        digits.remove_prefix(code.is_ptx ? ptx.size() : machine_code.size());
        if (digits.ends_with('a') || digits.ends_with('f')) {
            code.suffix = digits.ends_with('a') ? Suffix::architecture : Suffix::family;
            digits.remove_suffix(1);
        }
        const auto number = dotted_numbers(digits, 1);
        if (number && number->at(0) >= 10 && digits.front() != '0') {
            code.capability = {.major = number->at(0) / 10, .minor = number->at(0) % 10};
            return code;
        }
    }
    return fail(
        Error(ErrorCode::parse_error, fmt::format("`{}` is no GPU target", text::printable(text)))
            .with_hint("write it as sm_90 or compute_90"));
}

std::string GpuCode::to_string() const {
    constexpr std::string_view suffixes[] = {"", "a", "f"};
    return fmt::format("{}_{}{}{}", is_ptx ? "compute" : "sm", capability.major, capability.minor,
                       suffixes[static_cast<std::size_t>(suffix)]);
}

}  // namespace envpack::cuda
