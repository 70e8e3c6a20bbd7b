#include "envpack/base/toml.hpp"

#include "tomlplusplus.hpp"

#include <cstdint>
#include <sstream>
#include <string>

#include <fmt/format.h>

namespace envpack::toml {
namespace {

Result<json::Value> convert(const ::toml::node& node, std::size_t depth) {
    if (depth == 0) {
        return fail(
            Error(ErrorCode::limit_exceeded, "TOML nests too deeply").with_rule("toml.depth"));
    }
    if (const auto* table = node.as_table()) {
        json::Object members;
        members.reserve(table->size());
        for (const auto& [key, value] : *table) {  // toml++ keeps keys sorted
            ENVPACK_TRY(json::Value member, convert(value, depth - 1));
            members.emplace_back(std::string(key.str()), std::move(member));
        }
        return json::Value(std::move(members));
    }
    if (const auto* array = node.as_array()) {
        json::Array items;
        items.reserve(array->size());
        for (const auto& value : *array) {
            ENVPACK_TRY(json::Value item, convert(value, depth - 1));
            items.push_back(std::move(item));
        }
        return json::Value(std::move(items));
    }
    if (const auto* text = node.as_string()) {
        return json::Value(text->get());
    }
    if (const auto* integer = node.as_integer()) {
        return json::Value(std::int64_t{integer->get()});
    }
    if (const auto* flag = node.as_boolean()) {
        return json::Value(flag->get());
    }
    if (const auto* number = node.as_floating_point()) {
        return json::Value(number->get());
    }
    std::ostringstream text;  // dates and times print themselves as RFC 3339
    if (const auto* date = node.as_date()) {
        text << date->get();
    } else if (const auto* time = node.as_time()) {
        text << time->get();
    } else if (const auto* instant = node.as_date_time()) {
        text << instant->get();
    }
    return json::Value(std::move(text).str());
}

/// Deep brackets overflow a recursive parser's stack, so they are counted before it runs: quotes
/// and comments are not understood here, which only makes the count too high.
bool nests_too_deeply(std::string_view text, std::size_t max_depth) {
    std::size_t depth = 0;
    for (const char c : text) {
        if (c == '[' || c == '{') {
            if (++depth > 16 * max_depth) {
                return true;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

}  // namespace

Result<json::Value> parse(std::string_view text, std::size_t max_depth) {
    if (nests_too_deeply(text, max_depth)) {
        return fail(
            Error(ErrorCode::limit_exceeded, "TOML nests too deeply").with_rule("toml.depth"));
    }
    try {
        return convert(::toml::parse(text), max_depth);
    } catch (const ::toml::parse_error& error) {
        const auto begin = error.source().begin;
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("malformed TOML at line {}, column {}: {}", begin.line,
                                      begin.column, error.description()))
                        .with_rule("toml.malformed"));
    }
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\u{:04X}", byte);
        } else {
            out += c;
        }
    }
    return out + '"';
}

}  // namespace envpack::toml
