#include "envpack/base/clock.hpp"

#include "envpack/base/assert.hpp"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

namespace envpack {
namespace {

constexpr UnixTime end_of_year_9999 = 253402300799;

}  // namespace

UnixTime SystemClock::now() const {
    using namespace std::chrono;
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

std::string format_rfc3339(UnixTime instant) {
    ENVPACK_ASSERT(instant >= -62167219200 && instant <= end_of_year_9999);
    using namespace std::chrono;
    const sys_seconds time{seconds{instant}};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Result<UnixTime> parse_source_date_epoch(std::string_view text) {
    UnixTime value = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value < 0 ||
        value > end_of_year_9999) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("SOURCE_DATE_EPOCH is `{}`", text.substr(0, 100)))
                        .with_hint("give whole seconds since 1970-01-01 UTC, such as 1700000000"));
    }
    return value;
}

}  // namespace envpack
