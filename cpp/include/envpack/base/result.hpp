#pragma once

#include "envpack/base/error.hpp"

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace envpack {

/// A value, or the reason why there is none. ADR 0001: always tl::expected, never std::expected,
/// so that the ABI does not depend on the consumer's language version.
template <class T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorCode::not_found, "...")` from any function that returns a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
    return tl::unexpected(Error(code, std::move(message)));
}
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected(std::move(error));
}

/// A refused input, with its rule id (`zip.ratio`, `wheel.dist-info`).
[[nodiscard]] inline tl::unexpected<Error> refuse(std::string_view rule, std::string message,
                                                  ErrorCode code = ErrorCode::parse_error) {
    return fail(Error(code, std::move(message)).with_rule(std::string(rule)));
}

/// `return with_context(parse(text), "while reading METADATA of numpy")`.
template <class T>
[[nodiscard]] Result<T> with_context(Result<T> result, std::string doing) {
    if (!result) {
        return fail(std::move(result).error().with_context(std::move(doing)));
    }
    return result;
}

}  // namespace envpack

#define ENVPACK_CONCAT_(a, b) a##b
#define ENVPACK_CONCAT(a, b) ENVPACK_CONCAT_(a, b)
#define ENVPACK_TRY_(tmp, decl, expr)                    \
    auto tmp = (expr);                                   \
    if (!tmp) {                                          \
        return ::tl::unexpected(std::move(tmp).error()); \
    }                                                    \
    decl = *std::move(tmp)

/// ENVPACK_TRY(const auto name, PackageName::parse(text)); one a line.
#define ENVPACK_TRY(decl, expr) ENVPACK_TRY_(ENVPACK_CONCAT(envpack_try_, __LINE__), decl, expr)

/// ENVPACK_CHECK(sink.write(bytes)); for a Result<void>, or a Result whose value is not needed.
#define ENVPACK_CHECK(expr)                                                   \
    do {                                                                      \
        if (auto envpack_check_result = (expr); !envpack_check_result) {      \
            return ::tl::unexpected(std::move(envpack_check_result).error()); \
        }                                                                     \
    } while (false)
