#include "ecosystem_torch.hpp"

#include "ecosystem_text.hpp"
#include "envpack/base/text.hpp"
#include "envpack/cuda/torch_build.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using packaging::PackageName;
using packaging::Requirement;
using packaging::SpecifierSet;

const PackageName& torch_package() {
    static const PackageName name = *PackageName::parse("torch");
    return name;
}

/// `2.12` of 2.12.1.
std::string series_of(const packaging::Version& version) {
    const auto release = version.release();
    return fmt::format("{}.{}", release.empty() ? 0 : release[0],
                       release.size() < 2 ? 0 : release[1]);
}

bool is_provided(const EcosystemQuestion& question, const PackageName& name) {
    return std::find(question.provided.begin(), question.provided.end(), name) !=
           question.provided.end();
}

EcosystemChoice unchanged(const Requirement& asked, std::string reason, std::string note = {}) {
    EcosystemChoice choice{.requirement = asked, .reason = std::move(reason)};
    if (!note.empty()) {
        choice.notes.push_back(std::move(note));
    }
    return choice;
}

/// `cu124` or `cpu`; empty where it is not known.
std::string suffix_of(const EcosystemQuestion& question) {
    const std::optional<CudaVersion>& cuda = question.torch->cuda;
    return question.cpu ? "cpu" : cuda ? fmt::format("cu{}{}", cuda->major, cuda->minor) : "";
}

}  // namespace

EcosystemAnswer plan_torch_page(const EcosystemFamily& family, const Requirement& asked,
                                const EcosystemQuestion& question) {
    const std::string name = asked.name.to_string();
    if (is_provided(question, asked.name)) {
        return unchanged(asked, "the base provides it");
    }
    if (!question.torch || suffix_of(question).empty()) {
        return unchanged(asked, "the torch that it belongs to is not known",
                         fmt::format("{} is left as it is: the torch and CUDA that it belongs to "
                                     "are not known; {}",
                                     name, family.advice));
    }
    const EcosystemTorch& torch = *question.torch;
    if (torch.is_patched()) {
        return unchanged(
            asked, "no page has wheels for a patched torch",
            fmt::format("{} is left as it is: its pages have wheels for releases of torch, and "
                        "the base's is {}; {}",
                        name, torch.version.to_string(), family.advice));
    }
    const std::string series = series_of(torch.version);
    const std::string suffix = suffix_of(question);
    const auto page = std::find_if(
        family.pages.begin(), family.pages.end(),
        [&](const EcosystemFamily::Page& one) { return one.torch.to_string() == series; });
    const bool has =
        page != family.pages.end() &&
        std::find(page->suffixes.begin(), page->suffixes.end(), suffix) != page->suffixes.end();
    if (!has && page != family.pages.end() && page->is_verified) {
        EcosystemConflict conflict{
            .package = name,
            .headline = fmt::format("there are no wheels of {} for torch {} with {}: only {}", name,
                                    series, suffix, text::join(page->suffixes, ", "))};
        for (const EcosystemFamily::Page& other : family.pages) {
            if (!torch.is_provided && std::find(other.suffixes.begin(), other.suffixes.end(),
                                                suffix) != other.suffixes.end()) {
                conflict.ways_out = {fmt::format("ask for torch=={}.*", other.torch.to_string())};
            }
        }
        return conflict;
    }
    if (!has) {
        return unchanged(asked, "no page is known",
                         fmt::format("{} is left as it is: whether there are wheels for torch {} "
                                     "with {} is not known; {}",
                                     name, series, suffix, family.advice));
    }
    EcosystemChoice choice{.requirement = asked, .pinned = family.names, .is_page = true};
    choice.index = text_with(text_with(family.page, "{torch}", series), "{suffix}", suffix);
    choice.reason = fmt::format("the page for {} torch {} with {}",
                                torch.is_provided ? "the base's" : "the planned", series, suffix);
    if (!torch.is_provided) {
        choice.limits.push_back(
            {.name = torch_package(), .specifiers = *SpecifierSet::parse("==" + series + ".*")});
    }
    if (!page->is_verified) {
        choice.notes.push_back(
            fmt::format("which wheels of {} there are for torch {} is not verified", name, series));
    }
    return choice;
}

EcosystemAnswer plan_torch_pin(const EcosystemFamily& family, const Requirement& asked,
                               const EcosystemQuestion& question) {
    if (is_provided(question, asked.name)) {
        return unchanged(asked, "the base provides it");
    }
    EcosystemChoice choice =
        unchanged(asked, "its metadata pins torch, and it comes from torch's index");
    const packaging::Version* version = pinned_version(asked.specifiers);
    for (const EcosystemFamily::TorchPin& pin : family.torch) {
        if (version != nullptr && question.torch && pin.versions.contains(*version) &&
            !pin.torch.contains(question.torch->version.base_version())) {
            choice.notes.push_back(fmt::format("{} needs torch {}, not {}", without_marker(asked),
                                               pin.torch.to_string(),
                                               question.torch->version.to_string()));
        }
    }
    return choice;
}

EcosystemAnswer plan_torch_wheel(const EcosystemFamily& family, const Requirement& asked,
                                 const EcosystemQuestion& question) {
    if (is_provided(question, asked.name)) {
        return unchanged(asked, "the base provides it");
    }
    std::string note = fmt::format("{}: {}", asked.name.str(), family.advice);
    if (question.torch && question.torch->cuda) {
        const EcosystemTorch& torch = *question.torch;
        const std::optional<bool> abi = cxx11_abi_of(torch);
        std::string local = text_with(family.page, "{major}", std::to_string(torch.cuda->major));
        local = text_with(local, "{torch}", series_of(torch.version));
        local = text_with(local, "{abi}", !abi ? "TRUE or FALSE" : *abi ? "TRUE" : "FALSE");
        note += fmt::format("; the wheel for {} torch {} has +{} in its name",
                            torch.is_provided ? "the base's" : "the planned",
                            torch.version.to_string(), local);
    }
    return unchanged(asked, "wheels for each torch and CUDA are not on an index", std::move(note));
}

Result<SpecifierSet> torch_wanted_by(const Requirement& requirement) {
    ENVPACK_TRY(const EcosystemTables* tables, loaded_tables());
    const EcosystemFamily* family = tables->ecosystems.find(requirement.name);
    if (family == nullptr) {
        return SpecifierSet();
    }
    if (!family->pages.empty()) {
        const auto release = family->pages.back().torch.release();
        return SpecifierSet::parse(fmt::format(
            ">={},<{}.{}", family->pages.front().torch.to_string(), release[0], release[1] + 1));
    }
    const packaging::Version* version = pinned_version(requirement.specifiers);
    for (const EcosystemFamily::TorchPin& pin : family->torch) {
        if (version != nullptr && pin.versions.contains(*version)) {
            return pin.torch;
        }
    }
    return SpecifierSet();
}

}  // namespace envpack::cuda
