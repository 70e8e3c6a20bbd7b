#pragma once

#include "envpack/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace envpack::cuda {

/// A version of NVIDIA's driver: `550.54.14`, `470.256`, or a whole branch, `550`.
/// Value; not synchronised.
struct DriverVersion {
    unsigned branch = 0;
    std::optional<unsigned> minor = std::nullopt;
    std::optional<unsigned> patch = std::nullopt;

    /// parse_error for anything but one to three numbers.
    static Result<DriverVersion> parse(std::string_view text);
    std::string to_string() const;  ///< as NVIDIA writes it: `525.60.13`, `450.80.02`
    /// Whether this is `floor` or newer. What is not told is the newest of its branch: people who
    /// say `525` mean the driver of that branch that they keep up to date.
    bool reaches(const DriverVersion& floor) const noexcept;

    friend bool operator==(const DriverVersion&, const DriverVersion&) = default;
};

}  // namespace envpack::cuda
