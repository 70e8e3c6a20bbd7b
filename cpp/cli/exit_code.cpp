#include "exit_code.hpp"

namespace envpack::cli {

ExitCode exit_code_of(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::parse_error:
            return wrong_usage;
        case ErrorCode::not_found:
        case ErrorCode::io_error:
        case ErrorCode::network_error:
        case ErrorCode::http_status:
        case ErrorCode::unauthorized:
        case ErrorCode::digest_mismatch:
        case ErrorCode::unsupported:
        case ErrorCode::build_failed:
        case ErrorCode::limit_exceeded:
            return outside_failed;
        case ErrorCode::cancelled:
            return interrupted;
        case ErrorCode::internal:
            return bug;
    }
    return bug;
}

}  // namespace envpack::cli
