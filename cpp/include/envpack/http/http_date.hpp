#pragma once

#include "envpack/base/clock.hpp"

#include <optional>
#include <string_view>

namespace envpack::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7, IMF-fixdate). The obsolete forms are
/// not read: nullopt, as for anything else that is no date.
std::optional<UnixTime> parse_http_date(std::string_view text);

}  // namespace envpack::http
