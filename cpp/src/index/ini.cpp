#include "ini.hpp"

#include "envpack/base/text.hpp"

#include <optional>
#include <utility>

#include <fmt/format.h>

namespace envpack::index {

Result<IniFile> parse_ini(std::string_view text) {
    IniFile file;
    std::map<std::string, std::string> defaults;
    std::map<std::string, std::string>* section = nullptr;
    std::string* value = nullptr;
    std::size_t key_indent = 0;
    std::size_t number = 0;
    const auto refuse = [&](std::string_view line, std::string_view why) {
        return fail(Error(ErrorCode::parse_error, fmt::format("line {}: {}", number, why))
                        .with_span(std::string(line), 0, line.size()));
    };
    for (const std::string_view line : text::lines(text)) {
        ++number;
        const std::string_view content = text::trim(line);
        if (content.empty()) {
            if (value != nullptr) {
                *value += '\n';  // an empty line inside a value; trailing ones are cut below
            }
            continue;
        }
        if (content.front() == '#' || content.front() == ';') {
            continue;
        }
        const std::size_t indent = line.find_first_not_of(" \t");
        if (value != nullptr && indent > key_indent) {
            *value += '\n';
            *value += content;
            continue;
        }
        key_indent = indent;
        value = nullptr;
        if (content.front() == '[') {
            const auto end = content.find(']');
            if (end == std::string_view::npos || end == 1) {
                return refuse(line, "a section has no name");
            }
            const std::string name(content.substr(1, end - 1));
            if (name == "DEFAULT") {
                section = &defaults;
            } else if (const auto [found, fresh] = file.try_emplace(name); fresh) {
                section = &found->second;
            } else {
                return refuse(line,
                              fmt::format("section `{}` is there twice", text::printable(name)));
            }
            continue;
        }
        if (section == nullptr) {
            return refuse(line, "there is no section before it");
        }
        const auto mark = content.find_first_of("=:");
        if (mark == std::string_view::npos || mark == 0) {
            return refuse(line, "`key = value` is expected");
        }
        const auto [entry, fresh] =
            section->try_emplace(text::to_lower(text::trim(content.substr(0, mark))),
                                 text::trim(content.substr(mark + 1)));
        if (!fresh) {
            return refuse(line, fmt::format("`{}` is there twice", text::printable(entry->first)));
        }
        value = &entry->second;
    }
    for (auto& [name, keys] : file) {
        keys.insert(defaults.begin(), defaults.end());
        for (auto& [key, text_of] : keys) {
            text_of.erase(text_of.find_last_not_of(" \t\r\n") + 1);
        }
    }
    return file;
}

}  // namespace envpack::index
