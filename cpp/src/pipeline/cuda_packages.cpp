#include "cuda_packages.hpp"

#include "envpack/base/text.hpp"
#include "envpack/cuda/torch_matrix.hpp"
#include "index_question.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using cuda::EcosystemChoice;
using cuda::EcosystemConflict;
using packaging::PackageName;
using packaging::Requirement;

env::Explanation explanation_of(const EcosystemConflict& conflict) {
    env::Explanation explanation{.headline = conflict.headline,
                                 .text = conflict.to_string(),
                                 .packages = {conflict.package}};
    for (const cuda::DroppedBuild& dropped : conflict.dropped) {
        explanation.causes.push_back({"build", conflict.package, dropped.build, dropped.reason});
    }
    for (const std::string& way : conflict.ways_out) {
        explanation.ways_out.push_back({"cuda", way, ""});
    }
    return explanation;
}

/// Whether something of the request is useful only with a torch.
bool asks_for_torch(const Request& request, const cuda::EcosystemTable& table) {
    return std::any_of(request.requirements.begin(), request.requirements.end(),
                       [&](const env::UserRequirement& line) {
                           const cuda::EcosystemFamily* family = table.find(line.requirement.name);
                           return family != nullptr &&
                                  (!family->torch.empty() || !family->page.empty());
                       });
}

std::vector<PackageName> staying(const ResolveOptions& options, const env::Inventory& base) {
    const std::set<PackageName> moving = moving_packages(options);
    std::vector<PackageName> names;
    for (const env::FrozenPackage& package : base.packages) {
        if (!moving.contains(package.name)) {
            names.push_back(package.name);
        }
    }
    return names;
}

Result<cuda::EcosystemQuestion> question_of(const ResolveOptions& options, const CudaBase& target,
                                            const TorchIndexChoice& torch, const Request& request) {
    ENVPACK_TRY(const cuda::IndexQuestion asked, index_question(options.cuda, &target.facts));
    cuda::EcosystemQuestion question{.cuda = asked.cuda,
                                     .toolkit = target.facts.cuda(),
                                     .libraries = target.facts.libraries,
                                     .provided = staying(options, target.inventory),
                                     .cpu = asked.cpu,
                                     .driver = asked.driver,
                                     .gpus = asked.gpus,
                                     .allow_other_major = asked.allow_other_major};
    // A variable of the image may tell a version whose file is gone.
    const auto& libraries = question.libraries;
    if (std::find(libraries.begin(), libraries.end(), "libcudnn") != libraries.end()) {
        if (auto version = packaging::Version::parse(target.facts.system_cudnn())) {
            question.cudnn = *std::move(version);
        }
    }
    ENVPACK_TRY(const cuda::EcosystemTable* const table, cuda::EcosystemTable::load());
    const env::FrozenPackage* provided = provided_torch(options, target.inventory);
    if (provided != nullptr && provided->version) {
        question.torch = cuda::EcosystemTorch{
            .version = *provided->version, .cuda = target.facts.torch_cuda(), .is_provided = true};
    } else if (torch.plan && (torch.is_named || asks_for_torch(request, *table))) {
        question.torch =
            cuda::EcosystemTorch{.version = torch.plan->torch, .cuda = torch.plan->cuda};
    }
    return question;
}

/// The address to ask instead of one of a table; empty where the user asks no index.
Result<std::string> mirrored(const std::string& url, const CudaOptions& options, bool no_index) {
    for (const std::string& mirror : options.mirrors) {
        const std::size_t equals = mirror.find('=');
        const std::string from = mirror.substr(0, equals);
        if (equals == std::string::npos || !http::Url::parse(from) ||
            !http::Url::parse(mirror.substr(equals + 1))) {
            return fail(
                Error(ErrorCode::invalid_argument, "a mirror is written as two URLs")
                    .with_context("while reading --cuda-mirror")
                    .with_hint("write it as https://pypi.nvidia.com=https://mirror.example/nv"));
        }
        if (url.starts_with(from)) {
            return mirror.substr(equals + 1) + url.substr(from.size());
        }
    }
    return no_index ? std::string() : url;
}

/// One request on its way to be what the target needs.
class CudaRequest {
public:
    CudaRequest(Request& request, const ResolveOptions& options, const RunContext& run)
        : request_(request), options_(options), run_(run) {}

    /// All that the request and its constraints say about one name.
    Requirement everything_about(const PackageName& name) const {
        Requirement all{.name = name};
        for (const auto* lines : {&request_.requirements, &request_.constraints}) {
            for (const env::UserRequirement& line : *lines) {
                if (line.requirement.name != name) {
                    continue;
                }
                all.specifiers = all.specifiers & line.requirement.specifiers;
                if (lines == &request_.requirements) {
                    all.extras.insert(all.extras.end(), line.requirement.extras.begin(),
                                      line.requirement.extras.end());
                }
            }
        }
        std::sort(all.extras.begin(), all.extras.end());
        all.extras.erase(std::unique(all.extras.begin(), all.extras.end()), all.extras.end());
        return all;
    }

    Result<env::LockedCudaPackage> apply(const Requirement& asked, const EcosystemChoice& choice,
                                         bool no_index) {
        env::LockedCudaPackage locked{.name = asked.name,
                                      .requirement = choice.requirement.to_string(),
                                      .reason = choice.reason};
        const bool keeps = choice.is_changed && request_.hash_mode;
        if (keeps) {
            locked.requirement = asked.to_string();
            run_.note(fmt::format("{} stays as it is in hash mode; for CUDA it would be {}: {}",
                                  asked.to_string(), choice.requirement.to_string(),
                                  choice.reason));
        } else if (choice.is_changed) {
            rename(asked, choice.requirement);
            run_.note(fmt::format("{} is resolved as {}: {}", asked.to_string(),
                                  choice.requirement.to_string(), choice.reason));
        }
        for (const Requirement& limit : choice.limits) {
            request_.constraints.push_back({.requirement = limit, .origin = "CUDA of the target"});
            locked.limits.push_back(limit.to_string());
            if (!choice.is_changed) {
                run_.note(fmt::format("{} is kept to {}: {}", limit.name.str(),
                                      limit.specifiers.to_string(), choice.reason));
            }
        }
        for (const std::string& note : choice.notes) {
            run_.note(note);
        }
        if (!choice.index.empty() && !keeps) {
            ENVPACK_TRY(locked.index, pin(choice, no_index));
        }
        for (const cuda::DroppedBuild& dropped : choice.dropped) {
            locked.dropped.push_back(fmt::format("{}: {}", dropped.build, dropped.reason));
        }
        return locked;
    }

private:
    /// Every line about the old name; constraints on it hold for the new one too.
    void rename(const Requirement& asked, const Requirement& instead) {
        for (env::UserRequirement& line : request_.requirements) {
            if (line.requirement.name == asked.name) {
                line.requirement.name = instead.name;
                line.requirement.extras = instead.extras;
            }
        }
        if (instead.name == asked.name) {
            return;
        }
        const std::vector<env::UserRequirement> before = request_.constraints;
        for (env::UserRequirement line : before) {
            if (line.requirement.name == asked.name) {
                line.requirement.name = instead.name;
                request_.constraints.push_back(std::move(line));
            }
        }
    }

    /// The index as it may be shown; empty where nothing is pinned to it.
    Result<std::string> pin(const EcosystemChoice& choice, bool no_index) {
        ENVPACK_TRY(const std::string text, mirrored(choice.index, options_.cuda, no_index));
        if (text.empty()) {
            run_.note(fmt::format("{} is not looked for at {}: no index is to be asked",
                                  choice.requirement.name.str(), choice.index));
            return std::string();
        }
        ENVPACK_TRY(const http::Url url, http::Url::parse(text));
        auto& pins = choice.is_page ? request_.indexes.page_pins : request_.indexes.pins;
        for (const PackageName& name : choice.pinned) {
            if (!is_pinned(request_.indexes, name)) {
                pins.push_back(fmt::format("{}={}", name.str(), url.to_string()));
            }
        }
        run_.note(fmt::format("{} comes from {}", choice.requirement.name.str(), url.shown()));
        return url.shown();
    }

    Request& request_;
    const ResolveOptions& options_;
    const RunContext& run_;
};

std::set<PackageName> names_of(const Request& request) {
    std::set<PackageName> names;
    for (const env::UserRequirement& line : request.requirements) {
        const auto has_place = [&](const packaging::RequirementLine& place) {
            return place.requirement->name == line.requirement.name;
        };
        if (std::none_of(request.constraint_places.begin(), request.constraint_places.end(),
                         has_place)) {
            names.insert(line.requirement.name);
        }
    }
    return names;
}

/// Of packages of which there can be one, two that are asked for.
std::optional<env::Explanation> rivals_in(const std::set<PackageName>& names,
                                          const cuda::EcosystemTable& table) {
    for (const PackageName& name : names) {
        for (const PackageName& rival : table.rivals(name)) {
            if (rival != name && names.contains(rival)) {
                return explanation_of(
                    {.package = name.to_string(),
                     .headline = fmt::format("{} and {} cannot both be installed: they have the "
                                             "same files",
                                             name.str(), rival.str()),
                     .ways_out = {"ask only for " + name.to_string(),
                                  "ask only for " + rival.to_string()}});
            }
        }
    }
    return std::nullopt;
}

}  // namespace

Result<CudaPackages> choose_cuda_packages(const ResolveOptions& options, const CudaBase& target,
                                          const TorchIndexChoice& torch, Request& request,
                                          const UserConfig& user, const RunContext& run) {
    CudaPackages all;
    if (!options.cuda.tells_target()) {
        return all;
    }
    ENVPACK_TRY(const index::PipConfig pip, read_user_pip_config(user));
    const bool no_index = request.indexes.no_index || pip.no_index;
    ENVPACK_TRY(const cuda::EcosystemTable* const table, cuda::EcosystemTable::load());
    ENVPACK_TRY(all.question, question_of(options, target, torch, request));
    CudaRequest changes(request, options, run);
    const std::set<PackageName> asked_for = names_of(request);
    for (const PackageName& name : asked_for) {
        const Requirement asked = changes.everything_about(name);
        ENVPACK_TRY(const auto answer, cuda::plan_ecosystem(asked, *all.question));
        if (!answer) {
            continue;
        }
        if (const auto* conflict = std::get_if<EcosystemConflict>(&*answer)) {
            all.conflict = explanation_of(*conflict);
            return all;
        }
        ENVPACK_TRY(auto locked,
                    changes.apply(asked, std::get<EcosystemChoice>(*answer), no_index));
        all.locked.push_back(std::move(locked));
    }
    all.conflict = rivals_in(names_of(request), *table);
    ENVPACK_TRY(const std::vector<Requirement> limits, cuda::ecosystem_limits(*all.question));
    for (const Requirement& limit : limits) {
        if (!asked_for.contains(limit.name) && target.inventory.find(limit.name) == nullptr) {
            request.constraints.push_back({.requirement = limit, .origin = "CUDA of the target"});
        }
    }
    return all;
}

}  // namespace envpack::pipeline
