// The grammar of PEP 508, "Grammar", as packaging reads it:
//
//     requirement = name extras? ("@" url (space ";" marker)? | specifiers? (";" marker)?)
//     specifiers  = clauses | "(" clauses ")"
//     clauses     = (clause ("," clause)* ","?)?
#include "envpack/base/text.hpp"
#include "envpack/packaging/requirement.hpp"
#include "marker_tree.hpp"
#include "scanner.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace envpack::packaging {
namespace {

bool is_name_character(char c) noexcept {
    return is_ascii_alnum(c) || c == '.' || c == '_' || c == '-';
}

Result<PackageName> parse_name(Scanner& scanner, std::string_view expected) {
    const std::size_t begin = scanner.position();
    const std::string_view word = scanner.take_while(is_name_character);
    auto name = PackageName::parse(word);
    if (!name || (!scanner.at_end() && is_word(scanner.rest().front()))) {
        return fail(word.empty() ? scanner.error_here(expected)
                                 : scanner.error("a name is made of ASCII letters, digits, `-`, "
                                                 "`_` and `.`, and begins and ends with a letter "
                                                 "or digit",
                                                 begin, scanner.position()));
    }
    return name;
}

Result<std::vector<PackageName>> parse_extras(Scanner& scanner) {
    std::vector<PackageName> extras;
    const std::size_t begin = scanner.position();
    if (!scanner.take('[')) {
        return extras;
    }
    scanner.skip_space();
    bool more = !scanner.sees(']');
    while (more) {
        ENVPACK_TRY(PackageName extra, parse_name(scanner, "expected the name of an extra"));
        extras.push_back(std::move(extra));
        scanner.skip_space();
        more = scanner.take(',');
        scanner.skip_space();
    }
    if (!scanner.take(']')) {
        if (!scanner.at_end() && is_word(scanner.rest().front())) {
            return fail(scanner.error_here("expected a comma between the names of extras"));
        }
        return fail(scanner.error("a bracket is not closed", begin, scanner.position()));
    }
    std::sort(extras.begin(), extras.end());
    extras.erase(std::unique(extras.begin(), extras.end()), extras.end());
    return extras;
}

// One clause as far as it goes; its version is judged by Specifier. Empty when there is none.
std::string_view take_clause(Scanner& scanner) {
    constexpr std::array<std::string_view, 8> operators = {
        "===", "==", "~=", "!=", "<=", ">=", "<", ">"};
    const std::size_t begin = scanner.position();
    for (const std::string_view op : operators) {
        if (!scanner.rest().starts_with(op)) {
            continue;
        }
        scanner.advance(op.size());
        scanner.skip_space();
        const bool arbitrary = op == "===";
        scanner.take_while([arbitrary](char c) {
            return c != ' ' && c != '\t' && c != ';' && c != ')' && (arbitrary || c != ',');
        });
        return scanner.since(begin);
    }
    return {};
}

Result<SpecifierSet> parse_specifiers(Scanner& scanner) {
    const std::size_t open = scanner.position();
    const bool parenthesis = scanner.take('(');
    scanner.skip_space();
    std::string text;
    for (;;) {
        const std::size_t begin = scanner.position();
        const std::string_view clause = take_clause(scanner);
        if (clause.empty()) {
            break;
        }
        if (const auto judged = Specifier::parse(clause); !judged) {
            const Error& reason = judged.error();
            Error error = scanner.error(reason.message(), begin, scanner.position());
            return fail(reason.hint().empty()
                            ? std::move(error)
                            : std::move(error).with_hint(std::string(reason.hint())));
        }
        text.append(text.empty() ? "" : ",").append(clause);
        scanner.skip_space();
        if (!scanner.take(',')) {
            break;
        }
        scanner.skip_space();
    }
    scanner.skip_space();
    if (parenthesis && !scanner.take(')')) {
        return fail(scanner.error("a parenthesis is not closed", open, scanner.position()));
    }
    return SpecifierSet::parse(text);
}

// What people write instead of a specifier, once the parser has stopped before `rest`.
std::string hint_for(const Requirement& requirement, std::string_view rest) {
    const std::string name(requirement.name.str());
    const std::string_view version = rest.substr(0, rest.find_first_of(" \t;,"));
    if (!requirement.specifiers.empty()) {
        return rest.find_first_of("<>=!~") == 0 ? "put a comma between the two conditions" : "";
    }
    if (rest.starts_with('=')) {
        std::string_view number = version.substr(1);
        number = number.substr(0, number.find('='));  // conda: name=version=build
        return "did you mean `" + name + "==" + std::string(number) + "`?";
    }
    if (rest.starts_with('@')) {
        return "write `" + name + " @ URL`";
    }
    if (!version.empty() && version.front() >= '0' && version.front() <= '9') {
        return "did you mean `" + name + "==" + std::string(version) + "`?";
    }
    if (rest.starts_with('/') || rest.starts_with(':') || rest.starts_with('\\')) {
        return "this looks like a path or a URL; a requirement is `name @ URL`";
    }
    if (rest.starts_with("#")) {
        return "a comment needs a space before its `#`";
    }
    return "";
}

Error with_hint_if_any(Error error, std::string hint) {
    return hint.empty() ? error : std::move(error).with_hint(std::move(hint));
}

Result<void> parse_marker_part(Scanner& scanner, Requirement& requirement) {
    ENVPACK_TRY(Marker::Node node, parse_marker_node(scanner));
    requirement.marker = Marker(std::make_shared<const Marker::Node>(std::move(node)));
    if (!scanner.at_end()) {
        return fail(scanner.error_here("expected `and`, `or` or the end"));
    }
    return {};
}

// After `@`. The URL takes everything up to a space, also a `;`.
Result<void> parse_url_part(Scanner& scanner, Requirement& requirement) {
    scanner.skip_space();
    requirement.url = scanner.take_while([](char c) { return c != ' ' && c != '\t'; });
    if (requirement.url.empty()) {
        return fail(scanner.error_here("expected a URL after `@`"));
    }
    scanner.skip_space();
    if (scanner.at_end()) {
        return {};
    }
    if (!scanner.take(';')) {
        return fail(scanner.error_here("expected `;` or the end after the URL"));
    }
    return parse_marker_part(scanner, requirement);
}

Result<PackageName> parse_first_name(Scanner& scanner) {
    constexpr std::string_view expected = "expected the name of a package";
    if (scanner.sees('-')) {
        return fail(scanner.error_here(expected).with_hint(
            "this is an option; a requirement begins with the name of a package"));
    }
    if (scanner.sees('.') || scanner.sees('/')) {
        return fail(scanner.error_here(expected).with_hint(
            "this looks like a path; a requirement is `name @ file:///path`"));
    }
    return parse_name(scanner, expected);
}

}  // namespace

Result<Requirement> Requirement::parse(std::string_view text) {
    Scanner scanner(text, "requirement");
    scanner.skip_space();
    ENVPACK_TRY(PackageName name, parse_first_name(scanner));
    Requirement requirement{.name = std::move(name)};
    scanner.skip_space();
    ENVPACK_TRY(requirement.extras, parse_extras(scanner));
    scanner.skip_space();
    if (scanner.take('@')) {
        ENVPACK_CHECK(parse_url_part(scanner, requirement));
        return requirement;
    }
    ENVPACK_TRY(requirement.specifiers, parse_specifiers(scanner));
    scanner.skip_space();
    if (scanner.at_end()) {
        return requirement;
    }
    if (!scanner.take(';')) {
        const std::string_view expected = requirement.specifiers.empty()
                                              ? "expected a version specifier, `;` or the end"
                                              : "expected a comma, `;` or the end";
        return fail(
            with_hint_if_any(scanner.error_here(expected), hint_for(requirement, scanner.rest())));
    }
    ENVPACK_CHECK(parse_marker_part(scanner, requirement));
    return requirement;
}

}  // namespace envpack::packaging
