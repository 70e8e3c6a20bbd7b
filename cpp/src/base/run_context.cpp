#include "envpack/base/run_context.hpp"

namespace envpack {

Result<void> RunContext::check() const {
    if (stop.stop_requested()) {
        return fail(ErrorCode::cancelled, "interrupted");
    }
    return {};
}

void RunContext::report(std::string_view subject, std::uint64_t done,
                        std::optional<std::uint64_t> total) const noexcept {
    if (progress != nullptr) {
        progress->update({.subject = subject, .done = done, .total = total});
    }
}

void RunContext::note(std::string_view line) const noexcept {
    if (progress != nullptr) {
        progress->note(line);
    }
}

}  // namespace envpack
