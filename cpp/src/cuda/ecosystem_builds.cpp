#include "ecosystem_builds.hpp"

#include "ecosystem_text.hpp"
#include "envpack/packaging/version_range.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using packaging::PackageName;
using packaging::VersionRange;
using Fault = BuildCandidate::Fault;

bool includes(const std::vector<PackageName>& all, const std::vector<PackageName>& some) {
    return std::all_of(some.begin(), some.end(), [&](const PackageName& one) {
        return std::find(all.begin(), all.end(), one) != all.end();
    });
}

bool uses(const EcosystemBuild& build, const PackageName& extra) {
    const auto has = [&](const std::vector<PackageName>& extras) {
        return std::find(extras.begin(), extras.end(), extra) != extras.end();
    };
    return has(build.extras) || (build.local_extras && has(*build.local_extras));
}

/// What tells the build, but for releases.
std::string label_of(const EcosystemBuild& build, const PackageName& plain) {
    return build.suffix.empty() ? with_extras(plain.to_string(), build.extras)
                                : plain.to_string() + build.suffix;
}

/// One build against a question; checks in the order of the faults.
class BuildExamination {
public:
    BuildExamination(const EcosystemBuild& build, const EcosystemQuestion& question,
                     const EcosystemTables& tables)
        : build_(build), question_(question), tables_(tables), found_{.build = &build} {}

    BuildCandidate result(const packaging::SpecifierSet& releases, bool may_differ) && {
        if (!admits(releases)) {
            fault(Fault::release,
                  fmt::format("has only releases {}", build_.releases().to_string()));
        } else if (is_index_per_release() && pinned_version(releases) == nullptr) {
            fault(Fault::release, "has an index for each release: pin one with `==`");
        } else if (std::string driver = driver_fault(); !driver.empty()) {
            fault(Fault::driver, std::move(driver));
        } else if (std::string gpu = gpu_fault(); !gpu.empty()) {
            fault(Fault::gpu, std::move(gpu));
        } else if (std::string major = major_fault(); !major.empty()) {
            found_.is_other_major = true;
            if (!may_differ && !question_.allow_other_major) {
                fault(Fault::major, std::move(major));
            }
        }
        return std::move(found_);
    }

private:
    void fault(Fault kind, std::string reason) {
        found_.fault = kind;
        found_.reason = std::move(reason);
    }

    bool admits(const packaging::SpecifierSet& releases) const {
        return !VersionRange::of(build_.releases()).is_disjoint(VersionRange::of(releases));
    }

    bool is_index_per_release() const {
        return build_.index.find("{version}") != std::string::npos;
    }

    std::string driver_fault() {
        if (!question_.driver) {
            return {};
        }
        const DriverAnswer answer = tables_.drivers.answer(*question_.driver, build_.cuda);
        const std::string driver = question_.driver->to_string();
        const std::string needs =
            answer.needs ? answer.needs->to_string() + " or later" : "a later one";
        if (answer.kind == DriverAnswer::Kind::no) {
            return fmt::format("CUDA {} needs driver {}, not {}", build_.cuda.to_string(), needs,
                               driver);
        }
        if (answer.kind == DriverAnswer::Kind::reduced) {
            found_.is_reduced = true;
            found_.notes.push_back(fmt::format(
                "driver {} runs CUDA {} by minor-version compatibility: newer features may be "
                "missing and its PTX is not compiled; {} has all",
                driver, build_.cuda.to_string(), needs));
        }
        return {};
    }

    std::string gpu_fault() {
        for (const Gpu& gpu : question_.gpus) {
            if (build_.least_gpu && gpu.capability < *build_.least_gpu) {
                return fmt::format("has no code for {} ({}): it begins with {}", gpu.name,
                                   gpu.capability.to_string(), build_.least_gpu->to_string());
            }
        }
        if (!question_.gpus.empty()) {
            found_.notes.emplace_back(
                "for which newer GPUs it has code is not known: `envpack "
                "audit` tells it of what is installed");
        }
        return {};
    }

    std::string major_fault() const {
        const std::optional<CudaVersion> wanted = wanted_cuda(question_);
        if (!wanted || wanted->major == build_.cuda.major) {
            return {};
        }
        return fmt::format("CUDA {} is another major version than {} {}", build_.cuda.major,
                           question_.cuda ? "the wanted" : "torch's",
                           wanted->minor_version().to_string());
    }

    const EcosystemBuild& build_;
    const EcosystemQuestion& question_;
    const EcosystemTables& tables_;
    BuildCandidate found_;
};

}  // namespace

bool NamedBuild::asks_for_bundled(const EcosystemBuild& build) const {
    return !build.extras.empty() && includes(extras, build.extras);
}

bool NamedBuild::asks_for_local(const EcosystemBuild& build) const {
    return build.local_extras && includes(extras, *build.local_extras) && !asks_for_bundled(build);
}

NamedBuild named_build(const EcosystemFamily& family, const packaging::Requirement& requirement) {
    NamedBuild named{.family = &family, .plain = requirement.name};
    for (const PackageName& extra : requirement.extras) {
        const auto same = family.same_extras.find(extra);
        named.extras.push_back(same == family.same_extras.end() ? extra : same->second);
    }
    std::sort(named.extras.begin(), named.extras.end());
    const bool is_plain =
        std::find(family.names.begin(), family.names.end(), requirement.name) != family.names.end();
    for (const EcosystemBuild& build : family.builds) {
        const PackageName* plain = plain_name(family, build, requirement.name);
        if (is_plain || plain != nullptr) {
            named.builds.push_back(&build);
            named.by_suffix = !is_plain;
            named.plain = is_plain ? requirement.name : *plain;
        }
    }
    // An extra of ours leaves the builds that have it: `cuda13`, and of several with the same all.
    for (const PackageName& extra : named.extras) {
        const auto has = [&](const EcosystemBuild* build) { return uses(*build, extra); };
        if (std::any_of(named.builds.begin(), named.builds.end(), has)) {
            std::erase_if(named.builds, [&](const EcosystemBuild* build) { return !has(build); });
            named.by_extra = true;
        }
    }
    return named;
}

std::optional<CudaVersion> wanted_cuda(const EcosystemQuestion& question) {
    if (question.cuda) {
        return question.cuda;
    }
    return question.torch ? question.torch->cuda : std::nullopt;
}

std::vector<BuildCandidate> build_candidates(const NamedBuild& named,
                                             const packaging::SpecifierSet& releases,
                                             const EcosystemQuestion& question, bool may_differ,
                                             const EcosystemTables& tables) {
    std::vector<BuildCandidate> candidates;
    candidates.reserve(named.builds.size());
    for (const EcosystemBuild* build : named.builds) {
        candidates.push_back(
            BuildExamination(*build, question, tables).result(releases, may_differ));
    }
    return candidates;
}

std::vector<std::string> lacking_for(const EcosystemFamily& family, const EcosystemBuild& build,
                                     const EcosystemQuestion& question) {
    std::vector<std::string> lacking;
    if (!build.local_extras) {
        return {"a release that can use the libraries of a base"};
    }
    const std::string needed =
        fmt::format("CUDA {} from {} on", build.cuda.major,
                    build.local_cuda ? build.local_cuda->to_string() : build.cuda.to_string());
    if (!question.toolkit) {
        return {needed};
    }
    if (question.toolkit->major != build.cuda.major ||
        (build.local_cuda && question.toolkit->minor_version() < *build.local_cuda)) {
        lacking.push_back(
            fmt::format("{} (it has {})", needed, question.toolkit->minor_version().to_string()));
    }
    for (const std::string& library : family.libraries) {
        if (std::find(question.libraries.begin(), question.libraries.end(), library) ==
            question.libraries.end()) {
            lacking.push_back(library);
        }
    }
    if (!build.cudnn.empty() && !question.cudnn) {
        lacking.push_back("cuDNN " + build.cudnn.to_string());
    } else if (!build.cudnn.empty() && !build.cudnn.contains(*question.cudnn)) {
        lacking.push_back(fmt::format("cuDNN {} (it has {})", build.cudnn.to_string(),
                                      question.cudnn->to_string()));
    }
    return lacking;
}

std::string shown(const EcosystemFamily& family, const EcosystemBuild& build,
                  const PackageName& plain) {
    std::string text = label_of(build, plain);
    const bool is_one_of_several =
        std::any_of(family.builds.begin(), family.builds.end(), [&](const EcosystemBuild& other) {
            return &other != &build && label_of(other, plain) == text;
        });
    const packaging::SpecifierSet releases = build.releases();
    if (is_one_of_several && !releases.empty()) {
        text += " " + releases.to_string();
    }
    if (!build.index.empty()) {
        text += fmt::format(" for CUDA {}", build.cuda.to_string());
    }
    return text;
}

}  // namespace envpack::cuda
