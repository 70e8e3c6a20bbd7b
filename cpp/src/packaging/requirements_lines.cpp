#include "requirements_lines.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/requirements_file.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace envpack::packaging {
namespace {

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\f' || c == '\v';
}

struct PhysicalLine {
    std::string_view text;
    std::size_t begin;
    std::size_t end;  // behind its line end
};

// LF, CRLF, CR and FF end a line, as in str.splitlines().
std::vector<PhysicalLine> physical_lines(std::string_view text) {
    std::vector<PhysicalLine> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t stop = std::min(text.find_first_of("\n\r\f\v", begin), text.size());
        const std::size_t end =
            std::min(stop + (text.substr(stop).starts_with("\r\n") ? 2 : 1), text.size());
        lines.push_back({text.substr(begin, stop - begin), begin, end});
        begin = end;
    }
    return lines;
}

// Where the comment of the line begins, white space before it included; its size when none.
std::size_t comment_begin(std::string_view line) noexcept {
    for (std::size_t at = line.find('#'); at != std::string_view::npos;
         at = line.find('#', at + 1)) {
        if (at != 0 && !is_space(line[at - 1])) {
            continue;
        }
        while (at > 0 && is_space(line[at - 1])) {
            --at;
        }
        return at;
    }
    return line.size();
}

std::string_view without_backslashes(std::string_view line) noexcept {
    while (line.starts_with('\\')) {
        line.remove_prefix(1);
    }
    while (line.ends_with('\\')) {
        line.remove_suffix(1);
    }
    return line;
}

std::vector<LogicalLine> join_lines(std::string_view text) {
    std::vector<LogicalLine> result;
    bool continues = false;
    std::size_t number = 0;
    for (const auto& [line, begin, end] : physical_lines(text)) {
        ++number;
        const bool is_comment = comment_begin(line) == 0 && !line.empty();
        const bool goes_on = line.ends_with('\\') && !is_comment;
        if (!continues) {
            result.push_back({.number = number, .begin = begin});
        }
        result.back().end = end;
        // A comment inside a continued line ends it; the space keeps its `#` a comment.
        result.back().text.append(is_comment ? " " : "");
        result.back().text.append(goes_on ? without_backslashes(line) : line);
        continues = goes_on;
    }
    return result;
}

void expand(std::string& line,
            const std::function<std::optional<std::string>(std::string_view)>& variable) {
    for (std::size_t at = line.find("${"); at != std::string::npos; at = line.find("${", at)) {
        const std::size_t begin = at + 2;
        std::size_t end = begin;
        while (end < line.size() && ((line[end] >= 'A' && line[end] <= 'Z') ||
                                     (line[end] >= '0' && line[end] <= '9') || line[end] == '_')) {
            ++end;
        }
        at = begin;
        if (end == begin || end == line.size() || line[end] != '}') {
            continue;
        }
        const auto value = variable(std::string_view(line).substr(begin, end - begin));
        if (value && !value->empty()) {
            line.replace(begin - 2, end + 1 - (begin - 2), *value);
            at = begin - 2 + value->size();  // a value is not expanded again
        }
    }
}

void append_utf8(std::uint32_t code, std::string& out) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | (code >> 6));
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3F));
        put(0x80 | ((code >> 6) & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

// A lone surrogate becomes bytes that are no UTF-8, which the caller notices.
std::string from_utf16(std::string_view bytes, bool big_endian) {
    const auto unit = [bytes, big_endian](std::size_t at) {
        const auto first = static_cast<unsigned char>(bytes[at]);
        const auto second = static_cast<unsigned char>(bytes[at + 1]);
        return static_cast<std::uint32_t>(big_endian ? first << 8 | second : second << 8 | first);
    };
    std::string out;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        std::uint32_t code = unit(at);
        if (code >= 0xD800 && code < 0xDC00 && at + 3 < bytes.size()) {
            const std::uint32_t low = unit(at + 2);
            if (low >= 0xDC00 && low < 0xE000) {
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
                at += 2;
            }
        }
        append_utf8(code, out);
    }
    return out;
}

}  // namespace

Result<std::string> decode_requirements(std::string_view bytes) {
    std::string text;
    if (bytes.starts_with("\xEF\xBB\xBF")) {
        text = bytes.substr(3);
    } else if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
        text = from_utf16(bytes.substr(2), bytes.starts_with("\xFE\xFF"));
    } else {
        text = bytes;
    }
    if (!text::is_utf8(text) || text.find('\0') != std::string::npos) {
        return fail(Error(ErrorCode::parse_error, "the file is not UTF-8 text")
                        .with_hint("save it as UTF-8"));
    }
    return text;
}

std::vector<LogicalLine> logical_lines(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view)>& variable) {
    std::vector<LogicalLine> lines = join_lines(text);
    for (LogicalLine& line : lines) {
        line.text.resize(comment_begin(line.text));
        line.text = std::string(text::trim(line.text));
        line.written = line.text;
        if (variable) {
            expand(line.text, variable);
        }
    }
    std::erase_if(lines, [](const LogicalLine& line) { return line.text.empty(); });
    return lines;
}

}  // namespace envpack::packaging
