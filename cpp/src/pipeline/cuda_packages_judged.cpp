#include "cuda_packages.hpp"
#include "envpack/base/text.hpp"
#include "envpack/cuda/torch_build.hpp"
#include "envpack/cuda/torch_matrix.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using packaging::PackageName;
using packaging::Requirement;

/// A selection against what the tables know.
class CudaJudgement {
public:
    CudaJudgement(const CudaPackages& packages, const env::Selection& selection,
                  const env::Inventory& base, const PlaceIndex& places,
                  env::PackageProvider& provider, const RunContext& run)
        : packages_(packages),
          selection_(selection),
          base_(base),
          places_(places),
          provider_(provider),
          run_(run) {}

    Result<std::optional<env::Explanation>> result() {
        ENVPACK_TRY(const cuda::EcosystemTable* const table, cuda::EcosystemTable::load());
        ENVPACK_TRY(const std::optional<cuda::EcosystemTorch> torch, torch_in_use());
        for (const env::Selected& chosen : selection_.packages) {
            if (auto conflict = rival_of(chosen, *table)) {
                return conflict;
            }
            if (torch) {
                ENVPACK_TRY(auto conflict, torch_conflict(chosen, *torch));
                if (conflict) {
                    return conflict;
                }
            }
            if (!places_.has(chosen.file)) {
                ENVPACK_TRY(auto conflict, build_conflict(chosen));
                if (conflict) {
                    return conflict;
                }
            }
        }
        return std::optional<env::Explanation>();
    }

private:
    const env::Selected* selected(const PackageName& name) const {
        const auto found = std::find_if(selection_.packages.begin(), selection_.packages.end(),
                                        [&](const env::Selected& one) { return one.name == name; });
        return found == selection_.packages.end() ? nullptr : &*found;
    }

    /// That is installed, or else that of the base, of which there may be none.
    Result<std::optional<cuda::EcosystemTorch>> torch_in_use() const {
        const env::Selected* torch = selected(*PackageName::parse("torch"));
        if (torch == nullptr) {
            const auto& known = packages_.question->torch;
            return known && known->is_provided ? known : std::nullopt;
        }
        cuda::EcosystemTorch in_use{.version = torch->version};
        ENVPACK_TRY(const cuda::TorchMatrix matrix, cuda::TorchMatrix::load());
        if (const cuda::TorchIndex* index = matrix.index(torch->version.local())) {
            in_use.cuda = index->cuda;
        }
        return std::optional(std::move(in_use));
    }

    /// ` (wanted by flax, orbax)`
    std::string wanted_by(const PackageName& name) const {
        std::vector<std::string> who;
        for (const env::Selected& other : selection_.packages) {
            const auto& needs = other.dependencies;
            if (std::find(needs.begin(), needs.end(), name) != needs.end()) {
                who.push_back(other.name.to_string());
            }
        }
        return who.empty() ? std::string() : text::join(who, ", ");
    }

    env::Explanation explained(const PackageName& name, std::string headline, std::string text) {
        if (const std::string who = wanted_by(name); !who.empty()) {
            headline += fmt::format(" (wanted by {})", who);
        }
        return env::Explanation{
            .headline = headline, .text = headline + "\n" + text, .packages = {name.to_string()}};
    }

    std::optional<env::Explanation> rival_of(const env::Selected& chosen,
                                             const cuda::EcosystemTable& table) {
        for (const PackageName& rival : table.rivals(chosen.name)) {
            const bool is_in_base = base_.find(rival) != nullptr;
            if (rival == chosen.name || (!is_in_base && selected(rival) == nullptr)) {
                continue;
            }
            env::Explanation conflict = explained(
                chosen.name,
                fmt::format("{} and {}{} cannot both be installed: they have the same files",
                            chosen.name.str(), is_in_base ? "the base's " : "", rival.str()),
                "");
            for (const PackageName& one : {chosen.name, rival}) {
                const std::string who = wanted_by(one);
                conflict.causes.push_back({"dependency", one.to_string(),
                                           who.empty() ? "the request or the base" : who,
                                           "wants " + one.to_string()});
                conflict.text +=
                    fmt::format("  {} wants {}\n", conflict.causes.back().who, one.str());
            }
            return conflict;
        }
        return std::nullopt;
    }

    Result<std::optional<env::Explanation>> torch_conflict(const env::Selected& chosen,
                                                           const cuda::EcosystemTorch& torch) {
        const auto build = cuda::TorchBuild::of_local(chosen.version.local());
        const std::string fault = build ? cuda::misfit(*build, torch) : std::string();
        if (fault.empty()) {
            return std::optional<env::Explanation>();
        }
        const std::string what =
            fmt::format("{} {}", chosen.name.str(), chosen.version.to_string());
        env::Explanation conflict = explained(chosen.name, fmt::format("{} {}", what, fault), "");
        conflict.causes.push_back({"build", chosen.name.to_string(), what, fault});
        if (places_.has(chosen.file)) {
            return std::optional(std::move(conflict));
        }
        ENVPACK_TRY(const auto versions, provider_.versions(chosen.name));
        for (auto one = versions.rbegin(); one != versions.rend(); ++one) {
            const auto other = cuda::TorchBuild::of_local(one->local());
            if (other && cuda::misfit(*other, torch).empty()) {
                conflict.ways_out.push_back(
                    {"cuda", fmt::format("ask for {}=={}", chosen.name.str(), one->to_string()),
                     ""});
                conflict.text +=
                    fmt::format("\nways out:\n  {}\n", conflict.ways_out.back().description);
                break;
            }
        }
        return std::optional(std::move(conflict));
    }

    Result<std::optional<env::Explanation>> build_conflict(const env::Selected& chosen) {
        const Requirement exact{.name = chosen.name,
                                .extras = chosen.extras,
                                .specifiers = packaging::SpecifierSet::pin(chosen.version)};
        ENVPACK_TRY(const auto answer, cuda::plan_ecosystem(exact, *packages_.question));
        if (!answer) {
            return std::optional<env::Explanation>();
        }
        if (const auto* conflict = std::get_if<cuda::EcosystemConflict>(&*answer)) {
            env::Explanation found =
                explained(chosen.name, conflict->headline,
                          conflict->to_string().substr(conflict->headline.size() + 1));
            for (const cuda::DroppedBuild& one : conflict->dropped) {
                found.causes.push_back({"build", conflict->package, one.build, one.reason});
            }
            return std::optional(std::move(found));
        }
        const auto& choice = std::get<cuda::EcosystemChoice>(*answer);
        const std::string who = wanted_by(chosen.name);
        if (choice.is_changed && !who.empty() && !is_asked_for(chosen.name)) {
            Requirement better = choice.requirement;
            better.specifiers = {};
            run_.note(fmt::format(
                "{} {} comes through {} as it is: name {} in the request to have it for CUDA ({})",
                chosen.name.str(), chosen.version.to_string(), who, better.to_string(),
                choice.reason));
        }
        return std::optional<env::Explanation>();
    }

    bool is_asked_for(const PackageName& name) const {
        return std::any_of(packages_.locked.begin(), packages_.locked.end(),
                           [&](const env::LockedCudaPackage& one) {
                               const auto asked = Requirement::parse(one.requirement);
                               return one.name == name || (asked && asked->name == name);
                           });
    }

    const CudaPackages& packages_;
    const env::Selection& selection_;
    const env::Inventory& base_;
    const PlaceIndex& places_;
    env::PackageProvider& provider_;
    const RunContext& run_;
};

}  // namespace

Result<std::optional<env::Explanation>> judge_cuda_packages(
    const CudaPackages& packages, const env::Selection& selection, const env::Inventory& base,
    const PlaceIndex& places, env::PackageProvider& provider, const RunContext& run) {
    if (!packages.question) {
        return std::optional<env::Explanation>();
    }
    return CudaJudgement(packages, selection, base, places, provider, run).result();
}

}  // namespace envpack::pipeline
