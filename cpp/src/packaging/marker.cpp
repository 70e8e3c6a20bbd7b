#include "envpack/packaging/marker.hpp"

#include "marker_tree.hpp"
#include "normalized_name.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace envpack::packaging {
namespace {

struct Context {
    const MarkerEnvironment& environment;
    std::string_view extra;
    std::span<const PackageName> extras;
    std::span<const PackageName> groups;
};

std::optional<std::string> value_of(const MarkerOperand& operand, const Context& context) {
    if (!operand.is_variable) {
        return operand.text;
    }
    if (operand.text == "extra") {
        return std::string(context.extra);
    }
    const auto found = context.environment.values.find(operand.text);
    if (found == context.environment.values.end()) {
        return std::nullopt;
    }
    std::string value = found->second;
    // platform.python_version() of a build between releases is `3.14.0a1+`, which is no version.
    if (operand.text == "python_full_version" && value.ends_with('+')) {
        value += "local";
    }
    return value;
}

// Not a version: `in` looks for a substring, and only equality is defined on the rest.
bool compare_texts(std::string_view left, std::string_view op, std::string_view right) {
    if (op == "in") {
        return right.find(left) != std::string_view::npos;
    }
    if (op == "not in") {
        return right.find(left) == std::string_view::npos;
    }
    if (op == "==" || op == "<=" || op == ">=") {
        return left == right;
    }
    return op == "!=" && left != right;
}

bool look_into_set(std::string_view name, std::string_view op, std::span<const PackageName> set) {
    const bool member = std::any_of(set.begin(), set.end(),
                                    [name](const PackageName& item) { return item.str() == name; });
    return op == "in" ? member : op == "not in" ? !member : op == "!=";
}

bool holds(const MarkerComparison& comparison, const Context& context) {
    const MarkerOperand& left = comparison.left;
    const MarkerOperand& right = comparison.right;
    if (left.is_variable && is_set_variable(left.text)) {
        return false;
    }
    if (right.is_variable && is_set_variable(right.text)) {
        const auto name = value_of(left, context);
        return name && look_into_set(normalized_name(*name), comparison.op,
                                     right.text == "extras" ? context.extras : context.groups);
    }
    if (!left.is_variable && !right.is_variable) {
        return false;
    }
    const auto left_value = value_of(left, context);
    const auto right_value = value_of(right, context);
    if (!left_value || !right_value) {
        return false;
    }
    if (comparison.specifier) {
        return comparison.specifier->contains(*left_value);
    }
    if (is_version_variable(left.is_variable ? left.text : right.text)) {
        const auto specifier = Specifier::parse(std::string(comparison.op) + *right_value);
        if (specifier) {
            return specifier->contains(*left_value);
        }
    }
    return compare_texts(*left_value, comparison.op, *right_value);
}

bool holds(const Marker::Node& node, const Context& context) {
    if (node.terms.empty()) {
        return holds(node.comparison, context);
    }
    bool all = true;  // of the terms since the last `or`
    for (std::size_t i = 0; i < node.terms.size(); ++i) {
        all = all && holds(node.terms[i], context);
        const bool ends = i + 1 == node.terms.size() || node.or_follows[i];
        if (ends && all) {
            return true;
        }
        all = all || ends;
    }
    return false;
}

bool mentions(const Marker::Node& node) noexcept {
    const auto is_extra = [](const MarkerOperand& operand) {
        return operand.is_variable && (operand.text == "extra" || operand.text == "extras");
    };
    return node.terms.empty() ? is_extra(node.comparison.left) || is_extra(node.comparison.right)
                              : std::any_of(node.terms.begin(), node.terms.end(), mentions);
}

void write(const MarkerOperand& operand, std::string& out) {
    const std::string_view quote = operand.is_variable                           ? ""
                                   : operand.text.find('"') == std::string::npos ? "\""
                                                                                 : "'";
    out.append(quote).append(operand.text).append(quote);
}

void write(const Marker::Node& node, std::string& out) {
    if (node.terms.empty()) {
        write(node.comparison.left, out);
        out.append(" ").append(node.comparison.op).append(" ");
        write(node.comparison.right, out);
        return;
    }
    for (std::size_t i = 0; i < node.terms.size(); ++i) {
        const bool grouped = !node.terms[i].terms.empty();
        out.append(grouped ? "(" : "");
        write(node.terms[i], out);
        out.append(grouped ? ")" : "");
        if (i + 1 < node.terms.size()) {
            out.append(node.or_follows[i] ? " or " : " and ");
        }
    }
}

}  // namespace

Marker::Marker(std::shared_ptr<const Node> root) noexcept : root_(std::move(root)) {}

Result<Marker> Marker::parse(std::string_view text) {
    Scanner scanner(text, "marker");
    ENVPACK_TRY(Node root, parse_marker_node(scanner));
    if (!scanner.at_end()) {
        return fail(scanner.error_here("expected `and`, `or` or the end"));
    }
    return Marker(std::make_shared<const Node>(std::move(root)));
}

bool Marker::evaluate(const MarkerEnvironment& environment, std::span<const PackageName> extras,
                      std::span<const PackageName> dependency_groups) const {
    if (extras.empty()) {
        const auto found = environment.values.find("extra");
        const std::string extra =
            found == environment.values.end() ? "" : normalized_name(found->second);
        return holds(*root_, {environment, extra, extras, dependency_groups});
    }
    return std::any_of(extras.begin(), extras.end(), [&](const PackageName& extra) {
        return holds(*root_, {environment, extra.str(), extras, dependency_groups});
    });
}

bool Marker::evaluate_with_extra(const MarkerEnvironment& environment,
                                 const PackageName* extra) const {
    return extra == nullptr ? evaluate(environment)
                            : evaluate(environment, std::span<const PackageName>(extra, 1));
}

bool Marker::mentions_extra() const noexcept {
    return mentions(*root_);
}

std::string Marker::to_string() const {
    std::string text;
    write(*root_, text);
    return text;
}

bool operator==(const Marker& a, const Marker& b) {
    return a.root_ == b.root_ || a.to_string() == b.to_string();
}

}  // namespace envpack::packaging
