#include "envpack/env/cuda_facts.hpp"

#include <algorithm>

namespace envpack::env {
namespace {

json::Value evidence_json(const std::vector<VersionEvidence>& found) {
    json::Array rows;
    for (const VersionEvidence& one : found) {
        rows.emplace_back(json::Object{{"where", one.where}, {"version", one.version}});
    }
    return rows;
}

json::Value version_json(const std::optional<cuda::CudaVersion>& version) {
    return version ? json::Value(version->to_string()) : json::Value();
}

/// The lists of CUDA hold only texts that are versions.
std::optional<cuda::CudaVersion> first_cuda(const std::vector<VersionEvidence>& found) {
    return found.empty() ? std::nullopt
                         : std::optional(*cuda::CudaVersion::parse(found.front().version));
}

}  // namespace

std::optional<cuda::CudaVersion> CudaFacts::cuda() const {
    return first_cuda(toolkit);
}

std::optional<cuda::CudaVersion> CudaFacts::torch_cuda() const {
    return first_cuda(torch);
}

std::optional<cuda::CudaVersion> CudaFacts::least_driver_cuda() const {
    std::optional<cuda::CudaVersion> most;
    for (const cuda::DriverRequirement& requirement : requirements) {
        most = std::max(most, requirement.least_cuda());
    }
    return most;
}

std::string CudaFacts::system_cudnn() const {
    const auto found = std::find_if(cudnn.begin(), cudnn.end(), [](const VersionEvidence& one) {
        return !one.where.starts_with("package nvidia-cudnn-");
    });
    return found == cudnn.end() ? std::string() : found->version;
}

json::Value CudaFacts::to_json() const {
    return json::Object{{"cuda", version_json(cuda())},
                        {"found", evidence_json(toolkit)},
                        {"torch_cuda", version_json(torch_cuda())},
                        {"torch", evidence_json(torch)},
                        {"cudnn", evidence_json(cudnn)},
                        {"nccl", evidence_json(nccl)},
                        {"libraries", json::Array(libraries.begin(), libraries.end())},
                        {"driver_cuda", version_json(least_driver_cuda())},
                        {"problems", json::Array(problems.begin(), problems.end())}};
}

}  // namespace envpack::env
