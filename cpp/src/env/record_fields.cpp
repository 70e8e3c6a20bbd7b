#include "record_fields.hpp"

#include <limits>

namespace envpack::env {

tl::unexpected<Error> no_record() {
    return fail(Error(ErrorCode::parse_error, "no record of an inventory of this version")
                    .with_rule("inventory.record"));
}

Result<std::string> decode(As<std::string>, const json::Value& value) {
    return value.as_string() == nullptr ? Result<std::string>(no_record()) : *value.as_string();
}

Result<bool> decode(As<bool>, const json::Value& value) {
    return value.as_bool() == nullptr ? Result<bool>(no_record()) : *value.as_bool();
}

Result<std::size_t> decode(As<std::size_t>, const json::Value& value) {
    if (value.as_integer() == nullptr || *value.as_integer() < 0) {
        return no_record();
    }
    return static_cast<std::size_t>(*value.as_integer());
}

Result<unsigned> decode(As<unsigned>, const json::Value& value) {
    ENVPACK_TRY(const std::size_t number, decode(As<std::size_t>(), value));
    if (number > std::numeric_limits<unsigned>::max()) {
        return no_record();
    }
    return static_cast<unsigned>(number);
}

Result<SafePath> decode(As<SafePath>, const json::Value& value) {
    ENVPACK_TRY(const std::string text, decode(As<std::string>(), value));
    return text.empty() ? SafePath() : SafePath::parse(text);
}

}  // namespace envpack::env
