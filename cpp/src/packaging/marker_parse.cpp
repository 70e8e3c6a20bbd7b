// The grammar of PEP 508, "Grammar", in the form that packaging reads it:
//
//     marker     = atom (("and" | "or") atom)*
//     atom       = "(" marker ")" | operand operator operand
//     operand    = variable | quoted text
//
// White space is spaces and tabs, allowed between all of these.
#include "marker_tree.hpp"
#include "normalized_name.hpp"

#include <array>
#include <utility>

namespace envpack::packaging {
namespace {

constexpr std::size_t max_depth = 64;

struct Variable {
    std::string_view written;
    std::string_view name;
};
constexpr std::array<Variable, 20> variables = {{
    {"python_version", "python_version"},
    {"python_full_version", "python_full_version"},
    {"os_name", "os_name"},
    {"sys_platform", "sys_platform"},
    {"platform_release", "platform_release"},
    {"platform_system", "platform_system"},
    {"platform_version", "platform_version"},
    {"platform_machine", "platform_machine"},
    {"platform_python_implementation", "platform_python_implementation"},
    {"implementation_name", "implementation_name"},
    {"implementation_version", "implementation_version"},
    {"extra", "extra"},
    {"extras", "extras"},
    {"dependency_groups", "dependency_groups"},
    // PEP 345 and setuptools: old spellings that PEP 508 keeps.
    {"os.name", "os_name"},
    {"sys.platform", "sys_platform"},
    {"platform.version", "platform_version"},
    {"platform.machine", "platform_machine"},
    {"platform.python_implementation", "platform_python_implementation"},
    {"python_implementation", "platform_python_implementation"},
}};

constexpr std::array<std::string_view, 8> symbols = {"===", "==", "~=", "!=", "<=", ">=", "<", ">"};

Result<std::string> parse_quoted(Scanner& scanner) {
    const std::size_t begin = scanner.position();
    const char quote = scanner.rest().front();
    scanner.advance(1);
    const std::string_view text = scanner.take_while([quote](char c) { return c != quote; });
    if (!scanner.take(quote)) {
        return fail(scanner.error("a quote is not closed", begin, scanner.position()));
    }
    for (const char c : text) {
        if (c == '\n' || c == '\r' || c == '\0') {
            return fail(scanner.error("a quoted text goes over the end of its line", begin,
                                      scanner.position()));
        }
    }
    return std::string(text);
}

Result<MarkerOperand> parse_operand(Scanner& scanner) {
    scanner.skip_space();
    if (scanner.sees('"') || scanner.sees('\'')) {
        ENVPACK_TRY(std::string text, parse_quoted(scanner));
        return MarkerOperand{.is_variable = false, .text = std::move(text)};
    }
    const std::size_t begin = scanner.position();
    const std::string_view word =
        scanner.take_while([](char c) { return is_word(c) || c == '.' || c == '-'; });
    for (const Variable& variable : variables) {
        if (variable.written == word) {
            return MarkerOperand{.is_variable = true, .text = std::string(variable.name)};
        }
    }
    if (word.empty()) {
        return fail(scanner.error_here("expected a variable or a quoted text"));
    }
    const std::string quoted = std::string(word);
    if (word.front() >= '0' && word.front() <= '9') {
        return fail(scanner.error("a version needs quotes", begin, scanner.position())
                        .with_hint("write `\"" + quoted + "\"`"));
    }
    return fail(
        scanner.error("`" + quoted + "` is no variable of PEP 508", begin, scanner.position())
            .with_hint("a text needs quotes; the usual variables are `python_version`, "
                       "`sys_platform`, `platform_machine` and `extra`"));
}

Result<std::string_view> parse_operator(Scanner& scanner) {
    scanner.skip_space();
    if (scanner.take_word("in")) {
        return std::string_view("in");
    }
    if (scanner.take_word("not")) {
        const bool spaced = scanner.sees_space();
        scanner.skip_space();
        if (!spaced || !scanner.take_word("in")) {
            return fail(scanner.error_here("expected `in` after `not`"));
        }
        return std::string_view("not in");
    }
    for (const std::string_view symbol : symbols) {
        if (scanner.rest().starts_with(symbol)) {
            scanner.advance(symbol.size());
            return symbol;
        }
    }
    Error error = scanner.error_here(
        "expected one of `<=`, `<`, `!=`, `==`, `>=`, `>`, `~=`, `===`, `in`, `not in`");
    if (scanner.sees('=')) {
        error = std::move(error).with_hint("to compare, write `==`");
    }
    return fail(std::move(error));
}

// PEP 685, PEP 735: names of extras and groups compare normalised. Doing it here makes equal
// markers print alike.
void normalize_names(MarkerComparison& comparison) {
    MarkerOperand& left = comparison.left;
    MarkerOperand& right = comparison.right;
    if (left.is_variable && left.text == "extra" && !right.is_variable) {
        right.text = normalized_name(right.text);
    } else if (right.is_variable && !left.is_variable &&
               (right.text == "extra" || is_set_variable(right.text))) {
        left.text = normalized_name(left.text);
    }
}

Result<MarkerComparison> parse_comparison(Scanner& scanner) {
    MarkerComparison comparison;
    ENVPACK_TRY(comparison.left, parse_operand(scanner));
    ENVPACK_TRY(comparison.op, parse_operator(scanner));
    ENVPACK_TRY(comparison.right, parse_operand(scanner));
    normalize_names(comparison);
    if (comparison.left.is_variable && !comparison.right.is_variable &&
        is_version_variable(comparison.left.text)) {
        auto specifier = Specifier::parse(std::string(comparison.op) + comparison.right.text);
        if (specifier) {
            comparison.specifier = *std::move(specifier);
        }
    }
    return comparison;
}

Result<Marker::Node> parse_atom(Scanner& scanner, std::size_t depth) {
    scanner.skip_space();
    Marker::Node node;
    const std::size_t begin = scanner.position();
    if (scanner.take('(')) {
        if (depth == max_depth) {
            return fail(Error(ErrorCode::limit_exceeded,
                              "parentheses of a marker are nested deeper than 64"));
        }
        ENVPACK_TRY(node, parse_marker_node(scanner, depth + 1));
        if (!scanner.take(')')) {
            return fail(scanner.error("a parenthesis is not closed", begin, scanner.position()));
        }
    } else {
        ENVPACK_TRY(node.comparison, parse_comparison(scanner));
    }
    scanner.skip_space();
    return node;
}

}  // namespace

bool is_version_variable(std::string_view variable) noexcept {
    return variable == "python_version" || variable == "python_full_version" ||
           variable == "implementation_version" || variable == "platform_release";
}

bool is_set_variable(std::string_view variable) noexcept {
    return variable == "extras" || variable == "dependency_groups";
}

Result<Marker::Node> parse_marker_node(Scanner& scanner, std::size_t depth) {
    ENVPACK_TRY(Marker::Node first, parse_atom(scanner, depth));
    Marker::Node list;
    for (;;) {
        const bool is_or = scanner.take_word("or");
        if (!is_or && !scanner.take_word("and")) {
            break;
        }
        if (list.terms.empty()) {
            list.terms.push_back(std::move(first));
        }
        list.or_follows.push_back(is_or);
        ENVPACK_TRY(Marker::Node next, parse_atom(scanner, depth));
        list.terms.push_back(std::move(next));
    }
    // NOLINTNEXTLINE(bugprone-use-after-move): moved only where `list` has terms
    return list.terms.empty() ? std::move(first) : std::move(list);
}

}  // namespace envpack::packaging
