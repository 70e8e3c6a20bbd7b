#pragma once

#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace envpack::json {

class Value;
using Array = std::vector<Value>;
/// Members in document order; the parser refuses duplicate keys.
using Object = std::vector<std::pair<std::string, Value>>;

/// A JSON document (RFC 8259) as a tree. Numbers are 64-bit integers where they are written as
/// integers that fit, doubles otherwise. Value; not synchronised.
class Value {
public:
    Value() noexcept = default;  ///< null
    Value(std::nullptr_t) noexcept {}
    Value(bool value) noexcept : data_(value) {}
    Value(int value) noexcept : data_(std::int64_t{value}) {}
    Value(std::int64_t value) noexcept : data_(value) {}
    Value(std::uint64_t value);  ///< asserts that it fits std::int64_t
    Value(double value) noexcept : data_(value) {}
    Value(const char* text) : data_(std::string(text)) {}
    Value(std::string_view text) : data_(std::string(text)) {}
    Value(std::string text) noexcept : data_(std::move(text)) {}
    Value(Array items) noexcept : data_(std::move(items)) {}
    Value(Object members) noexcept : data_(std::move(members)) {}

    bool is_null() const noexcept { return std::holds_alternative<std::nullptr_t>(data_); }
    // nullptr when the value is of another kind.
    const bool* as_bool() const noexcept { return std::get_if<bool>(&data_); }
    const std::int64_t* as_integer() const noexcept { return std::get_if<std::int64_t>(&data_); }
    const double* as_double() const noexcept { return std::get_if<double>(&data_); }
    const std::string* as_string() const noexcept { return std::get_if<std::string>(&data_); }
    const Array* as_array() const noexcept { return std::get_if<Array>(&data_); }
    const Object* as_object() const noexcept { return std::get_if<Object>(&data_); }
    Array* as_array() noexcept { return std::get_if<Array>(&data_); }
    Object* as_object() noexcept { return std::get_if<Object>(&data_); }

    /// The member's value; nullptr when this is no object or has no such member.
    const Value* find(std::string_view key) const noexcept;
    Value* find(std::string_view key) noexcept;
    /// Replaces the member or appends it; a null value becomes an object first.
    void set(std::string_view key, Value value);
    /// Appends to an array; a null value becomes an array first.
    void push_back(Value value);

    friend bool operator==(const Value&, const Value&) = default;

private:
    std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> data_ =
        nullptr;
};

/// The text, or null when it is empty.
inline Value text_or_null(std::string_view text) {
    return text.empty() ? Value() : Value(text);
}

/// Parses exactly one document. parse_error for malformed text, bytes after the document, a
/// duplicate key (rule `json.duplicate-key`); limit_exceeded for nesting beyond `max_depth`.
Result<Value> parse(std::string_view text, std::size_t max_depth = 64);

/// Sorted keys, no white space, no HTML escaping, UTF-8: one byte sequence for one value.
std::string to_canonical(const Value& value);
/// Two spaces of indent, keys in their order, a final LF: for people and for --format json.
std::string to_pretty(const Value& value);

// Typed look-ups for readers of foreign documents: parse_error that names the key when the member
// is missing or of another kind. The references live as long as `object`.
Result<std::string_view> string_at(const Value& object, std::string_view key);
Result<std::int64_t> integer_at(const Value& object, std::string_view key);
Result<const Array*> array_at(const Value& object, std::string_view key);
Result<const Value*> object_at(const Value& object, std::string_view key);
/// nullptr when absent or null; parse_error when of another kind.
Result<const std::string*> optional_string_at(const Value& object, std::string_view key);

}  // namespace envpack::json
