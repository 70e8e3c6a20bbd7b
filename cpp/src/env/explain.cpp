#include "envpack/env/explain.hpp"

#include "envpack/base/text.hpp"
#include "explain_ways_out.hpp"
#include "provider_state.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::env {

using packaging::PackageName;
using packaging::Version;
using packaging::VersionRange;
using resolver::Conflict;
using resolver::ConflictCause;
using resolver::ConflictNode;
using resolver::ConflictTerm;

namespace {

/// The facts of a conflict, collected from the leaves of its proof.
class Collector {
public:
    Collector(const Conflict& conflict, PackageProvider& provider,
              std::span<const UserRequirement> requirements)
        : provider_(provider),
          requirements_(requirements),
          conflict_(conflict.simplified([&](const PackageName& name) { return known(name); })) {}

    Result<void> collect() {
        for (const ConflictNode& node : conflict_.nodes()) {
            if (node.cause == ConflictCause::root_demand) {
                add_requirement(node);
            } else if (node.cause == ConflictCause::dependency && node.terms.size() == 2 &&
                       node.terms[0].package.name != node.terms[1].package.name) {
                dependencies_.push_back(&node);
            }
        }
        std::sort(involved.requirements.begin(), involved.requirements.end());
        std::set<PackageName> reached;
        for (const std::size_t position : involved.requirements) {
            const UserRequirement& wanted = requirements_[position];
            causes.push_back({"requirement", wanted.requirement.name.to_string(), wanted.origin,
                              wanted.to_string()});
            reached.insert(wanted.requirement.name);
        }
        add_dependencies(reached);
        for (const ConflictNode& node : conflict_.nodes()) {
            ENVPACK_CHECK(add_obstacle(node));
        }
        return {};
    }

    const Conflict& conflict() const noexcept { return conflict_; }
    std::vector<Cause> causes;
    Involved involved;
    std::string headline;
    std::string reason_why;  // the paragraph on PEP 440, or empty

private:
    std::vector<Version> known(const PackageName& name) {
        // Failing to list versions makes a text longer, no more.
        return provider_.versions(name).value_or(std::vector<Version>());
    }

    void add_requirement(const ConflictNode& node) {
        const ConflictTerm& term = node.terms.front();
        for (std::size_t i = 0; i < requirements_.size(); ++i) {
            const UserRequirement& wanted = requirements_[i];
            if (wanted.requirement.name == term.package.name && wanted.origin == node.reason &&
                VersionRange::of(wanted.requirement.specifiers) == term.range &&
                std::find(involved.requirements.begin(), involved.requirements.end(), i) ==
                    involved.requirements.end()) {
                involved.requirements.push_back(i);
                return;
            }
        }
    }

    /// From the request on, so that each line is about something named above it.
    void add_dependencies(std::set<PackageName>& reached) {
        std::vector<const ConflictNode*> rest = dependencies_;
        while (!rest.empty()) {
            const auto next = std::find_if(rest.begin(), rest.end(), [&](const auto* node) {
                return reached.contains(node->terms[0].package.name);
            });
            const ConflictNode& node = next == rest.end() ? *rest.front() : **next;
            rest.erase(next == rest.end() ? rest.begin() : next);
            const ConflictTerm& from = node.terms[0];
            const ConflictTerm& to = node.terms[1];
            reached.insert(to.package.name);
            const std::string versions = fold_versions(known(from.package.name), from.range);
            Cause cause{"dependency", from.package.name.to_string(),
                        fmt::format("{} {}", from.package.to_string(), versions),
                        "needs " + to.package.to_string()};
            if (const Provided* base = provider_.find_provided(to.package.name);
                base != nullptr && provider_.is_frozen(to.package.name) &&
                (!base->version || !to.range.contains(*base->version))) {
                const Involved::Demand demand{from.package.name, to.package.name};
                if (std::find(involved.demands.begin(), involved.demands.end(), demand) ==
                    involved.demands.end()) {
                    involved.demands.push_back(demand);
                }
            }
            if (!to.range.is_full()) {
                cause.text += " " + to.range.to_string();
            }
            add(std::move(cause));
        }
    }

    /// An extra and its project often say the same twice.
    void add(Cause cause) {
        const bool is_new = std::none_of(causes.begin(), causes.end(), [&](const Cause& other) {
            return other.kind == cause.kind && other.who == cause.who && other.text == cause.text;
        });
        if (is_new) {
            causes.push_back(std::move(cause));
        }
    }

    Result<void> add_obstacle(const ConflictNode& node) {
        if (node.terms.empty()) {
            return {};
        }
        const PackageName& name = node.terms.front().package.name;
        switch (node.cause) {
            case ConflictCause::excluded:
                if (provider_.is_frozen(name) && is_about_base(node)) {
                    add_base(name);
                } else {
                    add({std::string(to_string(AbsenceKind::constraint_forces)), name.to_string(),
                         "", node.reason});
                    add_place_of_constraint(name, node.reason);
                    lead(5, headline_of(AbsenceKind::constraint_forces, name));
                    involved.constrained.insert(name);
                }
                return {};
            case ConflictCause::no_versions: {
                ENVPACK_TRY(const Absence absence,
                            provider_.absence(name, node.terms.front().range));
                if (absence.kind == AbsenceKind::version_not_on_index && is_named_above(node)) {
                    return {};
                }
                involved.has_prereleases =
                    involved.has_prereleases || absence.kind == AbsenceKind::prerelease_only;
                if (absence.kind == AbsenceKind::yanked) {
                    involved.yanked.emplace(name, node.terms.front().range);
                }
                add({std::string(to_string(absence.kind)), name.to_string(), "", absence.text});
                lead(absence.kind == AbsenceKind::version_not_on_index ? 3
                     : absence.kind == AbsenceKind::constraint_forces  ? 5
                                                                       : 4,
                     headline_of(absence.kind, name));
                if (const auto place = provider_.options().direct.find(name);
                    place != provider_.options().direct.end() && place->second.is_constraint) {
                    involved.constrained.insert(name);
                }
                return {};
            }
            case ConflictCause::unavailable:
                if (node.reason.starts_with(needs_python)) {
                    add({std::string(to_string(AbsenceKind::requires_python)), name.to_string(),
                         fmt::format("{} {}", name.str(),
                                     fold_versions(known(name), node.terms.front().range)),
                         node.reason});
                    lead(4, headline_of(AbsenceKind::requires_python, name));
                    return {};
                }
                add({"unavailable", name.to_string(),
                     fmt::format("{} {}", name.str(),
                                 fold_versions(known(name), node.terms.front().range)),
                     "cannot be used: " + node.reason});
                lead(2, fmt::format("no version of {} can be used", name.str()));
                return {};
            case ConflictCause::dependency:
                if (node.terms.size() == 2) {
                    count_demand(node.terms[1].package.name);
                }
                return {};
            case ConflictCause::root_demand:
                count_demand(name);
                return {};
            case ConflictCause::same_project:
            case ConflictCause::derived:
                return {};
        }
        return {};
    }

    /// Other constraints only exclude because of the one that names the place, too.
    void add_place_of_constraint(const PackageName& name, std::string_view said) {
        const auto place = provider_.options().direct.find(name);
        if (place == provider_.options().direct.end() || !place->second.is_constraint) {
            return;
        }
        const std::string url = text::redact_url(place->second.url);
        if (said.find(url) == std::string_view::npos) {
            add({std::string(to_string(AbsenceKind::constraint_forces)), name.to_string(), "",
                 fmt::format("a constraint allows only {} @ {} ({})", name.str(), url,
                             place->second.origin)});
        }
    }

    /// All versions that there are have a line of their own, saying what they need.
    bool is_named_above(const ConflictNode& node) {
        const ConflictTerm& none = node.terms.front();
        const std::vector<Version> versions = known(none.package.name);
        return !versions.empty() &&
               std::none_of(versions.begin(), versions.end(),
                            [&](const Version& one) { return none.range.contains(one); }) &&
               std::any_of(dependencies_.begin(), dependencies_.end(),
                           [&](const ConflictNode* other) {
                               return other->terms[0].package.name == none.package.name;
                           });
    }

    /// The exclusion that the base makes, not one by a constraint.
    bool is_about_base(const ConflictNode& node) {
        const Provided& base = *provider_.find_provided(node.terms.front().package.name);
        return !base.version || !node.terms.front().range.contains(*base.version);
    }

    void add_base(const PackageName& name) {
        const Provided& base = *provider_.find_provided(name);
        involved.frozen.insert(name);
        AbsenceKind kind = base.version ? AbsenceKind::base_pinned : AbsenceKind::legacy_version;
        if (base.version && base.version->is_prerelease() && wants(name, *base.version)) {
            kind = AbsenceKind::base_is_prerelease;
            reason_why = why_prerelease(*base.version);
        }
        add({std::string(to_string(kind)), name.to_string(),
             base.origin.empty() ? "the base" : base.origin,
             fmt::format("has {} {}", name.str(), base.shown_version())});
        lead(9, fmt::format("the request needs another {} than the base has", name.str()));
    }

    /// Somebody rejects `version` only because it is a pre-release.
    bool wants(const PackageName& name, const Version& version) const {
        const Version release = version.base_version();
        for (const ConflictNode& node : conflict_.nodes()) {
            if (node.cause != ConflictCause::root_demand &&
                node.cause != ConflictCause::dependency) {
                continue;
            }
            for (const ConflictTerm& term : node.terms) {
                if (!term.positive && term.package.name == name && term.range.contains(release) &&
                    !term.range.contains(version)) {
                    return true;
                }
            }
        }
        return false;
    }

    static std::string why_prerelease(const Version& version) {
        const std::string release = version.base_version().to_string();
        std::string fails;
        std::string passes;
        for (const std::string_view form : {"=={}", ">={}", "<{}", "~={}", "<={}", "=={}.*"}) {
            const std::string text = fmt::format(fmt::runtime(form), release);
            const auto specifiers = packaging::SpecifierSet::parse(text);
            if (specifiers) {  // `~=2` does not exist
                std::string& list = specifiers->contains(version, true) ? passes : fails;
                list += (list.empty() ? "" : ", ") + text;
            }
        }
        return fmt::format(
            "Why {} is not {}: it is a pre-release and sorts before {} (PEP 440).\n"
            "It fails {}; it passes {}.",
            version.to_string(), release, release, fails, passes);
    }

    void count_demand(const PackageName& name) {
        if (++demands_[name] == 2) {
            lead(1, fmt::format("the requirements on {} exclude each other", name.str()));
        }
    }

    static std::string headline_of(AbsenceKind kind, const PackageName& name) {
        switch (kind) {
            case AbsenceKind::constraint_forces:
                return fmt::format("what is asked of {} does not fit the constraints", name.str());
            case AbsenceKind::no_such_project:
                return fmt::format("no index has a project `{}`", name.str());
            case AbsenceKind::requires_python:
                return fmt::format("{} needs another Python than the target has", name.str());
            case AbsenceKind::no_wheel_for_python:
                return fmt::format("{} has no wheel for the Python of the target", name.str());
            case AbsenceKind::no_wheel_for_platform:
                return fmt::format("{} has no wheel for the platform of the target", name.str());
            case AbsenceKind::source_only:
                return fmt::format("{} has no wheel, only a source distribution", name.str());
            case AbsenceKind::too_new:
                return fmt::format("{} was uploaded too late", name.str());
            case AbsenceKind::yanked:
                return fmt::format("{} was withdrawn (yanked)", name.str());
            case AbsenceKind::prerelease_only:
                return fmt::format("only pre-releases of {} would fit", name.str());
            default:
                return fmt::format("no version of {} fits", name.str());
        }
    }

    /// The weightiest headline wins, the first of equal ones.
    void lead(int weight, std::string text) {
        if (weight > weight_) {
            weight_ = weight;
            headline = std::move(text);
        }
    }

    PackageProvider& provider_;
    std::span<const UserRequirement> requirements_;
    Conflict conflict_;
    std::vector<const ConflictNode*> dependencies_;
    std::map<PackageName, int> demands_;
    int weight_ = 0;
};

std::string indented(std::string_view text, std::string_view indent) {
    std::string result(indent);
    for (const char c : text) {
        result += c;
        if (c == '\n') {
            result += indent;
        }
    }
    return result;
}

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::string text_of(const Explanation& explanation, const std::string& reason_why) {
    constexpr std::size_t max_width = 40;
    constexpr std::size_t max_lines = 12;
    std::size_t width = 0;
    for (const Cause& cause : explanation.causes) {
        width = std::max(width, std::min(columns(cause.who), max_width));
    }
    std::string text = explanation.headline + "\n\n";
    for (std::size_t i = 0; i < explanation.causes.size(); ++i) {
        const Cause& cause = explanation.causes[i];
        // The middle of a long chain is in the proof; its ends are here.
        if (explanation.causes.size() > max_lines && i >= max_lines / 2 &&
            i < explanation.causes.size() - max_lines / 2) {
            if (i == max_lines / 2) {
                text += fmt::format("  … {} more\n", explanation.causes.size() - max_lines);
            }
            continue;
        }
        if (cause.who.empty()) {
            text += fmt::format("  {}\n", cause.text);
            continue;
        }
        const std::size_t used = columns(cause.who);
        text += fmt::format("  {}{}  {}\n", cause.who,
                            std::string(used < width ? width - used : 0, ' '), cause.text);
    }
    if (!reason_why.empty()) {
        text += "\n" + indented(reason_why, "  ") + "\n";
    }
    if (!explanation.ways_out.empty()) {
        text += "\n  Ways out, smallest change first:\n";
        for (std::size_t i = 0; i < explanation.ways_out.size(); ++i) {
            text +=
                fmt::format("    {}. {}\n       {}\n", i + 1, explanation.ways_out[i].description,
                            explanation.ways_out[i].command);
        }
    }
    return text;
}

json::Value derivation_of(const Conflict& conflict) {
    json::Array nodes;
    for (const ConflictNode& node : conflict.nodes()) {
        json::Value item(json::Object{});
        item.set("cause", std::string(to_string(node.cause)));
        item.set("text", to_sentence(node));
        if (!node.reason.empty()) {
            item.set("reason", node.reason);
        }
        if (node.cause == ConflictCause::derived) {
            item.set("because", json::Array{static_cast<std::int64_t>(node.first),
                                            static_cast<std::int64_t>(node.second)});
        }
        nodes.push_back(std::move(item));
    }
    return nodes;
}

}  // namespace

Result<Explanation> explain(const Conflict& conflict, PackageProvider& provider,
                            std::span<const UserRequirement> requirements,
                            const ExplainOptions& options, const RunContext& run) {
    Collector collector(conflict, provider, requirements);
    ENVPACK_CHECK(collector.collect());
    Explanation explanation;
    explanation.headline = std::move(collector.headline);
    if (explanation.headline.empty()) {
        explanation.headline = "the request cannot be fulfilled";
    }
    explanation.causes = std::move(collector.causes);
    for (const PackageName& name : conflict.packages()) {
        explanation.packages.push_back(name.to_string());
    }
    explanation.proof = collector.conflict().explain();
    explanation.derivation = derivation_of(collector.conflict());
    if (options.find_ways_out) {
        ENVPACK_TRY(explanation.ways_out,
                    ways_out(collector.involved, conflict, provider, requirements, options, run));
        explanation.ways_out.insert(explanation.ways_out.end(), options.further.begin(),
                                    options.further.end());
    }
    explanation.text = text_of(explanation, collector.reason_why);
    return explanation;
}

json::Value Explanation::to_json() const {
    json::Array names;
    for (const std::string& name : packages) {
        names.emplace_back(name);
    }
    json::Array facts;
    for (const Cause& cause : causes) {
        facts.emplace_back(json::Object{{"kind", cause.kind},
                                        {"package", cause.package},
                                        {"who", cause.who},
                                        {"text", cause.text}});
    }
    json::Array ways;
    for (const WayOut& way : ways_out) {
        ways.emplace_back(json::Object{
            {"kind", way.kind}, {"description", way.description}, {"command", way.command}});
    }
    return json::Object{{"headline", headline},
                        {"packages", std::move(names)},
                        {"causes", std::move(facts)},
                        {"ways_out", std::move(ways)},
                        {"proof", proof},
                        {"derivation", derivation}};
}

}  // namespace envpack::env
