#include "envpack/wheel/shebang.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {
namespace {

// Linux before 5.1 cuts the line after 127 bytes (BINPRM_BUF_SIZE 128 with the final NUL).
constexpr std::size_t longest_line = 127;
constexpr std::string_view shell_line = "#!/bin/sh\n";
constexpr std::string_view exec_word = "'''exec' ";
constexpr std::string_view exec_arguments = " \"$0\" \"$@\"";
constexpr std::string_view closing_line = "' '''\n";

bool is_unsafe(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '"' || c == '\'' || c == '$' || c == '`' ||
           c == '\\';
}

std::string_view first_line(std::string_view text) noexcept {
    return text.substr(0, text.find('\n'));
}

std::size_t length_with_end(std::string_view line, std::string_view text) noexcept {
    return std::min(line.size() + 1, text.size());
}

std::optional<ScriptInterpreter> shell_form(std::string_view script) {
    std::string_view rest = script.substr(shell_line.size());
    const std::string_view line = first_line(rest);
    if (!line.starts_with(exec_word)) {
        return std::nullopt;
    }
    std::string_view command = line.substr(exec_word.size());
    if (!command.ends_with(exec_arguments)) {
        return std::nullopt;
    }
    command.remove_suffix(exec_arguments.size());
    if (command.size() >= 2 && (command.front() == '"' || command.front() == '\'') &&
        command.back() == command.front()) {
        command = command.substr(1, command.size() - 2);
    }
    if (!command.starts_with('/') || std::ranges::any_of(command, is_unsafe)) {
        return std::nullopt;
    }
    rest.remove_prefix(length_with_end(line, rest));
    if (!rest.starts_with(closing_line)) {
        return std::nullopt;
    }
    rest.remove_prefix(closing_line.size());
    return ScriptInterpreter{std::string(command), script.size() - rest.size(), false};
}

}  // namespace

Result<std::string> shebang(std::string_view interpreter) {
    if (!interpreter.starts_with('/')) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("the interpreter path `{}` is not absolute",
                                      text::printable(interpreter)))
                        .with_rule("wheel.interpreter-path"));
    }
    if (std::ranges::any_of(interpreter, is_unsafe)) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("the interpreter path `{}` cannot be written into a script",
                                      text::printable(interpreter)))
                        .with_rule("wheel.interpreter-path")
                        .with_hint("choose a prefix without quotes, `$`, `\\` and line ends"));
    }
    if (interpreter.find(' ') == std::string_view::npos && interpreter.size() + 3 <= longest_line) {
        return fmt::format("#!{}\n", interpreter);
    }
    // The shell runs line 2 and never comes back; Python sees one string literal over two lines.
    return fmt::format("{}{}\"{}\"{}\n{}", shell_line, exec_word, interpreter, exec_arguments,
                       closing_line);
}

std::optional<ScriptInterpreter> script_interpreter(std::string_view script) {
    if (script.starts_with(shell_line)) {
        if (auto found = shell_form(script)) {
            return found;
        }
    }
    if (!script.starts_with("#!")) {
        return std::nullopt;
    }
    const std::string_view line = first_line(script);
    const std::string_view command = text::trim(line.substr(2));
    const std::size_t end = command.find_first_of(" \t");
    const std::string_view path = command.substr(0, end);
    if (!path.starts_with('/')) {
        return std::nullopt;
    }
    return ScriptInterpreter{std::string(path), length_with_end(line, script),
                             end == std::string_view::npos};
}

Result<std::string> with_interpreter(std::string script, std::string_view interpreter) {
    if (!script.starts_with("#!python")) {
        return script;
    }
    ENVPACK_TRY(const std::string head, shebang(interpreter));
    return script.replace(0, length_with_end(first_line(script), script), head);
}

}  // namespace envpack::wheel
