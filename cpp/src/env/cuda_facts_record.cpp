#include "envpack/env/cuda_facts_record.hpp"

#include "record_fields.hpp"

#include <algorithm>
#include <utility>

namespace envpack::env {
namespace {

json::Value evidence_record(const std::vector<VersionEvidence>& found) {
    return list_of(found, [](const VersionEvidence& one) {
        const auto& [where, version] = one;
        return record(where, version);
    });
}

Result<VersionEvidence> decode_evidence(Fields& fields) {
    VersionEvidence one;
    ENVPACK_CHECK(fields.read(one.where, one.version));
    return one;
}

/// CudaFacts::cuda() counts on it.
bool are_cuda_versions(const std::vector<VersionEvidence>& found) {
    return std::all_of(found.begin(), found.end(), [](const VersionEvidence& one) {
        return cuda::CudaVersion::parse(one.version).has_value();
    });
}

Result<CudaFacts> decode_facts(Fields& fields) {
    CudaFacts facts;
    ENVPACK_CHECK(fields.read_list(facts.toolkit, decode_evidence));
    ENVPACK_CHECK(fields.read_list(facts.torch, decode_evidence));
    ENVPACK_CHECK(fields.read_list(facts.cudnn, decode_evidence));
    ENVPACK_CHECK(fields.read_list(facts.nccl, decode_evidence));
    ENVPACK_CHECK(fields.read(facts.libraries, facts.requirements, facts.problems));
    if (!are_cuda_versions(facts.toolkit) || !are_cuda_versions(facts.torch)) {
        return no_record();
    }
    return facts;
}

}  // namespace

std::string to_record(const CudaFacts& facts) {
    const auto& [toolkit, torch, cudnn, nccl, libraries, requirements, problems] = facts;
    std::vector<std::string> demands;
    demands.reserve(requirements.size());
    for (const cuda::DriverRequirement& one : requirements) {
        demands.push_back(one.to_string());
    }
    return json::to_canonical(record(evidence_record(toolkit), evidence_record(torch),
                                     evidence_record(cudnn), evidence_record(nccl), libraries,
                                     demands, problems));
}

Result<CudaFacts> parse_cuda_record(std::string_view text) {
    ENVPACK_TRY(const json::Value document, json::parse(text));
    return Fields::decode_all(document, decode_facts);
}

}  // namespace envpack::env
