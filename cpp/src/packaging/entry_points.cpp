#include "envpack/packaging/entry_points.hpp"

#include "envpack/base/text.hpp"
#include "scanner.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace envpack::packaging {
namespace {

constexpr std::string_view console_group = "console_scripts";
constexpr std::string_view gui_group = "gui_scripts";

Error refuse(std::string rule, std::string_view problem, std::string_view line,
             std::size_t number) {
    std::string message = "entry_points.txt, line " + std::to_string(number) + ": ";
    message.append(problem).append(": `").append(text::printable(line)).append("`");
    return Error(ErrorCode::parse_error, std::move(message)).with_rule(std::move(rule));
}

// The name becomes a file in the folder of scripts.
bool is_script_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.size() <= 255 &&
           text::is_utf8(name) && std::all_of(name.begin(), name.end(), [](char c) {
               return is_word(c) || c == '.' || c == '-';
           });
}

// The target becomes Python source text.
bool is_dotted_identifier(std::string_view text) {
    for (const std::string_view piece : text::split(text, '.')) {
        if (piece.empty() || (piece.front() >= '0' && piece.front() <= '9') ||
            !std::all_of(piece.begin(), piece.end(), is_word)) {
            return false;
        }
    }
    return text::is_utf8(text);
}

// "module:attribute [extra, extra]"
std::optional<EntryPoint> parse_target(std::string_view name, std::string_view target) {
    EntryPoint entry{.name = std::string(name), .module = {}, .attribute = {}};
    const std::size_t bracket = target.find('[');
    if (bracket != std::string_view::npos) {
        std::string_view list = target.substr(bracket + 1);
        if (!list.ends_with(']')) {
            return std::nullopt;
        }
        list.remove_suffix(1);
        for (const std::string_view piece : text::split(list, ',')) {
            const std::string_view extra = text::trim(piece);
            if (extra.find_first_of("[]") != std::string_view::npos) {
                return std::nullopt;
            }
            if (!extra.empty()) {
                entry.extras.emplace_back(extra);
            }
        }
        target = target.substr(0, bracket);
    }
    const std::size_t colon = target.find(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    entry.module = text::trim(target.substr(0, colon));
    entry.attribute = text::trim(target.substr(colon + 1));
    if (!is_dotted_identifier(entry.module) || !is_dotted_identifier(entry.attribute)) {
        return std::nullopt;
    }
    return entry;
}

void append_group(std::string_view group, const std::vector<EntryPoint>& entries,
                  std::string& out) {
    if (entries.empty()) {
        return;
    }
    out.append(out.empty() ? "" : "\n").append("[").append(group).append("]\n");
    for (const EntryPoint& entry : entries) {
        out.append(entry.to_string()).append("\n");
    }
}

}  // namespace

std::string EntryPoint::to_string() const {
    std::string result = name + " = " + module + ":" + attribute;
    if (!extras.empty()) {
        result.append(" [").append(text::join(extras, ",")).append("]");
    }
    return result;
}

Result<EntryPoints> EntryPoints::parse(std::string_view text, const Limits& limits) {
    if (text.size() > limits.max_metadata) {
        return fail(ErrorCode::limit_exceeded, "entry_points.txt is over the limit of " +
                                                   std::to_string(limits.max_metadata) + " bytes");
    }
    EntryPoints result;
    std::set<std::string, std::less<>> names;
    std::string_view group;
    std::vector<EntryPoint>* scripts = nullptr;
    std::size_t number = 0;
    for (const std::string_view raw : text::lines(text)) {
        ++number;
        const std::string_view line = text::trim(raw);
        if (line.empty() || line.front() == '#' || line.front() == ';') {
            continue;
        }
        if (line.front() == '[' && line.back() == ']') {
            group = text::trim(line.substr(1, line.size() - 2));
            scripts = group == console_group ? &result.console_scripts
                      : group == gui_group   ? &result.gui_scripts
                                             : nullptr;
            continue;
        }
        const std::size_t equals = line.find('=');
        if (group.empty() || equals == std::string_view::npos) {
            return fail(refuse("entry-points.syntax",
                               group.empty() ? "an entry before the first group"
                                             : "an entry is not `name = target`",
                               line, number));
        }
        if (scripts == nullptr) {
            continue;
        }
        const std::string_view name = text::trim(line.substr(0, equals));
        if (!is_script_name(name)) {
            return fail(
                refuse("entry-points.bad-name", "a script cannot have this name", name, number));
        }
        if (!names.emplace(name).second) {
            return fail(
                refuse("entry-points.duplicate-name", "two scripts have one name", name, number));
        }
        auto entry = parse_target(name, text::trim(line.substr(equals + 1)));
        if (!entry) {
            return fail(refuse("entry-points.bad-target",
                               "the target of a script is not `module:attribute`", line, number));
        }
        scripts->push_back(*std::move(entry));
    }
    return result;
}

std::string EntryPoints::to_string() const {
    std::string text;
    append_group(console_group, console_scripts, text);
    append_group(gui_group, gui_scripts, text);
    return text;
}

}  // namespace envpack::packaging
