#include "envpack/base/safe_path.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/text.hpp"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace envpack {
namespace {

Error unsafe(std::string_view path, std::string_view reason) {
    return Error(ErrorCode::parse_error, fmt::format("path `{}` {}", text::printable(path), reason))
        .with_rule("path.unsafe");
}

/// The reason why the bytes cannot be a path at all; empty when they can.
std::string_view bad_bytes(std::string_view text, const Limits& limits) {
    if (text.size() > limits.max_path) {
        return "is too long";
    }
    if (!text::is_utf8(text)) {
        return "is not valid UTF-8";
    }
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            return "has a control character";
        }
    }
    return {};
}

}  // namespace

Result<SafePath> SafePath::parse(std::string_view text, const Limits& limits) {
    if (const std::string_view reason = bad_bytes(text, limits); !reason.empty()) {
        return fail(unsafe(text, reason));
    }
    if (text.empty()) {
        return fail(unsafe(text, "is empty"));
    }
    if (text.find('\\') != std::string_view::npos) {
        return fail(unsafe(text, "has a backslash"));
    }
    for (const std::string_view segment : text::split(text, '/')) {
        if (segment.empty()) {
            return fail(unsafe(text, "is absolute or has an empty segment"));
        }
        if (segment == "." || segment == "..") {
            return fail(unsafe(text, "has a `.` or `..` segment"));
        }
        if (segment.size() > limits.max_segment) {
            return fail(unsafe(text, "has a segment that is too long"));
        }
    }
    // `C:` at the front is an absolute path elsewhere; wheels and images travel.
    if (text.size() >= 2 && text[1] == ':') {
        return fail(unsafe(text, "starts with a drive letter"));
    }
    return SafePath(std::string(text));
}

Result<SafePath> SafePath::normalize(std::string_view text, const Limits& limits) {
    if (const std::string_view reason = bad_bytes(text, limits); !reason.empty()) {
        return fail(unsafe(text, reason));
    }
    std::vector<std::string_view> kept;
    for (const std::string_view segment : text::split(text, '/')) {
        if (segment.empty() || segment == ".") {
            continue;
        }
        if (segment == "..") {
            if (kept.empty()) {
                return fail(unsafe(text, "leaves its root"));
            }
            kept.pop_back();
            continue;
        }
        if (segment.size() > limits.max_segment) {
            return fail(unsafe(text, "has a segment that is too long"));
        }
        kept.push_back(segment);
    }
    return SafePath(fmt::format("{}", fmt::join(kept, "/")));
}

std::string_view SafePath::name() const noexcept {
    const std::string_view text = text_;
    const std::size_t slash = text.rfind('/');
    return slash == std::string_view::npos ? text : text.substr(slash + 1);
}

std::string_view SafePath::folder() const noexcept {
    const std::size_t slash = text_.rfind('/');
    return slash == std::string::npos ? std::string_view()
                                      : std::string_view(text_).substr(0, slash);
}

SafePath SafePath::parent() const {
    return SafePath(std::string(folder()));
}

SafePath SafePath::join(const SafePath& below) const {
    if (is_root()) {
        return below;
    }
    return below.is_root() ? *this : SafePath(text_ + '/' + below.text_);
}

SafePath SafePath::operator/(std::string_view segment) const {
    ENVPACK_ASSERT(!segment.empty() && segment != "." && segment != ".." &&
                   segment.find('/') == std::string_view::npos);
    return is_root() ? SafePath(std::string(segment))
                     : SafePath(fmt::format("{}/{}", text_, segment));
}

bool SafePath::is_below(const SafePath& ancestor) const noexcept {
    if (ancestor.is_root()) {
        return !is_root();
    }
    return text_.size() > ancestor.text_.size() && text_.starts_with(ancestor.text_) &&
           text_[ancestor.text_.size()] == '/';
}

bool SafePath::has_prefix(const SafePath& ancestor) const noexcept {
    return *this == ancestor || is_below(ancestor);
}

}  // namespace envpack
