#include "venv_move.hpp"

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/text.hpp"
#include "envpack/wheel/shebang.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <system_error>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {
namespace {

constexpr std::string_view sees_base_key = "include-system-site-packages";

bool is_path_char(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return std::isalnum(byte) != 0 || byte >= 0x80 || c == '_' || c == '-' || c == '.' || c == '/';
}

std::string_view unquoted(std::string_view word) noexcept {
    if (word.size() >= 2 && (word.front() == '"' || word.front() == '\'') &&
        word.back() == word.front()) {
        return word.substr(1, word.size() - 2);
    }
    return word;
}

// "key = value" of pyvenv.cfg; CPython's site.py ignores lines without `=` and the keys' case.
std::pair<std::string, std::string_view> config_item(std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) {
        return {};
    }
    return {text::to_lower(text::trim(line.substr(0, equals))),
            text::trim(line.substr(equals + 1))};
}

void add_prefix(std::vector<std::string>& prefixes, std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) {
        path.remove_suffix(1);
    }
    // Nothing that could be meant for the whole machine.
    if (path.size() > 1 && path.starts_with('/') &&
        std::ranges::find(prefixes, path) == prefixes.end()) {
        prefixes.emplace_back(path);
    }
}

// What the environment itself says: `VIRTUAL_ENV=…` of bin/activate (venv, virtualenv and uv write
// it), the last word of `command` in pyvenv.cfg (venv from Python 3.11 on).
void add_recorded_prefixes(std::vector<std::string>& prefixes, std::string_view activate,
                           std::string_view config) {
    for (std::string_view line : text::lines(activate)) {
        line = text::trim(line);
        if (line.starts_with("export ")) {
            line = text::trim(line.substr(7));
        }
        if (line.starts_with("VIRTUAL_ENV=")) {
            add_prefix(prefixes, unquoted(line.substr(12)));
        }
    }
    for (const std::string_view line : text::lines(config)) {
        const auto [key, value] = config_item(line);
        if (key == "command") {
            if (const auto words = text::words(value); !words.empty()) {
                add_prefix(prefixes, words.back());
            }
        }
    }
}

}  // namespace

VenvMove::VenvMove(std::vector<std::string> old_prefixes, const SafePath& prefix,
                   std::string interpreter)
    : old_prefixes_(std::move(old_prefixes)),
      prefix_(prefix),
      new_prefix_("/" + prefix.str()),
      interpreter_(std::move(interpreter)) {
    std::ranges::stable_sort(old_prefixes_, std::ranges::greater(), &std::string::size);
}

Result<VenvMove> VenvMove::find(const archive::DiskTree& tree, const SafePath& prefix,
                                const std::string& interpreter, const Limits& limits) {
    ENVPACK_CHECK(shebang(interpreter));
    const SafePath config_path = SafePath() / "pyvenv.cfg";
    ENVPACK_TRY(const auto config_info, archive::stat(tree, config_path));
    if (!config_info || config_info->type != archive::FileType::regular) {
        return fail(Error(ErrorCode::not_found,
                          fmt::format("`{}` is no virtual environment: it has no pyvenv.cfg",
                                      tree.root().string()))
                        .with_path(tree.root().string()));
    }
    ENVPACK_TRY(const std::string config,
                archive::read_file(tree, config_path, limits.max_metadata));
    std::string activate;
    const SafePath activate_path = SafePath() / "bin" / "activate";
    ENVPACK_TRY(const auto activate_info, archive::stat(tree, activate_path));
    if (activate_info && activate_info->type == archive::FileType::regular) {
        ENVPACK_TRY(activate, archive::read_file(tree, activate_path, limits.max_metadata));
    }

    std::vector<std::string> prefixes;
    std::error_code ignored;  // a name that cannot be found out is one name less
    add_prefix(prefixes,
               std::filesystem::absolute(tree.root(), ignored).lexically_normal().string());
    add_prefix(prefixes, std::filesystem::canonical(tree.root(), ignored).string());
    add_recorded_prefixes(prefixes, activate, config);
    return VenvMove(std::move(prefixes), prefix, interpreter);
}

std::optional<std::string> VenvMove::moved_path(std::string_view path) const {
    for (const std::string& old : old_prefixes_) {
        if (path.starts_with(old) && (path.size() == old.size() || path[old.size()] == '/')) {
            return new_prefix_ + std::string(path.substr(old.size()));
        }
    }
    return std::nullopt;
}

std::optional<SafePath> VenvMove::relative(std::string_view path) const {
    for (const std::string& old : old_prefixes_) {
        if (path.starts_with(old) && (path.size() == old.size() || path[old.size()] == '/')) {
            auto below = SafePath::normalize(path.substr(old.size()));
            return below ? std::optional(*std::move(below)) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::string VenvMove::moved_text(std::string_view text) const {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const bool starts_path = text[at] == '/' && (at == 0 || !is_path_char(text[at - 1]));
        std::size_t matched = 0;
        for (const std::string& old : old_prefixes_) {
            const std::size_t end = at + old.size();
            if (starts_path && text.substr(at).starts_with(old) &&
                (end == text.size() || text[end] == '/' || !is_path_char(text[end]))) {
                matched = old.size();
                break;
            }
        }
        if (matched > 0) {
            out += new_prefix_;
            at += matched;
        } else {
            out += text[at++];
        }
    }
    return out;
}

Result<std::optional<std::string>> VenvMove::moved_script(std::string_view script) const {
    const auto found = script_interpreter(script);
    if (!found) {
        return std::optional<std::string>();
    }
    const auto interpreter = moved_path(found->path);
    if (!interpreter || *interpreter == found->path) {
        return std::optional<std::string>();
    }
    const std::string_view rest = script.substr(found->length);
    const std::string_view line = script.substr(0, script.find('\n'));
    const std::size_t argument = line.find(found->path) + found->path.size();
    if (!found->is_plain && !line.starts_with("#!/bin/sh") &&
        interpreter->find(' ') == std::string::npos) {
        // `#!/old/bin/python -E`: the argument stays.
        return std::optional(fmt::format("#!{}{}\n{}", *interpreter, line.substr(argument), rest));
    }
    ENVPACK_TRY(const std::string head, shebang(*interpreter));
    return std::optional(head + std::string(rest));
}

std::string VenvMove::moved_config(std::string_view config) const {
    const std::size_t slash = interpreter_.rfind('/');
    const std::string home = slash == 0 ? "/" : interpreter_.substr(0, slash);
    std::string out;
    for (const std::string_view line : text::lines(config)) {
        const auto [key, value] = config_item(line);
        if (key == "home") {
            out += fmt::format("home = {}\n", home);
        } else if (key == "executable" || key == "base-executable") {
            out += fmt::format("{} = {}\n", key, interpreter_);
        } else if (key == "command" || key == "base-prefix" || key == "base-exec-prefix" ||
                   (key == sees_base_key && sees_base_)) {
            // Said anew below, or notes of venv and virtualenv about the machine, which Python does
            // not read.
            continue;
        } else {
            out += fmt::format("{}\n", line);
        }
    }
    if (sees_base_) {
        out += fmt::format("{} = true\n", sees_base_key);
    }
    return out;
}

}  // namespace envpack::wheel
