#pragma once

#include "envpack/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace envpack::archive {

/// A refused input: every such error carries its rule id (reliability.md, F7).
inline tl::unexpected<Error> refuse(std::string_view rule, std::string message,
                                    ErrorCode code = ErrorCode::parse_error) {
    return fail(Error(code, std::move(message)).with_rule(std::string(rule)));
}

}  // namespace envpack::archive
