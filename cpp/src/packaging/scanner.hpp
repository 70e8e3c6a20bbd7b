#pragma once

#include "envpack/base/error.hpp"
#include "shown_text.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace envpack::packaging {

inline bool is_ascii_alnum(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
/// `\w` of a regular expression; bytes of other alphabets count as letters.
inline bool is_word(char c) noexcept {
    return is_ascii_alnum(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

/// A cursor over a dependency specifier, and the errors that point into it. Markers are parsed in
/// place inside requirements, so that spans count from the start of the whole text. One thread.
class Scanner {
public:
    /// `what` is "requirement" or "marker", for messages.
    Scanner(std::string_view text, std::string_view what) noexcept : text_(text), what_(what) {}

    std::size_t position() const noexcept { return position_; }
    bool at_end() const noexcept { return position_ == text_.size(); }
    std::string_view rest() const noexcept { return text_.substr(position_); }
    bool sees(char c) const noexcept { return !at_end() && text_[position_] == c; }
    bool sees_space() const noexcept { return sees(' ') || sees('\t'); }
    void advance(std::size_t count) noexcept { position_ += count; }
    std::string_view since(std::size_t begin) const noexcept {
        return text_.substr(begin, position_ - begin);
    }

    void skip_space() noexcept {
        while (sees_space()) {
            ++position_;
        }
    }
    bool take(char c) noexcept {
        if (!sees(c)) {
            return false;
        }
        ++position_;
        return true;
    }
    /// `word`, where no further word character follows.
    bool take_word(std::string_view word) noexcept {
        const std::string_view ahead = rest();
        if (!ahead.starts_with(word) ||
            (ahead.size() > word.size() && is_word(ahead[word.size()]))) {
            return false;
        }
        position_ += word.size();
        return true;
    }
    template <class Predicate>
    std::string_view take_while(Predicate predicate) noexcept {
        const std::size_t begin = position_;
        while (!at_end() && predicate(text_[position_])) {
            ++position_;
        }
        return since(begin);
    }

    /// "not a valid requirement: `problem`", with the span [begin, end), at least one column wide.
    Error error(std::string_view problem, std::size_t begin, std::size_t end) const {
        std::string message = "not a valid ";
        message.append(what_).append(": ").append(problem);
        return with_shown_span(Error(ErrorCode::parse_error, std::move(message)), text_, begin,
                               end);
    }
    Error error_here(std::string_view problem) const {
        // Up to the next space: the word that does not belong there.
        std::size_t end = position_;
        while (end < text_.size() && text_[end] != ' ' && text_[end] != '\t') {
            ++end;
        }
        return error(problem, position_, end);
    }

private:
    std::string_view text_;
    std::string_view what_;
    std::size_t position_ = 0;
};

}  // namespace envpack::packaging
