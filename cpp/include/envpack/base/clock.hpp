#pragma once

#include "envpack/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace envpack {

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
using UnixTime = std::int64_t;

/// Where the present time comes from. Nothing else in envpack asks the operating system for it,
/// so that outputs are reproducible by construction. Thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    virtual UnixTime now() const = 0;
};

/// The machine's clock. Thread-safe.
class SystemClock final : public Clock {
public:
    UnixTime now() const override;
};

/// Always the same instant: SOURCE_DATE_EPOCH in builds, and tests. Thread-safe.
class FixedClock final : public Clock {
public:
    explicit FixedClock(UnixTime instant) noexcept : instant_(instant) {}
    UnixTime now() const override { return instant_; }

private:
    UnixTime instant_;
};

/// "2024-03-01T00:00:00Z" (RFC 3339, UTC, whole seconds). Years 0 to 9999 only; asserts otherwise.
std::string format_rfc3339(UnixTime instant);

/// `2024-03-01`, which is the end of that day in UTC, or a time of RFC 3339
/// (`2024-03-01T00:00:00Z`, `…+01:00`; fractions of a second are dropped). invalid_argument for
/// anything else.
Result<UnixTime> parse_date_or_time(std::string_view text);

/// SOURCE_DATE_EPOCH as its specification writes it: a decimal integer of seconds, 0 or more, up
/// to the year 9999. Source: reproducible-builds.org/specs/source-date-epoch.
Result<UnixTime> parse_source_date_epoch(std::string_view text);

}  // namespace envpack
