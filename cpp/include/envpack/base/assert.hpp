#pragma once

namespace envpack::detail {
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;
}  // namespace envpack::detail

/// Aborts when `condition` is false: a bug in envpack, never a bad input (ADR 0001, rule 2).
/// Always on, so keep the condition cheap.
#define ENVPACK_ASSERT(condition)       \
    ((condition) ? static_cast<void>(0) \
                 : ::envpack::detail::assertion_failed(#condition, __FILE__, __LINE__))
