#include "envpack/resolver/conflict.hpp"

#include "envpack/base/assert.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::resolver {

using packaging::PackageName;

std::string_view to_string(ConflictCause cause) noexcept {
    switch (cause) {
        case ConflictCause::root_demand:
            return "root-demand";
        case ConflictCause::dependency:
            return "dependency";
        case ConflictCause::excluded:
            return "excluded";
        case ConflictCause::no_versions:
            return "no-versions";
        case ConflictCause::unavailable:
            return "unavailable";
        case ConflictCause::same_project:
            return "same-project";
        case ConflictCause::derived:
            return "derived";
    }
    return "derived";
}

namespace {

/// "a >=1", "a"
std::string phrase(const ConflictTerm& term) {
    if (term.range.is_full()) {
        return term.package.to_string();
    }
    if (const auto version = term.range.only_version()) {
        return fmt::format("{} {}", term.package.to_string(), version->to_string());
    }
    return fmt::format("{} {}", term.package.to_string(), term.range.to_string());
}

/// "a >=1", "every version of a"
std::string subject(const ConflictTerm& term) {
    return term.range.is_full() ? "every version of " + term.package.to_string() : phrase(term);
}

std::string cannot_be_used(const ConflictTerm& term) {
    return term.range.is_full()
               ? fmt::format("no version of {} can be used", term.package.to_string())
               : phrase(term) + " cannot be used";
}

std::string in_brackets(const std::string& reason) {
    return reason.empty() ? std::string() : fmt::format(" ({})", reason);
}

std::string list_of(const std::vector<std::string>& items, std::string_view last_separator) {
    std::string text;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (i > 0) {
            text += i + 1 == items.size() ? last_separator : std::string_view(", ");
        }
        text += items[i];
    }
    return text;
}

std::string no_versions_sentence(const ConflictNode& node) {
    const ConflictTerm& missing = node.terms.front();
    std::vector<std::string> others;
    for (std::size_t i = 1; i < node.terms.size(); ++i) {
        others.push_back(phrase(node.terms[i]));
    }
    const std::string who = others.empty() ? "" : " without " + list_of(others, " or ");
    if (missing.range.is_full()) {
        return fmt::format("{} has no version to choose{}{}", missing.package.to_string(), who,
                           in_brackets(node.reason));
    }
    return fmt::format("no version of {} matches {}{}{}", missing.package.to_string(),
                       missing.range.to_string(), who, in_brackets(node.reason));
}

std::string derived_sentence(const ConflictNode& node) {
    std::vector<std::string> positive;
    std::vector<std::string> negative;
    for (const ConflictTerm& term : node.terms) {
        if (term.positive) {
            positive.push_back(negative.empty() && positive.empty() ? subject(term) : phrase(term));
        } else {
            negative.push_back(phrase(term));
        }
    }
    if (positive.empty()) {
        return negative.empty() ? "the request cannot be fulfilled"
                                : list_of(negative, " or ") + " is required";
    }
    if (negative.empty()) {
        if (node.terms.size() == 1) {
            return cannot_be_used(node.terms.front());
        }
        const std::string first = positive.front();
        positive.erase(positive.begin());
        return fmt::format("{} does not go with {}", first, list_of(positive, " and "));
    }
    return fmt::format("{} requires {}", list_of(positive, " and "), list_of(negative, " or "));
}

}  // namespace

std::string to_sentence(const ConflictNode& node) {
    switch (node.cause) {
        case ConflictCause::root_demand:
            return fmt::format("you require {}{}", phrase(node.terms.front()),
                               in_brackets(node.reason));
        case ConflictCause::dependency:
            if (node.terms.size() == 1) {
                return fmt::format("{} depends on a version that cannot exist{}",
                                   subject(node.terms.front()), in_brackets(node.reason));
            }
            return fmt::format("{} depends on {}{}", subject(node.terms[0]), phrase(node.terms[1]),
                               in_brackets(node.reason));
        case ConflictCause::same_project:
            return fmt::format("{} is {}", phrase(node.terms[0]), phrase(node.terms[1]));
        case ConflictCause::excluded:
            return node.reason.empty() ? subject(node.terms.front()) + " is excluded" : node.reason;
        case ConflictCause::no_versions:
            return no_versions_sentence(node);
        case ConflictCause::unavailable:
            return cannot_be_used(node.terms.front()) + in_brackets(node.reason);
        case ConflictCause::derived:
            return derived_sentence(node);
    }
    return {};
}

Conflict::Conflict(std::vector<ConflictNode> nodes)
    : nodes_(std::make_shared<const std::vector<ConflictNode>>(std::move(nodes))) {
    ENVPACK_ASSERT(!nodes_->empty());
}

std::vector<PackageName> Conflict::packages() const {
    std::set<PackageName> names;
    for (const ConflictNode& node : *nodes_) {
        for (const ConflictTerm& term : node.terms) {
            names.insert(term.package.name);
        }
    }
    return {names.begin(), names.end()};
}

}  // namespace envpack::resolver
