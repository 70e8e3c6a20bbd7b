#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/packaging/direct_url.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/version.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Members of a record and JSON, one to one. What has a parse() and a to_string() is a text.

namespace envpack::env {

inline json::Value encode(const json::Value& value) {
    return value;
}
inline json::Value encode(const std::string& text) {
    return text;
}
inline json::Value encode(bool value) {
    return value;
}
inline json::Value encode(unsigned value) {
    return std::int64_t{value};
}
inline json::Value encode(std::size_t value) {
    return value;
}
inline json::Value encode(const SafePath& path) {
    return path.str();
}
inline json::Value encode(const packaging::PackageName& name) {
    return name.to_string();
}
inline json::Value encode(const packaging::Version& version) {
    return version.to_string();
}
inline json::Value encode(const packaging::Requirement& requirement) {
    return requirement.to_string();
}
inline json::Value encode(const packaging::DirectUrl& url) {
    return url.to_json();
}
template <class T>
json::Value encode(const std::optional<T>& value) {
    return value ? encode(*value) : json::Value();
}
template <class T, class Encode>
json::Value list_of(const std::vector<T>& items, const Encode& encode_item) {
    json::Array list;
    list.reserve(items.size());
    for (const T& item : items) {
        list.push_back(encode_item(item));
    }
    return list;
}
template <class T>
json::Value encode(const std::vector<T>& items) {
    return list_of(items, [](const T& item) { return encode(item); });
}

/// The members as an array.
template <class... Members>
json::Value record(const Members&... members) {
    json::Array list;
    list.reserve(sizeof...(members));
    (list.push_back(encode(members)), ...);
    return list;
}

template <class T>
using As = std::type_identity<T>;

Result<std::string> decode(As<std::string>, const json::Value& value);
Result<bool> decode(As<bool>, const json::Value& value);
Result<unsigned> decode(As<unsigned>, const json::Value& value);
Result<std::size_t> decode(As<std::size_t>, const json::Value& value);
Result<SafePath> decode(As<SafePath>, const json::Value& value);

/// parse_error, rule `inventory.record`.
tl::unexpected<Error> no_record();

/// What has a parse().
template <class T>
Result<T> decode(As<T>, const json::Value& value) {
    return value.as_string() == nullptr ? Result<T>(no_record()) : T::parse(*value.as_string());
}
template <class T>
Result<std::optional<T>> decode(As<std::optional<T>>, const json::Value& value) {
    if (value.is_null()) {
        return std::nullopt;
    }
    ENVPACK_TRY(T item, decode(As<T>(), value));
    return std::optional<T>(std::move(item));
}
template <class T>
Result<std::vector<T>> decode(As<std::vector<T>>, const json::Value& value) {
    if (value.as_array() == nullptr) {
        return no_record();
    }
    std::vector<T> items;
    items.reserve(value.as_array()->size());
    for (const json::Value& element : *value.as_array()) {
        ENVPACK_TRY(T item, decode(As<T>(), element));
        items.push_back(std::move(item));
    }
    return items;
}

/// The members of one record, read in their order. One thread.
class Fields {
public:
    /// What `decode_record(fields)` makes of `value`, whose elements it takes, each.
    template <class Decode>
    static auto decode_all(const json::Value& value, const Decode& decode_record)
        -> decltype(decode_record(std::declval<Fields&>())) {
        if (value.as_array() == nullptr) {
            return no_record();
        }
        Fields fields(*value.as_array());
        auto result = decode_record(fields);
        if (result && fields.next_ != fields.values_.size()) {
            return no_record();
        }
        return result;
    }

    template <class T>
    Result<T> next() {
        return next_ == values_.size() ? Result<T>(no_record()) : decode(As<T>(), values_[next_++]);
    }
    /// The next element as a record.
    template <class Decode>
    auto next(const Decode& decode_record) -> decltype(decode_record(*this)) {
        if (next_ == values_.size()) {
            return no_record();
        }
        return decode_all(values_[next_++], decode_record);
    }
    template <class... Members>
    Result<void> read(Members&... members) {
        Result<void> result;
        static_cast<void>(((result = read_one(members)).has_value() && ...));
        return result;
    }
    /// The next element as a list of records.
    template <class T, class Decode>
    Result<void> read_list(std::vector<T>& into, const Decode& decode_record) {
        if (next_ == values_.size() || values_[next_].as_array() == nullptr) {
            return no_record();
        }
        for (const json::Value& element : *values_[next_++].as_array()) {
            ENVPACK_TRY(T item, decode_all(element, decode_record));
            into.push_back(std::move(item));
        }
        return {};
    }

private:
    explicit Fields(const json::Array& values) : values_(values) {}
    template <class T>
    Result<void> read_one(T& member) {
        ENVPACK_TRY(member, next<T>());
        return {};
    }

    const json::Array& values_;
    std::size_t next_ = 0;
};

}  // namespace envpack::env
