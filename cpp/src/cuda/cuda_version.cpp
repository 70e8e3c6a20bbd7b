#include "envpack/cuda/cuda_version.hpp"

#include "envpack/base/text.hpp"
#include "numbers.hpp"

#include <fmt/format.h>

namespace envpack::cuda {

Result<CudaVersion> CudaVersion::parse(std::string_view text) {
    const auto numbers = dotted_numbers(text, 4);
    if (!numbers || numbers->size() < 2) {
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("`{}` is no CUDA version", text::printable(text)))
                        .with_hint("write it as 12.4 or 12.4.1"));
    }
    CudaVersion version{.major = numbers->at(0), .minor = numbers->at(1)};
    if (numbers->size() > 2) {
        version.patch = numbers->at(2);
    }
    if (numbers->size() > 3) {
        version.build = numbers->at(3);
    }
    return version;
}

std::string CudaVersion::to_string() const {
    std::string text = fmt::format("{}.{}", major, minor);
    for (const auto& part : {patch, build}) {
        if (part) {
            text += fmt::format(".{}", *part);
        }
    }
    return text;
}

CudaVersion CudaVersion::minor_version() const {
    return {.major = major, .minor = minor};
}

}  // namespace envpack::cuda
