#include "fact_rows.hpp"

#include <algorithm>

namespace envpack::cuda {

bool is_verified(const json::Value& row, std::string_view field) {
    const json::Value* status = row.find("status");
    if (status != nullptr && status->as_string() != nullptr && *status->as_string() == "verified") {
        return true;
    }
    const json::Value* fields = row.find("verified_fields");
    const json::Array* names = fields == nullptr ? nullptr : fields->as_array();
    return names != nullptr && std::any_of(names->begin(), names->end(), [&](const auto& name) {
               return name.as_string() != nullptr && *name.as_string() == field;
           });
}

Result<std::vector<std::string>> texts_at(const json::Value& row, std::string_view key) {
    std::vector<std::string> texts;
    const json::Value* member = row.find(key);
    if (member == nullptr || member->is_null()) {
        return texts;
    }
    ENVPACK_TRY(const json::Array* items, json::array_at(row, key));
    for (const json::Value& item : *items) {
        if (item.as_string() == nullptr) {
            return fail(ErrorCode::parse_error, "`" + std::string(key) + "` holds no texts");
        }
        texts.push_back(*item.as_string());
    }
    return texts;
}

}  // namespace envpack::cuda
