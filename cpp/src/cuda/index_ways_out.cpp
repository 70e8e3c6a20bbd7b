#include "index_ways_out.hpp"

#include "conflict_text.hpp"
#include "envpack/base/text.hpp"

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

json::Array texts_json(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

json::Array dropped_json(const std::vector<DroppedIndex>& dropped) {
    json::Array rows;
    for (const DroppedIndex& one : dropped) {
        rows.emplace_back(
            json::Object{{"suffix", one.suffix},
                         {"torch", one.torch ? json::Value(one.torch->to_string()) : nullptr},
                         {"reason", one.reason}});
    }
    return rows;
}

std::string headline_of(const IndexQuestion& question, const PlanTables& tables) {
    std::vector<std::string> parts;
    if (!question.torch.empty()) {
        parts.push_back("torch " + question.torch.to_string());
    }
    if (!question.python.empty()) {
        parts.push_back("Python " + text::printable(question.python));
    }
    parts.push_back(text::printable(question.machine));
    if (question.cuda) {
        parts.push_back("CUDA " + question.cuda->to_string());
    }
    if (std::string target = described_target(question); !target.empty()) {
        parts.push_back(std::move(target));
    }
    return fmt::format("no PyTorch index fits {} (the newest torch that is known is {})",
                       text::join(parts, ", "), tables.torch.releases().back().torch.to_string());
}

}  // namespace

IndexConflict conflict_of(const IndexQuestion& question, std::vector<DroppedIndex> dropped,
                          const PlanTables& tables) {
    IndexConflict conflict{.headline = headline_of(question, tables),
                           .dropped = std::move(dropped)};
    // One change of the question; told when it leads to an index.
    const auto attempt = [&](auto change, auto tell) {
        IndexQuestion other = question;
        change(other);
        if (const IndexDecision decision = decide(other, tables); decision.plan) {
            conflict.ways_out.push_back(tell(*decision.plan));
        }
    };
    if (!question.torch.empty()) {
        attempt([](IndexQuestion& other) { other.torch = {}; },
                [](const IndexPlan& plan) {
                    return fmt::format("torch {}, of {}", plan.torch.to_string(), plan.suffix);
                });
    }
    if (question.cuda && !question.allow_other_major) {
        attempt([](IndexQuestion& other) { other.allow_other_major = true; },
                [](const IndexPlan& plan) {
                    return fmt::format(
                        "--allow-other-major, which gives torch {} of {}: it runs, but extensions "
                        "cannot be compiled with the image's toolkit",
                        plan.torch.to_string(), plan.suffix);
                });
        attempt([](IndexQuestion& other) { other.cuda = std::nullopt; },
                [](const IndexPlan& plan) {
                    return fmt::format("an image with CUDA {}, for torch {} of {}",
                                       plan.cuda->to_string(), plan.torch.to_string(), plan.suffix);
                });
    }
    if (question.driver) {
        attempt([](IndexQuestion& other) { other.driver = std::nullopt; },
                [&](const IndexPlan& plan) {
                    const auto needed = tables.drivers.floor(*plan.cuda);
                    return fmt::format("driver {} or later, for torch {} of {}",
                                       needed ? needed->to_string() : "of CUDA 11",
                                       plan.torch.to_string(), plan.suffix);
                });
    }
    if (!question.gpus.empty()) {
        attempt([](IndexQuestion& other) { other.gpus.clear(); },
                [](const IndexPlan& plan) {
                    return fmt::format("other GPUs, for torch {} of {}", plan.torch.to_string(),
                                       plan.suffix);
                });
    }
    if (!question.python.empty()) {
        attempt([](IndexQuestion& other) { other.python.clear(); },
                [](const IndexPlan& plan) {
                    return fmt::format("another Python, for torch {} of {}", plan.torch.to_string(),
                                       plan.suffix);
                });
    }
    return conflict;
}

json::Value IndexPlan::to_json() const {
    json::Object members;
    for (const FamilyMember& member : family) {
        members.emplace_back(member.name, member.version.to_string());
    }
    return json::Object{{"url", url},
                        {"suffix", suffix},
                        {"torch", torch.to_string()},
                        {"cuda", cuda ? json::Value(cuda->to_string()) : nullptr},
                        {"family", std::move(members)},
                        {"reason", reason},
                        {"notes", texts_json(notes)},
                        {"dropped", dropped_json(dropped)}};
}

json::Value IndexConflict::to_json() const {
    return json::Object{{"headline", headline},
                        {"dropped", dropped_json(dropped)},
                        {"ways_out", texts_json(ways_out)}};
}

std::string IndexConflict::to_string() const {
    std::vector<std::pair<std::string_view, std::string_view>> lines;
    for (const DroppedIndex& one : dropped) {
        lines.emplace_back(one.suffix, one.reason);
    }
    return conflict_text(headline, lines, ways_out);
}

}  // namespace envpack::cuda
