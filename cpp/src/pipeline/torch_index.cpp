#include "torch_index.hpp"

#include "envpack/base/text.hpp"
#include "envpack/cuda/ecosystem_plan.hpp"
#include "envpack/cuda/torch_matrix.hpp"
#include "envpack/env/target_environment.hpp"
#include "index_check.hpp"
#include "index_question.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

const packaging::PackageName& torch_name() {
    static const packaging::PackageName name = *packaging::PackageName::parse("torch");
    return name;
}

/// What the request says about torch: by name, and by releases of packages that need one torch.
Result<packaging::SpecifierSet> wanted_torch(const Request& request, const env::Inventory& base) {
    const packaging::MarkerEnvironment environment = env::marker_environment(base.python);
    packaging::SpecifierSet wanted;
    for (const auto* lines : {&request.requirements, &request.constraints}) {
        for (const env::UserRequirement& line : *lines) {
            const packaging::Requirement& one = line.requirement;
            if (one.marker && !one.marker->evaluate_with_extra(environment, nullptr)) {
                continue;
            }
            if (one.name == torch_name()) {
                wanted = wanted & one.specifiers;
            } else if (lines == &request.requirements) {
                ENVPACK_TRY(const packaging::SpecifierSet needed, cuda::torch_wanted_by(one));
                wanted = wanted & needed;
            }
        }
    }
    return wanted;
}

/// By name, and not to come from the place of a constraint.
bool names_one_of(const Request& request, std::span<const packaging::PackageName> packages) {
    const auto has_place = [&](const packaging::PackageName& name) {
        return std::any_of(request.constraint_places.begin(), request.constraint_places.end(),
                           [&](const auto& line) { return line.requirement->name == name; });
    };
    return std::any_of(request.requirements.begin(), request.requirements.end(),
                       [&](const env::UserRequirement& line) {
                           const packaging::PackageName& name = line.requirement.name;
                           return std::binary_search(packages.begin(), packages.end(), name) &&
                                  !has_place(name);
                       });
}

env::Explanation explanation_of(const cuda::IndexConflict& conflict) {
    env::Explanation explanation{
        .headline = conflict.headline, .text = conflict.to_string(), .packages = {"torch"}};
    for (const cuda::DroppedIndex& dropped : conflict.dropped) {
        explanation.causes.push_back({"index", "torch", dropped.suffix, dropped.reason});
    }
    for (const std::string& way : conflict.ways_out) {
        explanation.ways_out.push_back({"cuda", way, ""});
    }
    return explanation;
}

void pin(Request& request, const cuda::IndexPlan& plan, const http::Url& url,
         std::span<const packaging::PackageName> packages) {
    for (const packaging::PackageName& name : packages) {
        if (!is_pinned(request.indexes, name)) {
            request.indexes.pins.push_back(fmt::format("{}={}", name.str(), url.to_string()));
        }
    }
    if (!plan.fitting.empty()) {
        request.constraints.push_back(
            {.requirement = {.name = torch_name(), .specifiers = plan.fitting}, .origin = "--gpu"});
    }
}

env::LockedTorchIndex recorded(const cuda::IndexPlan& plan) {
    env::LockedTorchIndex index{.suffix = plan.suffix, .url = plan.url, .reason = plan.reason};
    for (const cuda::DroppedIndex& dropped : plan.dropped) {
        index.dropped.push_back(fmt::format("{}: {}", dropped.suffix, dropped.reason));
    }
    return index;
}

}  // namespace

std::set<packaging::PackageName> moving_packages(const ResolveOptions& options) {
    std::set<packaging::PackageName> names;
    for (const auto* texts : {&options.unfreeze, &options.shadow}) {
        for (const std::string& text : *texts) {
            if (auto name = packaging::PackageName::parse(text)) {
                names.insert(*std::move(name));
            }
        }
    }
    return names;
}

const env::FrozenPackage* provided_torch(const ResolveOptions& options,
                                         const env::Inventory& base) {
    return moving_packages(options).contains(torch_name()) ? nullptr : base.find(torch_name());
}

Result<TorchIndexChoice> pin_torch_index(const ResolveOptions& options, const CudaBase& target,
                                         Request& request, const UserConfig& user,
                                         const RunContext& run) {
    if (!options.cuda.is_given()) {
        return TorchIndexChoice();
    }
    const env::Inventory& base = target.inventory;
    if (const env::FrozenPackage* torch = provided_torch(options, base)) {
        run.note(fmt::format("the base provides torch {}: no index is chosen for it",
                             torch->raw_version));
        return TorchIndexChoice();
    }
    for (const std::string& problem :
         options.cuda.is_auto() ? target.facts.problems : std::vector<std::string>()) {
        run.note(problem);
    }
    ENVPACK_TRY(cuda::IndexQuestion question, index_question(options.cuda, &target.facts));
    ENVPACK_TRY(question.torch, wanted_torch(request, base));
    question.python = python_of(base.python);
    ENVPACK_TRY(question.machine, machine_for(base.python.machine));
    ENVPACK_TRY(const cuda::TorchMatrix matrix, cuda::TorchMatrix::load());
    ENVPACK_TRY(cuda::IndexAnswer answer, cuda::plan_index(question));
    const bool is_named = names_one_of(request, matrix.packages());
    if (const auto* conflict = std::get_if<cuda::IndexConflict>(&answer)) {
        return TorchIndexChoice{.conflict = explanation_of(*conflict), .is_named = is_named};
    }
    auto& plan = std::get<cuda::IndexPlan>(answer);
    ENVPACK_TRY(const http::Url url, use_mirror(plan, options.cuda, user));
    pin(request, plan, url, matrix.packages());
    run.note(fmt::format("torch and its family come from {}: {}", plan.url, plan.reason));
    for (const std::string& note : plan.notes) {
        run.note(note);
    }
    TorchIndexChoice choice{.index = recorded(plan), .is_named = is_named};
    choice.plan = std::move(plan);
    choice.question = std::move(question);
    return choice;
}

Result<void> note_disagreements(const TorchIndexChoice& choice, const index::PackageIndex& index,
                                const RunContext& run) {
    if (!choice.plan) {
        return {};
    }
    const auto told = index_disagreements(*choice.plan, choice.question, index, run);
    ENVPACK_CHECK(run.check());
    if (told) {  // else the solve had the same page, or said why not
        for (const std::string& sentence : *told) {
            run.note(sentence);
        }
    }
    return {};
}

Result<bool> chooses_torch_family(const env::Selection& selection, const PlaceIndex& places) {
    ENVPACK_TRY(const cuda::TorchMatrix matrix, cuda::TorchMatrix::load());
    const auto packages = matrix.packages();
    return std::any_of(selection.packages.begin(), selection.packages.end(),
                       [&](const env::Selected& chosen) {
                           return !places.has(chosen.file) &&
                                  std::binary_search(packages.begin(), packages.end(), chosen.name);
                       });
}

Result<std::vector<std::string>> family_notes(const env::Selection& selection,
                                              const env::Inventory& base) {
    std::vector<std::string> notes;
    const env::FrozenPackage* torch = base.find(torch_name());
    if (torch == nullptr || !torch->version) {
        return notes;
    }
    ENVPACK_TRY(const cuda::TorchMatrix matrix, cuda::TorchMatrix::load());
    const cuda::TorchFamily* family = matrix.family(torch->version->base_version());
    if (family == nullptr) {
        return notes;
    }
    for (const env::Selected& chosen : selection.packages) {
        const std::optional<packaging::Version>& belongs =
            chosen.name.str() == "torchvision"  ? family->torchvision
            : chosen.name.str() == "torchaudio" ? family->torchaudio
                                                : std::nullopt;
        if (belongs && chosen.version.base_version() != *belongs) {
            notes.push_back(fmt::format(
                "{} {} is not the one for the base's torch {}: ask for {}=={}, or build it "
                "against that torch",
                chosen.name.str(), chosen.version.to_string(), torch->raw_version,
                chosen.name.str(), belongs->to_string()));
        }
    }
    return notes;
}

}  // namespace envpack::pipeline
