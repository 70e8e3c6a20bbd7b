#include "envpack/base/json.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace envpack::json {
namespace {

void write_string(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

struct Style {
    bool pretty;
};

void write(std::string& out, const Value& value, Style style, std::size_t level);

void new_line(std::string& out, Style style, std::size_t level) {
    if (style.pretty) {
        out += '\n';
        out.append(2 * level, ' ');
    }
}

void write_array(std::string& out, const Array& items, Style style, std::size_t level) {
    out += '[';
    for (const Value& item : items) {
        if (&item != &items.front()) {
            out += ',';
        }
        new_line(out, style, level + 1);
        write(out, item, style, level + 1);
    }
    if (!items.empty()) {
        new_line(out, style, level);
    }
    out += ']';
}

void write_object(std::string& out, const Object& object, Style style, std::size_t level) {
    std::vector<const Object::value_type*> members;
    members.reserve(object.size());
    for (const auto& member : object) {
        members.push_back(&member);
    }
    if (!style.pretty) {
        std::sort(members.begin(), members.end(),
                  [](const auto* a, const auto* b) { return a->first < b->first; });
    }
    out += '{';
    for (const auto* member : members) {
        if (member != members.front()) {
            out += ',';
        }
        new_line(out, style, level + 1);
        write_string(out, member->first);
        out += style.pretty ? ": " : ":";
        write(out, member->second, style, level + 1);
    }
    if (!members.empty()) {
        new_line(out, style, level);
    }
    out += '}';
}

void write(std::string& out, const Value& value, Style style, std::size_t level) {
    if (const bool* flag = value.as_bool()) {
        out += *flag ? "true" : "false";
    } else if (const std::int64_t* integer = value.as_integer()) {
        out += fmt::format("{}", *integer);
    } else if (const double* number = value.as_double()) {
        // JSON has no infinities; fmt's shortest form reads back as the same double.
        out += std::isfinite(*number) ? fmt::format("{}", *number) : "null";
    } else if (const std::string* text = value.as_string()) {
        write_string(out, *text);
    } else if (const Array* items = value.as_array()) {
        write_array(out, *items, style, level);
    } else if (const Object* object = value.as_object()) {
        write_object(out, *object, style, level);
    } else {
        out += "null";
    }
}

}  // namespace

std::string to_canonical(const Value& value) {
    std::string out;
    write(out, value, {.pretty = false}, 0);
    return out;
}

std::string to_pretty(const Value& value) {
    std::string out;
    write(out, value, {.pretty = true}, 0);
    out += '\n';
    return out;
}

}  // namespace envpack::json
