#include "ecosystem_ways_out.hpp"

#include "conflict_text.hpp"
#include "ecosystem_text.hpp"
#include "ecosystem_torch.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using packaging::PackageName;
using packaging::Requirement;

/// The requirement that a choice gives, with its limit.
std::string shown_choice(const EcosystemChoice& choice) {
    Requirement all = choice.requirement;
    for (const Requirement& limit : choice.limits) {
        if (limit.name == all.name) {
            all.specifiers = all.specifiers & limit.specifiers;
        }
    }
    return without_marker(std::move(all));
}

/// One conflict that is being explained.
class WaysOut {
public:
    WaysOut(EcosystemConflict& conflict, const Requirement& asked,
            const EcosystemQuestion& question, const EcosystemTables& tables)
        : conflict_(conflict), asked_(asked), question_(question), tables_(tables) {}

    void find() {
        const EcosystemFamily* family = tables_.ecosystems.find(asked_.name);
        if (question_.cpu) {
            ask_without_cuda(*family);
            return;
        }
        const NamedBuild named = named_build(*family, asked_);
        Requirement plain{.name = named.plain, .specifiers = asked_.specifiers};
        ask_for(plain, question_);
        plain.specifiers = {};
        ask_for(plain, question_);
        if (!question_.allow_other_major) {
            EcosystemQuestion other = question_;
            other.allow_other_major = true;
            if (const auto choice = tried(asked_, other)) {
                tell(fmt::format("--allow-other-major, which gives {}", shown_choice(*choice)));
            }
        }
        ask_another_driver(*family);
        if (question_.cuda) {
            EcosystemQuestion other = question_;
            other.cuda = other.toolkit = std::nullopt;
            other.torch = std::nullopt;
            for (const EcosystemBuild* build : named.builds) {
                other.cuda = other.toolkit = build->cuda;
                if (build->cuda.major != question_.cuda->major && tried(asked_, other)) {
                    tell(fmt::format("a base with CUDA {}", build->cuda.major));
                }
            }
        }
        if (!family->without_cuda.empty()) {
            const Requirement instead{.name = *PackageName::parse(family->without_cuda)};
            ask_for(instead, question_);
        }
    }

private:
    std::optional<EcosystemChoice> tried(const Requirement& requirement,
                                         const EcosystemQuestion& question) const {
        std::optional<EcosystemAnswer> answer = decide_ecosystem(requirement, question, tables_);
        return answer && std::holds_alternative<EcosystemChoice>(*answer)
                   ? std::optional(std::get<EcosystemChoice>(*std::move(answer)))
                   : std::nullopt;
    }

    void tell(std::string way) {
        auto& ways = conflict_.ways_out;
        if (std::find(ways.begin(), ways.end(), way) == ways.end()) {
            ways.push_back(std::move(way));
        }
    }

    void ask_for(const Requirement& requirement, const EcosystemQuestion& question) {
        const auto choice = tried(requirement, question);
        if (choice && (requirement != asked_ || choice->is_changed)) {
            tell("ask for " + shown_choice(*choice));
        }
    }

    void ask_without_cuda(const EcosystemFamily& family) {
        const Requirement plain{.name = named_build(family, asked_).plain};
        const Requirement instead{.name = family.without_cuda.empty()
                                              ? plain.name
                                              : *PackageName::parse(family.without_cuda)};
        // No answer means that there is nothing to object.
        if (!decide_ecosystem(instead, question_, tables_)) {
            tell("ask for " + without_marker(instead));
        }
    }

    void ask_another_driver(const EcosystemFamily& family) {
        if (!question_.driver) {
            return;
        }
        std::optional<DriverVersion> least;
        for (const EcosystemBuild& build : family.builds) {
            EcosystemQuestion other = question_;
            other.driver = tables_.drivers.floor(build.cuda);
            if (other.driver && tried(asked_, other) && (!least || least->reaches(*other.driver))) {
                least = other.driver;
            }
        }
        if (least) {
            tell(fmt::format("a driver from {} on", least->to_string()));
        }
    }

    EcosystemConflict& conflict_;
    const Requirement& asked_;
    const EcosystemQuestion& question_;
    const EcosystemTables& tables_;
};

}  // namespace

void add_ways_out(EcosystemConflict& conflict, const Requirement& asked,
                  const EcosystemQuestion& question, const EcosystemTables& tables) {
    WaysOut(conflict, asked, question, tables).find();
}

std::string EcosystemConflict::to_string() const {
    std::vector<std::pair<std::string_view, std::string_view>> lines;
    for (const DroppedBuild& one : dropped) {
        lines.emplace_back(one.build, one.reason);
    }
    return conflict_text(headline, lines, ways_out);
}

}  // namespace envpack::cuda
