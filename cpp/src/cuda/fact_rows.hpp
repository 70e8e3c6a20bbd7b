#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// How the tables of cpp/data are read. Their form is that of tests/tools/check_data.py.

namespace envpack::cuda {

/// Whether a source tells this field: `verified` speaks for a whole row, `verified_fields` for
/// some.
bool is_verified(const json::Value& row, std::string_view field);

/// The texts of an array; empty when the member is absent or null.
Result<std::vector<std::string>> texts_at(const json::Value& row, std::string_view key);

/// A member as a value that can be parsed.
template <class T>
Result<T> parsed_at(const json::Value& row, std::string_view key) {
    ENVPACK_TRY(const std::string_view text, json::string_at(row, key));
    return T::parse(text);
}

/// The same; none when the member is absent or null.
template <class T>
Result<std::optional<T>> optional_at(const json::Value& row, std::string_view key) {
    ENVPACK_TRY(const std::string* text, json::optional_string_at(row, key));
    if (text == nullptr) {
        return std::nullopt;
    }
    ENVPACK_TRY(T value, T::parse(*text));
    return std::optional<T>(std::move(value));
}

template <class T>
Result<std::vector<T>> parsed_list_at(const json::Value& row, std::string_view key) {
    ENVPACK_TRY(const std::vector<std::string> texts, texts_at(row, key));
    std::vector<T> values;
    for (const std::string& text : texts) {
        ENVPACK_TRY(T value, T::parse(text));
        values.push_back(std::move(value));
    }
    return values;
}

/// The error of a reader as one of ours: a user cannot mend a table that was compiled in.
template <class T>
Result<T> compiled_in(Result<T> table, std::string_view name) {
    if (!table) {
        return fail(ErrorCode::internal,
                    "the table " + std::string(name) + " is damaged: " + table.error().render());
    }
    return table;
}

}  // namespace envpack::cuda
