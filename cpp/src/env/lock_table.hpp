#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::env {

/// Typed look-ups in a TOML table of a lock; every error names the key from the document's root
/// and has the rule lock.type or lock.missing-key. The table outlives the reader. One thread.
class LockTable {
public:
    LockTable(const json::Value& table, std::string where)
        : table_(&table), where_(std::move(where)) {}
    /// lock.type when `value` is no table.
    static Result<LockTable> of(const json::Value& value, std::string where);

    bool has(std::string_view key) const noexcept;
    Result<std::string> text(std::string_view key) const;  ///< empty when absent
    Result<std::string> required_text(std::string_view key) const;
    Result<std::vector<std::string>> texts(std::string_view key) const;  ///< empty when absent
    Result<bool> flag(std::string_view key) const;                       ///< false when absent
    Result<std::optional<std::uint64_t>> size(std::string_view key) const;
    Result<std::optional<LockTable>> table(std::string_view key) const;
    Result<std::vector<LockTable>> tables(std::string_view key) const;  ///< empty when absent
    /// Keys with text values, in the document's (sorted) order.
    Result<std::vector<std::pair<std::string, std::string>>> text_members() const;

    std::string name(std::string_view key) const;  ///< "packages[3].version"
    Error missing(std::string_view key) const;

private:
    Error wrong_type(std::string_view key, std::string_view wanted) const;
    const json::Value* table_;
    std::string where_;
};

}  // namespace envpack::env
