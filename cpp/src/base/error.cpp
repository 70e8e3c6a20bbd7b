#include "envpack/base/error.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack {

struct Error::Detail {
    ErrorCode code = ErrorCode::internal;
    std::string message = {};
    std::vector<std::string> contexts = {};  // outermost first
    std::string hint = {};
    std::string rule = {};
    std::optional<int> http_status = std::nullopt;
    std::optional<int> os_error = std::nullopt;
    std::string path = {};
    std::optional<Span> span = std::nullopt;
};

namespace {

/// The line of the span's input that holds its start, and the caret line below it.
std::string caret_lines(const Error::Span& span) {
    const std::string_view input = span.input;
    const std::size_t offset = std::min(span.offset, input.size());
    const std::size_t line_break = input.rfind('\n', offset == 0 ? 0 : offset - 1);
    const std::size_t begin =
        (line_break == std::string_view::npos || line_break >= offset) ? 0 : line_break + 1;
    const std::size_t end = std::min(input.find('\n', offset), input.size());
    const std::size_t width = std::max<std::size_t>(1, std::min(span.length, end - offset));
    constexpr std::size_t longest_line = 4096;
    return fmt::format(
        "    {}\n    {}{}", text::printable(input.substr(begin, end - begin), longest_line),
        std::string(text::printable(input.substr(begin, offset - begin), longest_line).size(), ' '),
        std::string(width, '^'));
}

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
    switch (code) {
        case ErrorCode::invalid_argument:
            return "invalid_argument";
        case ErrorCode::parse_error:
            return "parse_error";
        case ErrorCode::not_found:
            return "not_found";
        case ErrorCode::io_error:
            return "io_error";
        case ErrorCode::network_error:
            return "network_error";
        case ErrorCode::http_status:
            return "http_status";
        case ErrorCode::unauthorized:
            return "unauthorized";
        case ErrorCode::digest_mismatch:
            return "digest_mismatch";
        case ErrorCode::unsupported:
            return "unsupported";
        case ErrorCode::build_failed:
            return "build_failed";
        case ErrorCode::limit_exceeded:
            return "limit_exceeded";
        case ErrorCode::cancelled:
            return "cancelled";
        case ErrorCode::internal:
            return "internal";
    }
    return "internal";
}

Error::Error(ErrorCode code, std::string message) {
    auto detail = std::make_shared<Detail>();
    detail->code = code;
    detail->message = std::move(message);
    detail_ = std::move(detail);
}

ErrorCode Error::code() const noexcept {
    return detail_->code;
}
std::string_view Error::message() const noexcept {
    return detail_->message;
}
std::span<const std::string> Error::contexts() const noexcept {
    return detail_->contexts;
}
std::string_view Error::hint() const noexcept {
    return detail_->hint;
}
std::string_view Error::rule() const noexcept {
    return detail_->rule;
}
std::optional<int> Error::http_status() const noexcept {
    return detail_->http_status;
}
std::optional<int> Error::os_error() const noexcept {
    return detail_->os_error;
}
std::string_view Error::path() const noexcept {
    return detail_->path;
}
const Error::Span* Error::span() const noexcept {
    return detail_->span ? &*detail_->span : nullptr;
}

std::string Error::render() const {
    std::string out = detail_->message;
    if (detail_->span) {
        out += '\n' + caret_lines(*detail_->span);
    }
    for (auto context = detail_->contexts.rbegin(); context != detail_->contexts.rend();
         ++context) {
        out += "\n  " + *context;
    }
    if (!detail_->rule.empty()) {
        out += "\n  rule: " + detail_->rule;
    }
    if (!detail_->hint.empty()) {
        out += "\nhint: " + detail_->hint;
    }
    return out;
}

template <class Change>
Error Error::changed(Change change) && {
    auto detail = std::make_shared<Detail>(*detail_);
    change(*detail);
    detail_ = std::move(detail);
    return std::move(*this);
}

Error Error::with_context(std::string doing) && {
    return std::move(*this).changed(
        [&](Detail& d) { d.contexts.insert(d.contexts.begin(), std::move(doing)); });
}

Error Error::with_span(std::string input, std::size_t offset, std::size_t length) && {
    return std::move(*this).changed([&](Detail& d) {
        d.span = Span{std::move(input), offset, length};
    });
}

Error Error::with_hint(std::string hint) && {
    return std::move(*this).changed([&](Detail& d) { d.hint = std::move(hint); });
}

Error Error::with_rule(std::string rule) && {
    return std::move(*this).changed([&](Detail& d) { d.rule = std::move(rule); });
}

Error Error::with_http_status(int status) && {
    return std::move(*this).changed([&](Detail& d) { d.http_status = status; });
}

Error Error::with_os_error(int number, std::string path) && {
    return std::move(*this).changed([&](Detail& d) {
        d.os_error = number;
        d.path = std::move(path);
    });
}

Error Error::with_path(std::string path) && {
    return std::move(*this).changed([&](Detail& d) { d.path = std::move(path); });
}

Error os_failure(std::string_view doing, std::string_view path, int number) {
    const bool absent = number == ENOENT || number == ENOTDIR;
    return Error(absent ? ErrorCode::not_found : ErrorCode::io_error,
                 fmt::format("cannot {} `{}`: {}", doing, path,
                             std::generic_category().message(number)))
        .with_os_error(number, std::string(path));
}

}  // namespace envpack
