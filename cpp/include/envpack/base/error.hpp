#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace envpack {

/// What went wrong, in terms a caller can branch on. Text is for people only.
/// The set is closed: ADR 0001 maps each code to one Python class and one exit code.
enum class ErrorCode : std::uint8_t {
    invalid_argument,  ///< the caller passed something that can never work
    parse_error,       ///< malformed text: version, marker, manifest, page
    not_found,         ///< project, version, tag, blob or file does not exist
    io_error,          ///< the local file system refused; see Error::os_error()
    network_error,     ///< no answer: DNS, TLS, connection, time-out
    http_status,       ///< an answer we cannot use; see Error::http_status()
    unauthorized,      ///< 401 or 403 after the credentials were tried
    digest_mismatch,   ///< content differs from its digest or size
    unsupported,       ///< valid input that envpack does not handle
    build_failed,      ///< a package could not be built from its source
    limit_exceeded,    ///< a size, depth or count limit for untrusted input
    cancelled,         ///< RunContext::stop was requested
    internal,          ///< a bug in envpack
};

/// The code's name as it is spelled in ErrorCode, for JSON output and tests.
std::string_view to_string(ErrorCode code) noexcept;

/// A failure: code, message, then the chain of "while doing X" contexts.
/// One pointer wide, cheap to move, immutable once returned.
/// Value; not synchronised.
class [[nodiscard]] Error {
public:
    /// `message` follows the house style: lower case, no full stop, user input in back-ticks.
    Error(ErrorCode code, std::string message);

    ErrorCode code() const noexcept;
    std::string_view message() const noexcept;
    /// Outermost first.
    std::span<const std::string> contexts() const noexcept;
    /// What the user can do next; empty when nothing helpful is known.
    std::string_view hint() const noexcept;
    /// Stable id of the violated rule, such as `zip.duplicate-name`; empty when none applies.
    std::string_view rule() const noexcept;
    std::optional<int> http_status() const noexcept;
    /// The `errno` of the failed system call, for io_error.
    std::optional<int> os_error() const noexcept;
    /// The file concerned, for io_error and not_found; empty when none.
    std::string_view path() const noexcept;

    /// The piece of input that is wrong: `input[offset, offset + length)`.
    struct Span {
        std::string input;
        std::size_t offset = 0;
        std::size_t length = 0;
    };
    /// nullptr when the error is not about a text.
    const Span* span() const noexcept;

    /// Message, caret line under the span, contexts (innermost first), rule and hint; no final LF.
    std::string render() const;

    Error with_context(std::string doing) &&;
    Error with_span(std::string input, std::size_t offset, std::size_t length) &&;
    Error with_hint(std::string hint) &&;
    Error with_rule(std::string rule) &&;
    Error with_http_status(int status) &&;
    Error with_os_error(int number, std::string path) &&;
    Error with_path(std::string path) &&;

private:
    struct Detail;
    template <class Change>
    Error changed(Change change) &&;
    std::shared_ptr<const Detail> detail_;
};

/// `invalid_argument`, `io_error`, ... from `errno`: ENOENT and ENOTDIR become not_found, anything
/// else io_error. The message is "cannot <doing> `<path>`: <strerror>".
Error os_failure(std::string_view doing, std::string_view path, int number);

}  // namespace envpack
