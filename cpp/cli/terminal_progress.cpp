#include "terminal_progress.hpp"

#include "envpack/base/text.hpp"

#include <cstdio>
#include <string>
#include <unistd.h>

#include <fmt/format.h>

namespace envpack::cli {
namespace {

constexpr auto shortest_gap = std::chrono::milliseconds(50);
constexpr std::size_t longest_subject = 60;

void show(const std::string& text) noexcept {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

}  // namespace

TerminalProgress::TerminalProgress(bool quiet)
    : quiet_(quiet), terminal_(isatty(STDERR_FILENO) == 1) {}

TerminalProgress::~TerminalProgress() {
    clear();
}

void TerminalProgress::clear() noexcept {
    if (shown_) {
        show("\r\x1b[2K");
        shown_ = false;
    }
}

void TerminalProgress::update(const Progress& progress) noexcept {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (quiet_ || !terminal_ || now - last_ < shortest_gap) {
        return;
    }
    last_ = now;
    const std::string subject = text::printable(progress.subject, longest_subject);
    std::string line = "\r\x1b[2K" + subject;
    if (progress.total && *progress.total != 0) {
        line += fmt::format("  {:3}%", 100 * progress.done / *progress.total);
    } else if (progress.done != 0) {
        line += fmt::format("  {}", progress.done);
    }
    show(line);
    shown_ = true;
}

void TerminalProgress::note(std::string_view line) noexcept {
    const std::lock_guard lock(mutex_);
    if (quiet_) {
        return;
    }
    clear();
    show(fmt::format("note: {}\n", text::printable(line, 4096)));
}

}  // namespace envpack::cli
