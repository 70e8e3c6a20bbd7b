#include "envpack/base/clock.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
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

Result<UnixTime> parse_date_or_time(std::string_view text) {
    const auto refused = [&] {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("`{}` is no date", text::printable(text, 100)))
                        .with_hint("write it as 2024-03-01 or 2024-03-01T12:00:00Z"));
    };
    // The number of exactly `size` digits at `at`; -1 when they are none.
    const auto number = [&](std::size_t at, std::size_t size) {
        int value = -1;
        if (at + size <= text.size()) {
            const auto [end, error] =
                std::from_chars(text.data() + at, text.data() + at + size, value);
            value = error == std::errc{} && end == text.data() + at + size ? value : -1;
        }
        return value;
    };
    using namespace std::chrono;
    const year_month_day date{year{number(0, 4)}, month{static_cast<unsigned>(number(5, 2))},
                              day{static_cast<unsigned>(number(8, 2))}};
    constexpr std::size_t date_size = 10;
    if (text.size() < date_size || text[4] != '-' || text[7] != '-' || !date.ok() ||
        date.year() < year{0}) {
        return refused();
    }
    const UnixTime midnight = sys_seconds{sys_days{date}}.time_since_epoch().count();
    if (text.size() == date_size) {
        return midnight + 86'399;
    }
    const int hour = number(11, 2);
    const int minute = number(14, 2);
    const int second = number(17, 2);
    constexpr std::size_t time_size = 19;
    if (text.size() <= time_size || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
        text[13] != ':' || text[16] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 60) {
        return refused();
    }
    std::string_view rest = text.substr(time_size);
    if (rest.starts_with('.')) {
        rest.remove_prefix(std::min(rest.find_first_not_of("0123456789", 1), rest.size()));
    }
    UnixTime offset = 0;
    if (rest != "Z" && rest != "z") {
        const std::size_t at = text.size() - rest.size();
        const int hours = number(at + 1, 2);
        const int minutes = number(at + 4, 2);
        if (rest.size() != 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' || hours < 0 ||
            hours > 23 || minutes < 0 || minutes > 59) {
            return refused();
        }
        offset = (rest[0] == '+' ? 60 : -60) * (hours * 60 + minutes);
    }
    return midnight + hour * 3600 + minute * 60 + second - offset;
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
