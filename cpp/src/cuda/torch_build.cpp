#include "envpack/cuda/torch_build.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

/// Takes pieces from the front of a text.
class LocalReader {
public:
    explicit LocalReader(std::string_view text) : rest_(text) {}

    bool take(std::string_view word) {
        if (!rest_.starts_with(word)) {
            return false;
        }
        rest_.remove_prefix(word.size());
        return true;
    }

    /// Digits, at most four.
    std::string_view digits() {
        const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
        const std::string_view found = end <= 4 ? rest_.substr(0, end) : std::string_view();
        rest_.remove_prefix(found.size());
        return found;
    }

    bool is_done() const noexcept { return rest_.empty(); }

private:
    std::string_view rest_;
};

unsigned value_of(std::string_view digits) {
    unsigned number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

/// `12` of `12`, `128` and `130`, `11` of `118`: CUDA has had two digits since 10.
std::optional<unsigned> cuda_major_of(std::string_view digits) {
    return digits.size() < 2 ? std::nullopt : std::optional(value_of(digits.substr(0, 2)));
}

/// `cu12torch2.5cxx11abifalse`
std::optional<TorchBuild> of_flash_attn(std::string_view text) {
    LocalReader reader(text);
    TorchBuild build;
    if (!reader.take("cu")) {
        return std::nullopt;
    }
    build.cuda_major = cuda_major_of(reader.digits());
    const bool has_torch = reader.take("torch");
    const std::string_view major = has_torch ? reader.digits() : std::string_view();
    const std::string_view minor =
        !major.empty() && reader.take(".") ? reader.digits() : std::string_view();
    if (!build.cuda_major || minor.empty() || !reader.take("cxx11abi")) {
        return std::nullopt;
    }
    build.torch_major = value_of(major);
    build.torch_minor = value_of(minor);
    build.cxx11_abi = reader.take("true");
    if (!*build.cxx11_abi && !reader.take("false")) {
        return std::nullopt;
    }
    return reader.is_done() ? std::optional(build) : std::nullopt;
}

/// `pt212cu130`, `pt20cpu`: the first digit is torch's major version.
std::optional<TorchBuild> of_pyg(std::string_view text) {
    LocalReader reader(text);
    const std::string_view torch = reader.take("pt") ? reader.digits() : std::string_view();
    if (torch.size() < 2) {
        return std::nullopt;
    }
    TorchBuild build{.torch_major = value_of(torch.substr(0, 1)),
                     .torch_minor = value_of(torch.substr(1))};
    if (!reader.take("cpu")) {
        build.cuda_major =
            reader.take("cu") ? cuda_major_of(reader.digits()) : std::optional<unsigned>();
        if (!build.cuda_major) {
            return std::nullopt;
        }
    }
    return reader.is_done() ? std::optional(build) : std::nullopt;
}

}  // namespace

std::optional<TorchBuild> TorchBuild::of_local(std::string_view local) {
    const std::string text = text::to_lower(local);
    const std::optional<TorchBuild> build = of_flash_attn(text);
    return build ? build : of_pyg(text);
}

std::optional<bool> cxx11_abi_of(const EcosystemTorch& torch) {
    const auto release = torch.version.release();
    const unsigned long major = release.empty() ? 0 : release[0];
    const unsigned long minor = release.size() < 2 ? 0 : release[1];
    if (torch.is_patched() || major > 2 || (major == 2 && minor >= 7)) {
        return true;
    }
    // 2.6 for CUDA 12.6 is said to be the exception among the old ones; no table has it.
    if (major == 2 && minor == 6 && (!torch.cuda || *torch.cuda >= CudaVersion{12, 6})) {
        return std::nullopt;
    }
    return false;
}

std::string misfit(const TorchBuild& build, const EcosystemTorch& torch) {
    const auto release = torch.version.release();
    const unsigned long major = release.empty() ? 0 : release[0];
    const unsigned long minor = release.size() < 2 ? 0 : release[1];
    const std::string who = torch.is_provided ? "the base's" : "the chosen";
    if (build.torch_major != major || build.torch_minor != minor) {
        return fmt::format("is compiled for torch {}.{}, not for {} {}", build.torch_major,
                           build.torch_minor, who, torch.version.to_string());
    }
    if (torch.cuda && build.cuda_major && *build.cuda_major != torch.cuda->major) {
        return fmt::format("is compiled for CUDA {}, and {} torch {} for CUDA {}",
                           *build.cuda_major, who, torch.version.to_string(),
                           torch.cuda->minor_version().to_string());
    }
    const std::optional<bool> abi = cxx11_abi_of(torch);
    if (abi && build.cxx11_abi && *abi != *build.cxx11_abi) {
        return fmt::format("has cxx11abi {}, and {} torch {} has {}",
                           *build.cxx11_abi ? "TRUE" : "FALSE", who, torch.version.to_string(),
                           *abi ? "TRUE" : "FALSE");
    }
    return {};
}

}  // namespace envpack::cuda
