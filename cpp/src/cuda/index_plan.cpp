#include "envpack/cuda/index_plan.hpp"

#include "envpack/base/text.hpp"
#include "index_candidates.hpp"
#include "index_ways_out.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using packaging::Version;
using Fault = IndexCandidate::Fault;

/// The releases that the question accepts in some build, newest first.
std::vector<const TorchRelease*> asked_for(const IndexQuestion& question,
                                           const PlanTables& tables) {
    std::vector<const TorchRelease*> releases;
    for (const TorchRelease& release : tables.torch.releases()) {
        const auto accepts = [&](const std::string& suffix) {
            return question.torch.contains(wheel_version(release.torch, suffix));
        };
        if (question.cpu ? accepts("cpu")
                         : std::any_of(release.suffixes.begin(), release.suffixes.end(), accepts)) {
            releases.insert(releases.begin(), &release);
        }
    }
    return releases;
}

struct Choice {
    const IndexCandidate* candidate = nullptr;
    std::string reason = {};
};

/// Of candidates by ascending CUDA, the last for which `holds` is true; nullptr when there is none.
template <class Holds>
const IndexCandidate* highest(const std::vector<const IndexCandidate*>& fitting, Holds holds) {
    const auto found = std::find_if(fitting.rbegin(), fitting.rend(),
                                    [&](const IndexCandidate* one) { return holds(*one); });
    return found == fitting.rend() ? nullptr : *found;
}

/// Step 4 with a toolkit in the image. `fitting` is not empty and, unless that is allowed, of one
/// major version.
Choice nearest(const std::vector<const IndexCandidate*>& fitting, const CudaVersion& image,
               std::string_view never_published) {
    const CudaVersion wanted = image.minor_version();
    std::vector<const IndexCandidate*> same;
    std::copy_if(fitting.begin(), fitting.end(), std::back_inserter(same),
                 [&](const auto* one) { return one->index->cuda.major == image.major; });
    const std::vector<const IndexCandidate*>& ranked = same.empty() ? fitting : same;
    const IndexCandidate* below =
        highest(ranked, [&](const auto& one) { return one.index->cuda <= wanted; });
    const IndexCandidate* best = below != nullptr ? below : ranked.front();
    const std::string why =
        never_published.empty() ? "" : fmt::format(" ({} was never published)", never_published);
    const std::string& suffix = best->index->suffix;
    if (best->index->cuda == wanted) {
        return {best,
                fmt::format("{} is the index for the image's CUDA {}", suffix, wanted.to_string())};
    }
    if (same.empty()) {
        return {best, fmt::format("{} is the nearest to the image's CUDA {}, of another major "
                                  "version as was allowed",
                                  suffix, wanted.to_string())};
    }
    return {best, below != nullptr
                      ? fmt::format("{} is the highest index up to the image's CUDA {}{}", suffix,
                                    wanted.to_string(), why)
                      : fmt::format("{} is the lowest index above the image's CUDA {}, and none "
                                    "below fits{}",
                                    suffix, wanted.to_string(), why)};
}

/// Step 4 without one.
Choice unbound(const std::vector<const IndexCandidate*>& fitting, const IndexQuestion& question,
               const TorchRelease& release) {
    if (question.driver || !question.gpus.empty()) {
        const IndexCandidate* full =
            highest(fitting, [](const auto& one) { return !one.is_reduced; });
        const IndexCandidate* best = full != nullptr ? full : fitting.back();
        return {best, fmt::format("{} is the highest index that {} allow{}", best->index->suffix,
                                  described_target(question),
                                  question.driver && question.gpus.empty() ? "s" : "")};
    }
    const IndexCandidate* standard = highest(
        fitting, [&](const auto& one) { return one.index->suffix == release.default_suffix; });
    if (standard != nullptr) {
        return {standard, fmt::format("{} is the CUDA that torch {} has on the default index",
                                      standard->index->suffix, release.torch.to_string())};
    }
    return {fitting.back(), fmt::format("{} is the highest index that has torch {}",
                                        fitting.back()->index->suffix, release.torch.to_string())};
}

Choice choose(const std::vector<IndexCandidate>& candidates, const IndexQuestion& question,
              const TorchRelease& release, const PlanTables& tables) {
    std::vector<const IndexCandidate*> fitting;
    for (const IndexCandidate& one : candidates) {
        if (one.fault == Fault::none) {
            fitting.push_back(&one);
        }
    }
    if (fitting.empty()) {
        return {};
    }
    return question.cuda
               ? nearest(fitting, *question.cuda, tables.torch.never_published(*question.cuda))
               : unbound(fitting, question, release);
}

std::vector<FamilyMember> family_of(const Version& torch, const PlanTables& tables) {
    std::vector<FamilyMember> members;
    const TorchFamily* family = tables.torch.family(torch);
    if (family != nullptr && family->torchvision) {
        members.push_back({"torchvision", *family->torchvision});
    }
    if (family != nullptr && family->torchaudio) {
        members.push_back({"torchaudio", *family->torchaudio});
    }
    return members;
}

void note_release(IndexPlan& plan, const TorchRelease& release) {
    if (!release.is_verified) {
        plan.notes.push_back(fmt::format("the wheels of torch {} are not verified{}",
                                         release.torch.to_string(),
                                         release.note.empty() ? "" : ": " + release.note));
    }
}

/// What a plain `pip install` would get, where that does not run on the target.
void note_default_index(IndexPlan& plan, const TorchRelease& release,
                        const std::vector<IndexCandidate>& candidates) {
    for (const IndexCandidate& one : candidates) {
        if (one.index->suffix == release.default_suffix &&
            (one.fault == Fault::driver || one.fault == Fault::gpu)) {
            plan.notes.push_back(fmt::format(
                "torch {} from the default index is for CUDA {} and would not run: {}{}",
                release.torch.to_string(), one.index->cuda.to_string(), one.reason,
                release.default_is_verified ? "" : " (which CUDA that is, is not verified)"));
        }
    }
}

/// Clauses against the releases of an index that lack code for a GPU, and those after the table.
Result<packaging::SpecifierSet> fitting_releases(const TorchIndex& index,
                                                 const IndexQuestion& question,
                                                 const PlanTables& tables) {
    std::string clauses;
    std::string last;
    for (const TorchRelease& release : tables.torch.releases()) {
        for (const IndexCandidate& one : index_candidates(release, question, tables)) {
            if (one.index == &index) {
                last = release.torch.to_string();
                clauses += one.fault == Fault::gpu ? fmt::format("!={},", last) : "";
            }
        }
    }
    return packaging::SpecifierSet::parse(question.gpus.empty() ? "" : clauses + "<=" + last);
}

/// Every index but the chosen one with what is known against it: `examined` holds the candidates of
/// all releases that were looked at, newest first.
std::vector<DroppedIndex> dropped_indexes(
    const std::vector<std::pair<const TorchRelease*, std::vector<IndexCandidate>>>& examined,
    std::string_view chosen, const PlanTables& tables) {
    std::vector<DroppedIndex> dropped;
    for (const TorchIndex& index : tables.torch.indexes()) {
        if (index.suffix == chosen) {
            continue;
        }
        DroppedIndex entry{.suffix = index.suffix};
        for (const auto& [release, candidates] : examined) {
            const auto found = std::find_if(
                candidates.begin(), candidates.end(),
                [&](const IndexCandidate& one) { return one.index->suffix == index.suffix; });
            if (found != candidates.end() && entry.reason.empty()) {
                entry.torch = release->torch;
                entry.reason = found->fault == Fault::none
                                   ? fmt::format("fits as well; {} comes first", chosen)
                                   : found->reason;
            }
        }
        if (entry.reason.empty()) {
            entry.reason = "has only torch " + releases_of(index, tables);
        }
        dropped.push_back(std::move(entry));
    }
    return dropped;
}

IndexDecision decide_cpu(const IndexQuestion& question, const PlanTables& tables) {
    IndexDecision decision;
    for (const TorchRelease* release : asked_for(question, tables)) {
        if (std::string fault = python_fault(*release, question); !fault.empty()) {
            if (decision.dropped.empty()) {
                decision.dropped = {{"cpu", release->torch, std::move(fault)}};
            }
            continue;
        }
        decision.plan = IndexPlan{.suffix = "cpu",
                                  .url = tables.torch.url_of("cpu"),
                                  .torch = release->torch,
                                  .family = family_of(release->torch, tables),
                                  .reason = "cpu: wheels without CUDA were asked for"};
        note_release(*decision.plan, *release);
        break;
    }
    return decision;
}

}  // namespace

std::string described_target(const IndexQuestion& question) {
    std::vector<std::string> parts;
    if (question.driver) {
        parts.push_back("driver " + question.driver->to_string());
    }
    for (const Gpu& gpu : question.gpus) {
        parts.push_back(gpu.name);
    }
    return text::join(parts, ", ");
}

std::string releases_of(const TorchIndex& index, const PlanTables& tables) {
    std::vector<std::string> torches;
    for (const TorchRelease& release : tables.torch.releases()) {
        if (std::find(release.suffixes.begin(), release.suffixes.end(), index.suffix) !=
            release.suffixes.end()) {
            torches.push_back(release.torch.to_string());
        }
    }
    return torches.size() == 1 ? torches.front()
                               : fmt::format("{} to {}", torches.front(), torches.back());
}

IndexDecision decide(const IndexQuestion& question, const PlanTables& tables) {
    if (question.cpu) {
        return decide_cpu(question, tables);
    }
    IndexDecision decision;
    std::vector<std::pair<const TorchRelease*, std::vector<IndexCandidate>>> examined;
    for (const TorchRelease* release : asked_for(question, tables)) {
        examined.emplace_back(release, index_candidates(*release, question, tables));
        const std::vector<IndexCandidate>& candidates = examined.back().second;
        Choice choice = choose(candidates, question, *release, tables);
        if (choice.candidate == nullptr) {
            continue;
        }
        const TorchIndex& index = *choice.candidate->index;
        if (examined.size() > 1) {
            choice.reason += fmt::format("; no index fits for torch {}{}",
                                         examined.front().first->torch.to_string(),
                                         examined.size() > 2 ? " and others before" : "");
        }
        decision.plan = IndexPlan{.suffix = index.suffix,
                                  .url = index.url,
                                  .torch = release->torch,
                                  .cuda = index.cuda,
                                  .family = family_of(release->torch, tables),
                                  .reason = std::move(choice.reason),
                                  .notes = choice.candidate->notes};
        note_release(*decision.plan, *release);
        note_default_index(*decision.plan, *release, candidates);
        break;
    }
    decision.dropped =
        dropped_indexes(examined, decision.plan ? decision.plan->suffix : "", tables);
    return decision;
}

Result<IndexAnswer> plan_index(const IndexQuestion& question) {
    ENVPACK_TRY(const PlanTables tables, PlanTables::load());
    IndexDecision decision = decide(question, tables);
    if (decision.plan) {
        decision.plan->dropped = std::move(decision.dropped);
        if (const TorchIndex* index = tables.torch.index(decision.plan->suffix)) {
            ENVPACK_TRY(decision.plan->fitting, fitting_releases(*index, question, tables));
        }
        return *std::move(decision.plan);
    }
    return conflict_of(question, std::move(decision.dropped), tables);
}

}  // namespace envpack::cuda
