#include "envpack/cuda/ecosystem_plan.hpp"

#include "ecosystem_builds.hpp"
#include "ecosystem_text.hpp"
#include "ecosystem_torch.hpp"
#include "ecosystem_ways_out.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/version_range.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using packaging::PackageName;
using packaging::Requirement;
using packaging::SpecifierSet;
using Fault = BuildCandidate::Fault;
using Scheme = EcosystemFamily::Scheme;

bool has_name(const std::vector<PackageName>& names, const PackageName& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Of fitting builds of one major version: those with an index of their own are told apart by the
/// minor version, the others by their releases.
const BuildCandidate* nearest_build(const std::vector<const BuildCandidate*>& same,
                                    const CudaVersion& wanted) {
    if (same.front()->build->index.empty()) {
        return same.front();
    }
    const auto below = std::find_if(same.begin(), same.end(), [&](const BuildCandidate* one) {
        return one->build->cuda <= wanted.minor_version();
    });
    return below == same.end() ? same.back() : *below;
}

/// nullptr where nothing tells which one; `fitting` is not empty, newest first.
const BuildCandidate* best_build(const std::vector<const BuildCandidate*>& fitting,
                                 const EcosystemFamily& family, const EcosystemQuestion& question) {
    const auto of_major = [&](unsigned major) {
        std::vector<const BuildCandidate*> some;
        std::copy_if(fitting.begin(), fitting.end(), std::back_inserter(some),
                     [&](const BuildCandidate* one) { return one->build->cuda.major == major; });
        return some;
    };
    if (const std::optional<CudaVersion> wanted = wanted_cuda(question)) {
        if (const auto same = of_major(wanted->major); !same.empty()) {
            return nearest_build(same, *wanted);
        }
        return fitting.front();
    }
    const bool is_one_major = of_major(fitting.front()->build->cuda.major).size() == fitting.size();
    if (is_one_major) {
        return fitting.front();
    }
    if (question.driver || !question.gpus.empty()) {
        const auto full = std::find_if(fitting.begin(), fitting.end(),
                                       [](const BuildCandidate* one) { return !one->is_reduced; });
        return full == fitting.end() ? fitting.front() : *full;
    }
    const auto standard = family.default_major ? of_major(*family.default_major)
                                               : std::vector<const BuildCandidate*>();
    return standard.empty() ? nullptr : standard.front();
}

/// What a requirement of one family becomes.
class BuildPlanning {
public:
    BuildPlanning(const EcosystemFamily& family, const Requirement& asked,
                  const EcosystemQuestion& question, const EcosystemTables& tables)
        : family_(family),
          asked_(asked),
          question_(question),
          tables_(tables),
          named_(named_build(family, asked)),
          choice_{.requirement = asked} {}

    EcosystemAnswer answer() && {
        if (std::optional<EcosystemChoice> there = provided()) {
            return *std::move(there);
        }
        const bool brings_all =
            family_.libraries.empty() ||
            std::any_of(named_.builds.begin(), named_.builds.end(),
                        [&](const EcosystemBuild* one) { return named_.asks_for_bundled(*one); });
        const auto candidates = build_candidates(named_, asked_.specifiers, question_,
                                                 named_.is_explicit() && brings_all, tables_);
        std::vector<const BuildCandidate*> fitting;
        for (const BuildCandidate& one : candidates) {
            if (one.fault == Fault::none) {
                fitting.push_back(&one);
            } else {
                choice_.dropped.push_back({shown(family_, *one.build, named_.plain), one.reason});
            }
        }
        if (fitting.empty()) {
            return conflict("no build of " + asked_text() + " fits " + target());
        }
        const BuildCandidate* best = best_build(fitting, family_, question_);
        if (best == nullptr) {
            choice_.reason = "nothing tells for which CUDA";
            choice_.notes.push_back(
                fmt::format("{} is left as it is: nothing tells for which CUDA; say --cuda X.Y, or "
                            "the --driver of the target",
                            asked_text()));
            return std::move(choice_);
        }
        for (const BuildCandidate* one : fitting) {
            const bool is_other = one->build->cuda.major != best->build->cuda.major ||
                                  one->build->index != best->build->index;
            if (is_other) {
                choice_.dropped.push_back(
                    {shown(family_, *one->build, named_.plain), why_not(*one, *best)});
            }
        }
        return take(*best);
    }

private:
    std::string asked_text() const { return without_marker(asked_); }

    std::string target() const {
        std::vector<std::string> parts;
        if (const auto wanted = wanted_cuda(question_)) {
            parts.push_back("CUDA " + wanted->minor_version().to_string());
        }
        if (question_.driver) {
            parts.push_back("driver " + question_.driver->to_string());
        }
        for (const Gpu& gpu : question_.gpus) {
            parts.push_back(gpu.name);
        }
        return parts.empty() ? "this target" : text::join(parts, ", ");
    }

    static std::string why_not(const BuildCandidate& one, const BuildCandidate& best) {
        return one.is_reduced && !best.is_reduced ? "fits by minor-version compatibility only"
               : one.is_other_major               ? "is for another major version of CUDA"
                                                  : "fits as well; another one comes first";
    }

    EcosystemConflict conflict(std::string headline) {
        return EcosystemConflict{.package = asked_.name.to_string(),
                                 .headline = std::move(headline),
                                 .dropped = std::move(choice_.dropped)};
    }

    /// The base's own package, or its variant of a plain name.
    std::optional<EcosystemChoice> provided() const {
        if (has_name(question_.provided, asked_.name)) {
            return EcosystemChoice{.requirement = asked_, .reason = "the base provides it"};
        }
        for (const EcosystemBuild* build : named_.builds) {
            const PackageName variant =
                *PackageName::parse(named_.plain.to_string() + build->suffix);
            if (!named_.by_suffix && has_name(question_.provided, variant)) {
                EcosystemChoice choice{.requirement = asked_,
                                       .is_changed = true,
                                       .reason = "the base provides " + variant.to_string()};
                choice.requirement.name = variant;
                return choice;
            }
        }
        return std::nullopt;
    }

    EcosystemAnswer take(const BuildCandidate& best) {
        const EcosystemBuild& build = *best.build;
        choice_.notes.insert(choice_.notes.end(), best.notes.begin(), best.notes.end());
        const std::vector<std::string> lacking = family_.libraries.empty()
                                                     ? std::vector<std::string>()
                                                     : lacking_for(family_, build, question_);
        const bool is_local = !family_.libraries.empty() && lacking.empty();
        if (named_.by_extra) {
            if (build.local_extras && !build.local_extras->empty() &&
                named_.asks_for_local(build) && !is_local) {
                return conflict(fmt::format("{} wants CUDA libraries of the base, which lacks {}",
                                            asked_text(), text::join(lacking, ", ")));
            }
        } else if (named_.by_suffix) {
            tell_lacking(build, lacking);
        } else {
            add_extras(build, is_local);
        }
        choice_.requirement.name = *PackageName::parse(named_.plain.to_string() + build.suffix);
        choice_.is_changed =
            choice_.requirement.name != asked_.name || choice_.requirement.extras != asked_.extras;
        add_limit(build, is_local);
        add_index(build);
        choice_.reason = reason(best, is_local, lacking);
        if (choice_.is_changed && !family_.advice.empty()) {
            choice_.notes.push_back(fmt::format("{}: {}", asked_.name.str(), family_.advice));
        }
        tell_age(best);
        if (!build.is_verified) {
            choice_.notes.push_back(fmt::format("not every fact about {} is verified",
                                                shown(family_, build, named_.plain)));
        }
        return std::move(choice_);
    }

    /// A name with the suffix of a build says nothing of libraries.
    void tell_lacking(const EcosystemBuild& build, const std::vector<std::string>& lacking) {
        if (lacking.empty() || build.extras.empty()) {
            return;
        }
        choice_.notes.push_back(fmt::format("{} finds no {} in the base: {} brings its own",
                                            asked_text(), text::join(lacking, ", "),
                                            with_extras(asked_.name.to_string(), build.extras)));
    }

    /// What is explicit and old, or beside the wanted CUDA, is had all the same.
    void tell_age(const BuildCandidate& best) {
        const EcosystemBuild& build = *best.build;
        if (named_.is_explicit() && best.is_other_major) {
            choice_.notes.push_back(
                fmt::format("{} brings libraries of CUDA {} beside CUDA {}", asked_text(),
                            build.cuda.major, wanted_cuda(question_)->minor_version().to_string()));
        }
        const auto range = packaging::VersionRange::of(build.releases());
        if (named_.by_suffix && build.below && named_.builds.front() == &build &&
            !packaging::VersionRange::of(asked_.specifiers).is_subset_of(range)) {
            choice_.notes.push_back(fmt::format("{} ended: it has only releases {}",
                                                asked_.name.str(), build.releases().to_string()));
        }
    }

    void add_extras(const EcosystemBuild& build, bool is_local) {
        std::vector<PackageName>& extras = choice_.requirement.extras;
        const std::vector<PackageName>& more = is_local ? *build.local_extras : build.extras;
        extras.insert(extras.end(), more.begin(), more.end());
        std::sort(extras.begin(), extras.end());
        extras.erase(std::unique(extras.begin(), extras.end()), extras.end());
    }

    /// The releases from the chosen build down to the last that is as good.
    void add_limit(const EcosystemBuild& chosen, bool is_local) {
        if (!chosen.suffix.empty()) {
            return;
        }
        const bool needs_local = is_local && !named_.by_extra;
        EcosystemBuild all = chosen;
        for (const EcosystemBuild* build : named_.builds) {
            const bool is_next = all.from && build->below && *build->below == *all.from;
            if (is_next && build->index == chosen.index && build->cuda.major == chosen.cuda.major &&
                (needs_local ? lacking_for(family_, *build, question_).empty() &&
                                   build->local_extras == chosen.local_extras
                             : build->extras == chosen.extras)) {
                all.from = build->from;
            }
        }
        Requirement limit{.name = asked_.name, .specifiers = all.releases()};
        const auto range = packaging::VersionRange::of(limit.specifiers);
        if (!packaging::VersionRange::of(asked_.specifiers).is_subset_of(range)) {
            choice_.limits.push_back(std::move(limit));
        }
    }

    void add_index(const EcosystemBuild& build) {
        if (!build.index.empty()) {
            const packaging::Version* version = pinned_version(asked_.specifiers);
            choice_.index = text_with(build.index, "{version}",
                                      version == nullptr ? std::string() : version->to_string());
            choice_.pinned = {choice_.requirement.name};
        } else if (!family_.index.empty()) {
            choice_.index = family_.index;
            for (const PackageName& name : family_.names) {
                choice_.pinned.push_back(*PackageName::parse(name.to_string() + build.suffix));
            }
        }
    }

    std::string reason(const BuildCandidate& best, bool is_local,
                       const std::vector<std::string>& lacking) const {
        const EcosystemBuild& build = *best.build;
        std::string why;
        if (const auto wanted = wanted_cuda(question_)) {
            why = fmt::format("{} {} CUDA {}", best.is_other_major ? "beside" : "for",
                              question_.cuda ? "the wanted" : "torch's",
                              wanted->minor_version().to_string());
        } else if (question_.driver || !question_.gpus.empty()) {
            why = "the highest for " + target();
        } else {
            why = "nothing tells another CUDA";
        }
        if (family_.libraries.empty() || named_.by_suffix) {
            return why;
        }
        if (is_local && !named_.by_extra) {
            return fmt::format(
                "{}; the base has CUDA {}{} and every library it needs", why,
                question_.toolkit->minor_version().to_string(),
                build.cudnn.empty() ? "" : ", cuDNN " + question_.cudnn->to_string());
        }
        const std::string base =
            question_.toolkit ? "lacks " + text::join(lacking, ", ") : "has no CUDA toolkit";
        if (named_.by_extra || build.extras.empty()) {
            return is_local ? why : fmt::format("{}; the base {}", why, base);
        }
        return fmt::format("{}, with its own CUDA libraries: the base {}", why, base);
    }

    const EcosystemFamily& family_;
    const Requirement& asked_;
    const EcosystemQuestion& question_;
    const EcosystemTables& tables_;
    NamedBuild named_;
    EcosystemChoice choice_;
};

/// `--cuda cpu`.
std::optional<EcosystemAnswer> without_cuda(const EcosystemFamily& family,
                                            const Requirement& asked) {
    const bool is_named =
        family.scheme == Scheme::builds && named_build(family, asked).is_explicit();
    if (!family.is_cuda_only && !is_named) {
        return std::nullopt;
    }
    return EcosystemConflict{
        .package = asked.name.to_string(),
        .headline = fmt::format("{} is built for CUDA, and packages without CUDA were asked for",
                                without_marker(asked))};
}

Result<EcosystemTables> load_tables() {
    ENVPACK_TRY(const EcosystemTable* ecosystems, EcosystemTable::load());
    ENVPACK_TRY(DriverTable drivers, DriverTable::load());
    return EcosystemTables{.ecosystems = *ecosystems, .drivers = std::move(drivers)};
}

}  // namespace

Result<const EcosystemTables*> loaded_tables() {
    static const Result<EcosystemTables> tables = load_tables();
    if (!tables) {
        return fail(tables.error());
    }
    return &*tables;
}

std::optional<EcosystemAnswer> decide_ecosystem(const Requirement& asked,
                                                const EcosystemQuestion& question,
                                                const EcosystemTables& tables) {
    const EcosystemFamily* family = tables.ecosystems.find(asked.name);
    if (family == nullptr) {
        return std::nullopt;
    }
    const bool is_elsewhere = std::any_of(
        asked.extras.begin(), asked.extras.end(),
        [&](const PackageName& extra) { return has_name(family->other_extras, extra); });
    if (is_elsewhere) {
        return std::nullopt;
    }
    if (question.cpu && family->scheme != Scheme::torch_page) {
        return without_cuda(*family, asked);
    }
    switch (family->scheme) {
        case Scheme::builds:
            return BuildPlanning(*family, asked, question, tables).answer();
        case Scheme::torch_page:
            return plan_torch_page(*family, asked, question);
        case Scheme::torch_pin:
            return plan_torch_pin(*family, asked, question);
        case Scheme::torch_wheel:
            return plan_torch_wheel(*family, asked, question);
        case Scheme::advice:
            break;
    }
    return EcosystemChoice{.requirement = asked,
                           .reason = family->advice,
                           .notes = {fmt::format("{}: {}", asked.name.str(), family->advice)}};
}

Result<std::optional<EcosystemAnswer>> plan_ecosystem(const Requirement& requirement,
                                                      const EcosystemQuestion& question) {
    ENVPACK_TRY(const EcosystemTables* tables, loaded_tables());
    std::optional<EcosystemAnswer> answer = decide_ecosystem(requirement, question, *tables);
    if (answer && std::holds_alternative<EcosystemConflict>(*answer)) {
        add_ways_out(std::get<EcosystemConflict>(*answer), requirement, question, *tables);
    }
    return answer;
}

Result<std::vector<Requirement>> ecosystem_limits(const EcosystemQuestion& question) {
    ENVPACK_TRY(const EcosystemTables* tables, loaded_tables());
    std::vector<Requirement> limits;
    if (!wanted_cuda(question) && !question.driver && question.gpus.empty()) {
        return limits;
    }
    for (const EcosystemFamily& family : tables->ecosystems.families()) {
        const bool is_told_by_version =
            family.scheme == Scheme::builds && family.is_cuda_only &&
            std::all_of(family.builds.begin(), family.builds.end(),
                        [](const EcosystemBuild& one) { return one.suffix.empty(); });
        if (question.cpu || !is_told_by_version) {
            continue;
        }
        for (const PackageName& name : family.names) {
            const auto answer = decide_ecosystem({.name = name}, question, *tables);
            if (answer && std::holds_alternative<EcosystemChoice>(*answer)) {
                const auto& choice = std::get<EcosystemChoice>(*answer);
                if (choice.index.empty()) {
                    limits.insert(limits.end(), choice.limits.begin(), choice.limits.end());
                }
            }
        }
    }
    return limits;
}

}  // namespace envpack::cuda
