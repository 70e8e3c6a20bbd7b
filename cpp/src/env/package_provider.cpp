#include "envpack/env/package_provider.hpp"

#include "envpack/base/text.hpp"
#include "provider_prefetch.hpp"
#include "provider_state.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::env {

using packaging::PackageName;
using packaging::Requirement;
using packaging::Version;
using packaging::VersionRange;
using resolver::Dependency;
using resolver::Exclusion;
using resolver::Package;
using resolver::Unavailable;

bool is_torch_stack(const PackageName& name) {
    static constexpr std::string_view names[] = {
        "apex",        "deepspeed", "fbgemm-gpu", "flash-attn",         "pytorch-triton",
        "torch",       "torchao",   "torchaudio", "torchcodec",         "torch-tensorrt",
        "torchvision", "triton",    "vllm",       "transformer-engine", "xformers"};
    return name.str().starts_with("nvidia-") || name.str().starts_with("cuda-") ||
           std::find(std::begin(names), std::end(names), name.str()) != std::end(names);
}

Result<BaseDependencies> parse_base_dependencies(std::string_view word) {
    if (word == "add") {
        return BaseDependencies::add;
    }
    if (word == "report") {
        return BaseDependencies::report;
    }
    return fail(
        Error(ErrorCode::invalid_argument,
              fmt::format("`{}` says nothing about what the base lacks", text::printable(word)))
            .with_hint("say `add` or `report`"));
}

Result<Relaxation> Relaxation::parse(std::string_view text) {
    const std::size_t colon = text.find(':');
    ENVPACK_TRY(PackageName package, PackageName::parse(text.substr(0, colon)));
    Relaxation relaxation{.package = std::move(package)};
    if (colon != std::string_view::npos) {
        ENVPACK_TRY(relaxation.dependency, PackageName::parse(text.substr(colon + 1)));
    }
    return relaxation;
}

std::string Provided::shown_version() const {
    const auto& real = installed ? installed : version;
    return real ? real->to_string() : raw_version;
}

bool treat_as_release(Provided& provided) {
    if (!provided.version || !provided.version->is_prerelease()) {
        return false;
    }
    provided.installed = std::exchange(provided.version, provided.version->base_version());
    return true;
}

std::string UserRequirement::to_string() const {
    if (!shown.empty()) {
        return shown;
    }
    Requirement plain = requirement;
    plain.marker.reset();
    plain.url = text::redact_url(plain.url);
    return plain.to_string();
}

std::uint32_t note_of(const packaging::SpecifierSet& specifiers) {
    std::uint32_t note = 0;
    for (const packaging::Specifier& specifier : specifiers.specifiers()) {
        note |= specifier.names_prerelease() ? names_prerelease : 0U;
        note |= specifier.is_pin() ? pins_version : 0U;
    }
    return note;
}

PackageProvider::State::State(std::shared_ptr<ProviderWorld> shared_world, ProviderOptions chosen,
                              std::vector<Provided> base, const RunContext& context)
    : world(std::move(shared_world)),
      options(std::move(chosen)),
      provided(std::move(base)),
      run(context),
      rules(std::make_unique<const CandidateRules>(options)) {
    std::sort(provided.begin(), provided.end(),
              [](const Provided& a, const Provided& b) { return a.name < b.name; });
    collect_limits();
}

const Provided* PackageProvider::State::find(const PackageName& name) const noexcept {
    const auto found =
        std::lower_bound(provided.begin(), provided.end(), name,
                         [](const Provided& a, const PackageName& b) { return a.name < b; });
    return found != provided.end() && found->name == name ? &*found : nullptr;
}

const Provided* PackageProvider::State::frozen(const PackageName& name) const noexcept {
    const Provided* base = find(name);
    return base != nullptr && options.lets_move(name, base->unremovable) ? nullptr : base;
}

const DirectPlace* PackageProvider::State::direct(const PackageName& name) const noexcept {
    const auto found = options.direct.find(name);
    return found == options.direct.end() ? nullptr : &found->second;
}

const Version* PackageProvider::State::preferred(const PackageName& name) const noexcept {
    const Provided* base = find(name);
    const DirectPlace* place = direct(name);
    const bool is_elsewhere = place != nullptr && place->is_constraint;
    return base != nullptr && base->version && frozen(name) == nullptr && !is_elsewhere
               ? &*base->version
               : nullptr;
}

bool PackageProvider::State::is_relaxed(const PackageName& package,
                                        const PackageName& dependency) const {
    return std::any_of(options.relaxed.begin(), options.relaxed.end(),
                       [&](const Relaxation& relaxation) {
                           return relaxation.package == package &&
                                  (!relaxation.dependency || *relaxation.dependency == dependency);
                       }) &&
           frozen(dependency) != nullptr;
}

bool PackageProvider::State::holds(const Requirement& requirement, const PackageName* extra) const {
    return !requirement.marker ||
           requirement.marker->evaluate_with_extra(options.environment, extra);
}

void PackageProvider::State::collect_limits() {
    for (const UserRequirement& constraint : options.constraints) {
        const Requirement& wanted = constraint.requirement;
        if (!holds(wanted, nullptr) || (wanted.url.empty() && wanted.specifiers.empty())) {
            continue;
        }
        const std::string place =
            constraint.origin.empty() ? "" : fmt::format(" ({})", constraint.origin);
        if (!wanted.url.empty()) {
            if (const DirectPlace* other = direct(wanted.name);
                other != nullptr && other->url != wanted.url) {
                limits[wanted.name].push_back(
                    {VersionRange::empty(),
                     {},
                     fmt::format("a constraint allows only {}{}, but another place is named: {}{}",
                                 constraint.to_string(), place, text::redact_url(other->url),
                                 other->origin.empty() ? "" : " (" + other->origin + ")")});
            }
            continue;
        }
        const std::string allowed =
            constraint.shown.empty()
                ? fmt::format("{} {}", wanted.name.str(), wanted.specifiers.to_string())
                : constraint.shown;
        limits[wanted.name].push_back({VersionRange::of(wanted.specifiers), wanted.specifiers,
                                       fmt::format("a constraint allows only {}{}", allowed, place),
                                       note_of(wanted.specifiers)});
    }
    for (const Provided& base : provided) {
        if (frozen(base.name) == nullptr) {
            continue;
        }
        for (const Requirement& wanted : base.requires_dist) {
            const Version* kept = preferred(wanted.name);
            if (!wanted.url.empty() || wanted.specifiers.empty() || !holds(wanted, nullptr) ||
                frozen(wanted.name) != nullptr ||
                (kept != nullptr && !wanted.specifiers.contains(*kept, true))) {
                continue;
            }
            limits[wanted.name].push_back(
                {VersionRange::of(wanted.specifiers), wanted.specifiers,
                 fmt::format("{} {} of the base allows only {} {}", base.name.str(),
                             base.shown_version(), wanted.name.str(),
                             wanted.specifiers.to_string()),
                 // A pin leaves one version: it may be a yanked one or a pre-release.
                 (note_of(wanted.specifiers) & pins_version) != 0 ? note_of(wanted.specifiers)
                                                                  : 0U});
        }
    }
}

std::span<const Limit> PackageProvider::State::limits_of(const PackageName& name) const {
    const auto found = limits.find(name);
    return found == limits.end() ? std::span<const Limit>() : std::span(found->second);
}

Result<ProviderWorld::ProjectPtr> PackageProvider::State::project(const PackageName& name) const {
    return world->project(name, direct(name) != nullptr ? options.places : nullptr, run);
}

Result<ProjectCandidates*> PackageProvider::State::candidates(const PackageName& name) {
    if (const auto found = projects.find(name); found != projects.end()) {
        return &found->second;
    }
    ENVPACK_TRY(auto found, project(name));
    return &projects.try_emplace(name, name, std::move(found), *rules).first->second;
}

PackageProvider::PackageProvider(const index::PackageIndex& index, ProviderOptions options,
                                 std::vector<Provided> provided, const RunContext& run)
    : state_(std::make_unique<State>(std::make_shared<ProviderWorld>(index), std::move(options),
                                     std::move(provided), run)) {}
PackageProvider::PackageProvider(std::unique_ptr<State> state) noexcept
    : state_(std::move(state)) {}
PackageProvider::~PackageProvider() = default;
PackageProvider::PackageProvider(PackageProvider&&) noexcept = default;
PackageProvider& PackageProvider::operator=(PackageProvider&&) noexcept = default;

PackageProvider PackageProvider::with_options(ProviderOptions options) const {
    return PackageProvider(
        std::make_unique<State>(state_->world, std::move(options), state_->provided, state_->run));
}

PackageProvider PackageProvider::with_base(std::vector<Provided> provided) const {
    return PackageProvider(
        std::make_unique<State>(state_->world, state_->options, std::move(provided), state_->run));
}

const ProviderOptions& PackageProvider::options() const noexcept {
    return state_->options;
}
std::span<const Provided> PackageProvider::provided() const noexcept {
    return state_->provided;
}
const Provided* PackageProvider::find_provided(const PackageName& name) const noexcept {
    return state_->find(name);
}
bool PackageProvider::is_frozen(const PackageName& name) const noexcept {
    return state_->frozen(name) != nullptr;
}
std::vector<std::string> PackageProvider::notes() const {
    return {state_->notes.begin(), state_->notes.end()};
}

Result<std::vector<Dependency>> PackageProvider::roots(
    std::span<const UserRequirement> requirements) {
    std::vector<Dependency> roots;
    state_->requested.clear();
    std::map<PackageName, int> freedoms;
    for (const UserRequirement& wanted : requirements) {
        if (!state_->holds(wanted.requirement, nullptr)) {
            continue;
        }
        if (const auto refusal = state_->refusal(wanted.requirement)) {
            return fail(Error(ErrorCode::unsupported, *refusal)
                            .with_context(wanted.origin.empty() ? "while reading the request"
                                                                : "while reading " + wanted.origin)
                            .with_hint("name a version that an index has, or put the wheel into a "
                                       "folder and give it with --find-links"));
        }
        State::append(wanted.requirement, wanted.origin, roots);
        // Pins, then what has specifiers, then the rest, and not by the order of the request.
        const packaging::SpecifierSet& specifiers = wanted.requirement.specifiers;
        const int freedom = (note_of(specifiers) & pins_version) != 0 ? 0
                            : specifiers.empty()                      ? 2
                                                                      : 1;
        const auto [known, is_new] = freedoms.try_emplace(wanted.requirement.name, freedom);
        known->second = std::min(known->second, freedom);
    }
    std::vector<std::pair<int, PackageName>> order;
    for (const auto& [name, freedom] : freedoms) {
        order.emplace_back(freedom, name);
    }
    std::sort(order.begin(), order.end());
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        state_->requested.emplace(std::move(order[rank].second), rank);
    }
    return roots;
}

Result<void> PackageProvider::prepare(std::span<const resolver::Wanted> wanted) {
    if (!state_->prefetch) {
        state_->prefetch = std::make_shared<Prefetch>(*state_);
    }
    return state_->prefetch->run(wanted);
}

Result<std::vector<Exclusion>> PackageProvider::exclusions(const Package& package) {
    std::vector<Exclusion> result;
    if (package.extra) {
        return result;
    }
    if (const Provided* base = state_->frozen(package.name)) {
        const VersionRange others =
            base->version ? VersionRange::of(*base->version).complement() : VersionRange::full();
        result.push_back({others, state_->why_not_frozen(package.name, others)->text});
    }
    for (const Limit& limit : state_->limits_of(package.name)) {
        result.push_back({limit.range.complement(), limit.reason});
    }
    return result;
}

Result<std::uint64_t> PackageProvider::priority(const Package& package, const VersionRange& range) {
    if (state_->frozen(package.name) != nullptr) {
        return 0;
    }
    if (const auto found = state_->requested.find(package.name); found != state_->requested.end()) {
        return 1 + found->second;
    }
    // Then those with the least choice.
    ENVPACK_TRY(ProjectCandidates * candidates, state_->candidates(package.name));
    const auto versions = candidates->versions();
    return 1 + state_->requested.size() +
           static_cast<std::uint64_t>(
               std::count_if(versions.begin(), versions.end(),
                             [&](const Version& version) { return range.contains(version); }));
}

Result<std::variant<Version, Unavailable>> PackageProvider::choose(
    const Package& package, const VersionRange& range, std::span<const resolver::Demand> demands) {
    if (const Provided* base = state_->frozen(package.name)) {
        if (auto absence = state_->why_not_frozen(package.name, range)) {
            return Unavailable{std::move(absence->text)};
        }
        return *base->version;
    }
    if (const Version* kept = state_->preferred(package.name);
        kept != nullptr && range.contains(*kept)) {
        return *kept;
    }
    ENVPACK_TRY(ProjectCandidates * candidates, state_->candidates(package.name));
    State::Pick picked = state_->pick(package.name, *candidates, range, demands);
    if (!picked.position) {
        return Unavailable{std::move(picked.absence.text), picked.for_these_demands};
    }
    return candidates->versions()[*picked.position];
}

PackageProvider::State::Pick PackageProvider::State::pick(
    const PackageName& name, ProjectCandidates& candidates, const VersionRange& range,
    std::span<const resolver::Demand> demands) {
    std::uint32_t note =
        options.prereleases || options.direct.contains(name) ? names_prerelease : 0U;
    for (const resolver::Demand& demand : demands) {
        note |= demand.note;
    }
    for (const Limit& limit : limits_of(name)) {
        note |= limit.note;
    }
    // Newest first. A final release, or any where pre-releases are asked for, ends the search.
    const bool any_release = (note & names_prerelease) != 0;
    const auto versions = candidates.versions();
    std::optional<std::size_t> prerelease;
    std::optional<std::size_t> yanked;
    bool has_final = false;
    for (std::size_t i = versions.size(); i-- > 0;) {
        if (!range.contains(versions[i]) || !candidates.candidate(i).is_usable()) {
            continue;
        }
        const bool is_yanked = candidates.candidate(i).is_yanked();
        if (any_release || !versions[i].is_prerelease()) {
            if (!is_yanked) {
                return {.position = i};
            }
            has_final = true;
            yanked = yanked ? yanked : i;
        } else if (!prerelease || (candidates.candidate(*prerelease).is_yanked() && !is_yanked)) {
            prerelease = i;
        }
    }
    if (!has_final && prerelease) {
        // pip decides before it tries: a final release that the specifiers let pass keeps
        // pre-releases out, even when it fails later for another reason.
        VersionRange asked = VersionRange::full();
        for (const resolver::Demand& demand : demands) {
            asked = asked & *demand.range;
        }
        for (const Limit& limit : limits_of(name)) {
            asked = asked & limit.range;
        }
        for (std::size_t i = 0; i < versions.size() && !demands.empty(); ++i) {
            if (!versions[i].is_prerelease() && asked.contains(versions[i]) &&
                candidates.candidate(i).is_usable()) {
                return {.absence = why_none(name, candidates, range), .for_these_demands = true};
            }
        }
        if (!candidates.candidate(*prerelease).is_yanked()) {
            return {.position = prerelease};
        }
        yanked = prerelease;
    }
    if (yanked && (note & pins_version) != 0) {
        return {.position = yanked};
    }
    return {.absence = why_none(name, candidates, range), .for_these_demands = yanked.has_value()};
}

Result<std::vector<Version>> PackageProvider::versions(const PackageName& name) {
    if (const Provided* base = state_->frozen(name)) {
        return base->version ? std::vector<Version>{*base->version} : std::vector<Version>{};
    }
    ENVPACK_TRY(ProjectCandidates * candidates, state_->candidates(name));
    std::vector<Version> versions(candidates->versions().begin(), candidates->versions().end());
    if (const Version* kept = state_->preferred(name)) {
        const auto place = std::lower_bound(versions.begin(), versions.end(), *kept);
        if (place == versions.end() || *place != *kept) {
            versions.insert(place, *kept);
        }
    }
    return versions;
}

}  // namespace envpack::env
