#include "version_fields.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace envpack::packaging {
namespace {

constexpr std::size_t max_text = 4096;
constexpr std::uint64_t max_number = std::numeric_limits<std::int64_t>::max();

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_separator(char c) noexcept {
    return c == '.' || c == '-' || c == '_';
}

/// Walks over the text once. Every step either takes its part or leaves the position alone, as
/// the optional groups of the regular expression in PEP 440 do; no step ever has to be undone
/// after it has succeeded, because no later part can begin with what an earlier one takes.
class VersionScanner {
public:
    explicit VersionScanner(std::string_view text) noexcept : text_(text) {}

    Result<VersionFields> scan() {
        if (text_.size() > max_text) {
            return fail(Error(ErrorCode::limit_exceeded, "a version has " +
                                                             std::to_string(text_.size()) +
                                                             " bytes, at most 4096 are accepted")
                            .with_rule("version.too-long"));
        }
        if (lower(peek()) == 'v') {
            ++at_;
        }
        scan_epoch_and_release();
        scan_pre();
        scan_post();
        scan_dev();
        scan_local();
        if (fields_.release_size == 0 || at_ != text_.size()) {
            return fail(Error(ErrorCode::parse_error,
                              "`" + text::printable(text_) + "` is not a version (PEP 440)")
                            .with_span(std::string(text_), at_, text_.size() - at_));
        }
        if (too_large_) {
            return fail(
                Error(ErrorCode::limit_exceeded, "a number in version `" + text::printable(text_) +
                                                     "` is too large, it has to be less than 2^63")
                    .with_span(std::string(text_), too_large_at_, too_large_size_)
                    .with_rule("version.number-too-large"));
        }
        return std::move(fields_);
    }

private:
    char peek(std::size_t ahead = 0) const noexcept {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }

    std::optional<std::uint64_t> number() noexcept {
        const std::size_t start = at_;
        std::uint64_t value = 0;
        bool fits = true;
        for (; is_digit(peek()); ++at_) {
            const auto digit = static_cast<std::uint64_t>(peek() - '0');
            fits = fits && value <= (max_number - digit) / 10;
            value = fits ? value * 10 + digit : value;
        }
        if (at_ == start) {
            return std::nullopt;
        }
        if (!fits && !too_large_) {
            too_large_ = true;
            too_large_at_ = start;
            too_large_size_ = at_ - start;
        }
        return value;
    }

    void scan_epoch_and_release() {
        auto first = number();
        if (first && peek() == '!') {
            fields_.epoch = *first;
            ++at_;
            first = number();
        }
        if (!first) {
            return;
        }
        fields_.add_release(*first);
        while (peek() == '.' && is_digit(peek(1))) {
            ++at_;
            fields_.add_release(*number());
        }
    }

    /// `[._-]?WORD[._-]?[0-9]*` for the first of `spellings` that is there; the number is 0 when
    /// none is written.
    template <std::size_t N>
    std::optional<std::uint64_t> tagged(const std::array<std::string_view, N>& spellings,
                                        std::size_t& which) noexcept {
        const std::size_t word_at = at_ + (is_separator(peek()) ? 1 : 0);
        const char first = lower(word_at < text_.size() ? text_[word_at] : '\0');
        for (std::size_t i = 0; i < N; ++i) {
            if (first == spellings[i].front() &&
                text::equals_ignoring_case(text_.substr(word_at, spellings[i].size()),
                                           spellings[i])) {
                which = i;
                at_ = word_at + spellings[i].size();
                at_ += is_separator(peek()) ? 1 : 0;
                return number().value_or(0);
            }
        }
        return std::nullopt;
    }

    void scan_pre() noexcept {
        static constexpr std::array<std::string_view, 8> spellings = {
            "alpha", "a", "beta", "b", "preview", "pre", "rc", "c"};
        static constexpr std::array<PreKind, 8> kinds = {PreKind::a,  PreKind::a,  PreKind::b,
                                                         PreKind::b,  PreKind::rc, PreKind::rc,
                                                         PreKind::rc, PreKind::rc};
        std::size_t which = 0;
        if (const auto found = tagged(spellings, which)) {
            fields_.pre = PreRelease{kinds[which], *found};
        }
    }

    void scan_post() noexcept {
        // The implicit form, `1.0-1`, knows this one separator only.
        if (peek() == '-' && is_digit(peek(1))) {
            ++at_;
            fields_.post = number();
            return;
        }
        static constexpr std::array<std::string_view, 3> spellings = {"post", "rev", "r"};
        std::size_t which = 0;
        fields_.post = tagged(spellings, which);
    }

    void scan_dev() noexcept {
        static constexpr std::array<std::string_view, 1> spellings = {"dev"};
        std::size_t which = 0;
        fields_.dev = tagged(spellings, which);
    }

    /// `+` and segments of letters and digits; numbers lose their leading zeros. They are kept as
    /// text, so their size does not matter (a commit hash can be all digits).
    void scan_local() {
        if (peek() != '+') {
            return;
        }
        std::size_t at = at_ + 1;
        std::string local;
        while (true) {
            const std::size_t start = at;
            bool all_digits = true;
            for (; at < text_.size(); ++at) {
                const char c = lower(text_[at]);
                if (!is_digit(c) && (c < 'a' || c > 'z')) {
                    break;
                }
                all_digits = all_digits && is_digit(c);
            }
            if (at == start) {
                return;  // no local part, and the `+` is left over
            }
            std::size_t from = start;
            while (all_digits && from + 1 < at && text_[from] == '0') {
                ++from;
            }
            for (; from < at; ++from) {
                local += lower(text_[from]);
            }
            if (at == text_.size() || !is_separator(text_[at])) {
                break;
            }
            local += '.';
            ++at;
        }
        at_ = at;
        fields_.local = std::move(local);
    }

    std::string_view text_;
    std::size_t at_ = 0;
    VersionFields fields_;
    bool too_large_ = false;
    std::size_t too_large_at_ = 0;
    std::size_t too_large_size_ = 0;
};

}  // namespace

void VersionFields::add_release(std::uint64_t number) {
    if (release_size < inline_release.size()) {
        inline_release[release_size] = number;
    } else {
        if (release_size == inline_release.size()) {
            long_release.assign(inline_release.begin(), inline_release.end());
        }
        long_release.push_back(number);
    }
    ++release_size;
}

std::span<const std::uint64_t> VersionFields::release() const noexcept {
    if (release_size > inline_release.size()) {
        return long_release;
    }
    return std::span(inline_release).first(release_size);
}

Result<VersionFields> scan_version(std::string_view text) {
    return VersionScanner(text).scan();
}

}  // namespace envpack::packaging
