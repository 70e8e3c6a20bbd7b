#include "lock_table.hpp"

namespace envpack::env {

Result<LockTable> LockTable::of(const json::Value& value, std::string where) {
    if (value.as_object() == nullptr) {
        return fail(Error(ErrorCode::parse_error, "`" + where + "` of the lock must be a table")
                        .with_rule("lock.type"));
    }
    return LockTable(value, std::move(where));
}

bool LockTable::has(std::string_view key) const noexcept {
    return table_->find(key) != nullptr;
}

std::string LockTable::name(std::string_view key) const {
    return where_.empty() ? std::string(key) : where_ + '.' + std::string(key);
}

Error LockTable::missing(std::string_view key) const {
    return Error(ErrorCode::parse_error, "the lock has no `" + name(key) + "`")
        .with_rule("lock.missing-key");
}

Error LockTable::wrong_type(std::string_view key, std::string_view wanted) const {
    return Error(ErrorCode::parse_error,
                 "`" + name(key) + "` of the lock must be " + std::string(wanted))
        .with_rule("lock.type");
}

Result<std::string> LockTable::text(std::string_view key) const {
    const json::Value* const value = table_->find(key);
    if (value == nullptr) {
        return std::string();
    }
    const std::string* const text = value->as_string();
    if (text == nullptr) {
        return fail(wrong_type(key, "a string"));
    }
    return *text;
}

Result<std::string> LockTable::required_text(std::string_view key) const {
    if (!has(key)) {
        return fail(missing(key));
    }
    return text(key);
}

Result<std::vector<std::string>> LockTable::texts(std::string_view key) const {
    std::vector<std::string> texts;
    const json::Value* const value = table_->find(key);
    if (value == nullptr) {
        return texts;
    }
    const json::Array* const array = value->as_array();
    if (array == nullptr) {
        return fail(wrong_type(key, "an array of strings"));
    }
    for (const json::Value& item : *array) {
        if (item.as_string() == nullptr) {
            return fail(wrong_type(key, "an array of strings"));
        }
        texts.push_back(*item.as_string());
    }
    return texts;
}

Result<bool> LockTable::flag(std::string_view key) const {
    const json::Value* const value = table_->find(key);
    if (value == nullptr) {
        return false;
    }
    if (value->as_bool() == nullptr) {
        return fail(wrong_type(key, "true or false"));
    }
    return *value->as_bool();
}

Result<std::optional<std::uint64_t>> LockTable::size(std::string_view key) const {
    const json::Value* const value = table_->find(key);
    if (value == nullptr) {
        return std::optional<std::uint64_t>();
    }
    if (value->as_integer() == nullptr || *value->as_integer() < 0) {
        return fail(wrong_type(key, "a number of bytes"));
    }
    return std::optional(static_cast<std::uint64_t>(*value->as_integer()));
}

Result<std::optional<LockTable>> LockTable::table(std::string_view key) const {
    const json::Value* const value = table_->find(key);
    if (value == nullptr) {
        return std::optional<LockTable>();
    }
    ENVPACK_TRY(LockTable table, LockTable::of(*value, name(key)));
    return std::optional(std::move(table));
}

Result<std::vector<LockTable>> LockTable::tables(std::string_view key) const {
    std::vector<LockTable> tables;
    const json::Value* const value = table_->find(key);
    if (value == nullptr) {
        return tables;
    }
    const json::Array* const array = value->as_array();
    if (array == nullptr) {
        return fail(wrong_type(key, "an array of tables"));
    }
    for (const json::Value& item : *array) {
        ENVPACK_TRY(LockTable table,
                    LockTable::of(item, name(key) + '[' + std::to_string(tables.size()) + ']'));
        tables.push_back(std::move(table));
    }
    return tables;
}

Result<std::vector<std::pair<std::string, std::string>>> LockTable::text_members() const {
    std::vector<std::pair<std::string, std::string>> members;
    for (const auto& [key, value] : *table_->as_object()) {
        if (value.as_string() == nullptr) {
            return fail(wrong_type(key, "a string"));
        }
        members.emplace_back(key, *value.as_string());
    }
    return members;
}

}  // namespace envpack::env
