#include "audit_remedy.hpp"

#include "envpack/cuda/index_plan.hpp"
#include "index_question.hpp"

#include <variant>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// The package with the version that is installed; nullptr for another name.
const env::FrozenPackage* installed(const AuditSubject& subject, const std::string& package) {
    const auto name = packaging::PackageName::parse(package.substr(0, package.find(' ')));
    return name ? subject.inventory.find(*name) : nullptr;
}

/// The index that has torch for the driver and all GPUs of the report: the release that is
/// installed, else the newest. Empty for another package, and where there is none.
Result<std::string> torch_remedy(const AuditSubject& subject, const AuditReport& report,
                                 const std::string& package) {
    const env::FrozenPackage* const torch = installed(subject, package);
    if (torch == nullptr || torch->name.to_string() != "torch") {
        return std::string();
    }
    cuda::IndexQuestion question{.driver = report.driver, .gpus = report.gpus};
    const env::Interpreter& python = subject.inventory.python;
    question.python = python_of(python);
    if (python.machine == "aarch64") {
        question.machine = python.machine;
    }
    std::vector<std::string> wanted;
    if (torch->version) {
        wanted.push_back("==" + torch->version->without_local().to_string());
    }
    wanted.emplace_back("");
    for (const std::string& specifiers : wanted) {
        ENVPACK_TRY(question.torch, packaging::SpecifierSet::parse(specifiers));
        ENVPACK_TRY(const cuda::IndexAnswer answer, cuda::plan_index(question));
        if (const auto* plan = std::get_if<cuda::IndexPlan>(&answer)) {
            return fmt::format("install torch {} from {}", plan->torch.to_string(), plan->url);
        }
    }
    return std::string();
}

}  // namespace

Result<std::string> fix_for_code(const AuditSubject& subject, const AuditReport& report,
                                 const std::string& package, std::size_t gpu) {
    ENVPACK_TRY(std::string fix, torch_remedy(subject, report, package));
    if (!fix.empty()) {
        return fix;
    }
    const cuda::ComputeCapability& capability = report.gpus[gpu].capability;
    const unsigned number = capability.major * 10 + capability.minor;
    return fmt::format(
        "install a release that has sm_{0}, or build it with -gencode "
        "arch=compute_{0},code=sm_{0} (TORCH_CUDA_ARCH_LIST={1})",
        number, capability.to_string());
}

Result<std::string> fix_for_driver(const AuditSubject& subject, const AuditReport& report,
                                   const std::string& package,
                                   const std::optional<cuda::DriverVersion>& needs) {
    ENVPACK_TRY(std::string fix, torch_remedy(subject, report, package));
    const std::string driver =
        needs ? fmt::format("driver {} or later", needs->to_string()) : "a newer driver";
    return fix.empty() ? fmt::format("{}, or a build for an older CUDA", driver)
                       : fmt::format("{}, or {}", fix, driver);
}

std::string driver_fix(const std::optional<cuda::CudaVersion>& cuda,
                       const cuda::DriverTable& drivers) {
    const auto driver = cuda ? drivers.full_driver(*cuda) : std::nullopt;
    return driver ? fmt::format("driver {} or later, or a build with machine code for the GPU",
                                driver->to_string())
                  : std::string();
}

}  // namespace envpack::pipeline
