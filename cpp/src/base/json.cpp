#include "envpack/base/json.hpp"

#include "envpack/base/assert.hpp"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace envpack::json {
namespace {

/// Builds a Value from nlohmann's events: its own tree cannot tell a duplicate key, and its
/// exceptions must not leave this file.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Builder(std::size_t max_depth) : max_depth_(max_depth) {}

    bool null() override { return add(Value()); }
    bool boolean(bool value) override { return add(Value(value)); }
    bool number_integer(std::int64_t value) override { return add(Value(value)); }
    bool number_unsigned(std::uint64_t value) override {
        constexpr auto largest = std::uint64_t{std::numeric_limits<std::int64_t>::max()};
        return value <= largest ? add(Value(static_cast<std::int64_t>(value)))
                                : add(Value(static_cast<double>(value)));
    }
    bool number_float(double value, const std::string&) override { return add(Value(value)); }
    bool string(std::string& value) override { return add(Value(std::move(value))); }
    bool binary(nlohmann::json::binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(Value(Object{})); }
    bool start_array(std::size_t) override { return open(Value(Array{})); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(std::string& name) override {
        Frame& frame = stack_.back();
        if (!is_new(frame, name)) {
            error_ = Error(ErrorCode::parse_error, fmt::format("duplicate key `{}`", name))
                         .with_rule("json.duplicate-key");
            return false;
        }
        frame.key = std::move(name);
        return true;
    }

    bool parse_error(std::size_t position, const std::string& token,
                     const nlohmann::json::exception&) override {
        error_ = Error(ErrorCode::parse_error, fmt::format("malformed JSON at byte {} near `{}`",
                                                           position, token.substr(0, 40)))
                     .with_rule("json.malformed");
        return false;
    }

    Result<Value> take() && {
        if (error_) {
            return fail(*std::move(error_));
        }
        return std::move(root_);
    }

private:
    struct Frame {
        Value value;
        std::string key;
        std::unordered_set<std::string> keys;
    };

    /// Most objects are small: a set of names pays only for large ones.
    static bool is_new(Frame& frame, const std::string& name) {
        constexpr std::size_t small = 16;
        const Object& members = *frame.value.as_object();
        if (members.size() < small) {
            return std::none_of(members.begin(), members.end(),
                                [&](const auto& member) { return member.first == name; });
        }
        if (frame.keys.empty()) {
            for (const auto& member : members) {
                frame.keys.insert(member.first);
            }
        }
        return frame.keys.insert(name).second;
    }

    bool open(Value container) {
        if (stack_.size() >= max_depth_) {
            error_ = Error(ErrorCode::limit_exceeded,
                           fmt::format("JSON nests deeper than {} levels", max_depth_))
                         .with_rule("json.depth");
            return false;
        }
        stack_.push_back({.value = std::move(container), .key = {}, .keys = {}});
        return true;
    }

    bool close() {
        Value done = std::move(stack_.back().value);
        stack_.pop_back();
        return add(std::move(done));
    }

    bool add(Value value) {
        if (stack_.empty()) {
            root_ = std::move(value);
            return true;
        }
        Frame& frame = stack_.back();
        if (Object* object = frame.value.as_object()) {
            object->emplace_back(std::move(frame.key), std::move(value));
        } else {
            frame.value.as_array()->push_back(std::move(value));
        }
        return true;
    }

    std::size_t max_depth_;
    std::vector<Frame> stack_;
    Value root_;
    std::optional<Error> error_;
};

Error wrong_kind(std::string_view key, std::string_view kind, const Value* found) {
    return Error(ErrorCode::parse_error, found == nullptr
                                             ? fmt::format("`{}` is missing", key)
                                             : fmt::format("`{}` is no {}", key, kind));
}

}  // namespace

Value::Value(std::uint64_t value) : data_(static_cast<std::int64_t>(value)) {
    ENVPACK_ASSERT(value <= std::uint64_t{std::numeric_limits<std::int64_t>::max()});
}

const Value* Value::find(std::string_view key) const noexcept {
    const Object* object = as_object();
    if (object == nullptr) {
        return nullptr;
    }
    const auto found = std::find_if(object->begin(), object->end(),
                                    [&](const auto& member) { return member.first == key; });
    return found == object->end() ? nullptr : &found->second;
}

Value* Value::find(std::string_view key) noexcept {
    return const_cast<Value*>(std::as_const(*this).find(key));
}

void Value::set(std::string_view key, Value value) {
    if (is_null()) {
        data_ = Object{};
    }
    if (Value* member = find(key)) {
        *member = std::move(value);
        return;
    }
    ENVPACK_ASSERT(as_object() != nullptr);
    as_object()->emplace_back(std::string(key), std::move(value));
}

void Value::push_back(Value value) {
    if (is_null()) {
        data_ = Array{};
    }
    ENVPACK_ASSERT(as_array() != nullptr);
    as_array()->push_back(std::move(value));
}

Result<Value> parse(std::string_view text, std::size_t max_depth) {
    Builder builder(max_depth);
    nlohmann::json::sax_parse(text.begin(), text.end(), &builder,
                              nlohmann::json::input_format_t::json, /*strict=*/true);
    return std::move(builder).take();
}

Result<std::string_view> string_at(const Value& object, std::string_view key) {
    const Value* value = object.find(key);
    if (value == nullptr || value->as_string() == nullptr) {
        return fail(wrong_kind(key, "string", value));
    }
    return *value->as_string();
}

Result<std::int64_t> integer_at(const Value& object, std::string_view key) {
    const Value* value = object.find(key);
    if (value == nullptr || value->as_integer() == nullptr) {
        return fail(wrong_kind(key, "integer", value));
    }
    return *value->as_integer();
}

Result<const Array*> array_at(const Value& object, std::string_view key) {
    const Value* value = object.find(key);
    if (value == nullptr || value->as_array() == nullptr) {
        return fail(wrong_kind(key, "array", value));
    }
    return value->as_array();
}

Result<const Value*> object_at(const Value& object, std::string_view key) {
    const Value* value = object.find(key);
    if (value == nullptr || value->as_object() == nullptr) {
        return fail(wrong_kind(key, "object", value));
    }
    return value;
}

Result<const std::string*> optional_string_at(const Value& object, std::string_view key) {
    const Value* value = object.find(key);
    if (value == nullptr || value->is_null()) {
        return nullptr;
    }
    if (value->as_string() == nullptr) {
        return fail(wrong_kind(key, "string", value));
    }
    return value->as_string();
}

}  // namespace envpack::json
