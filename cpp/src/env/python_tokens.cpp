#include "python_tokens.hpp"

#include <algorithm>

namespace envpack::env {
namespace {

bool starts_name(char c) noexcept {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool continues_name(char c) noexcept {
    return starts_name(c) || (c >= '0' && c <= '9');
}

class Tokens {
public:
    explicit Tokens(std::string_view source) : rest_(source) {}

    std::vector<PythonToken> run() {
        while (!rest_.empty()) {
            step();
        }
        found_.push_back({PythonToken::Kind::end_of_line, {}, line_});
        return std::move(found_);
    }

private:
    using Kind = PythonToken::Kind;

    void step() {
        const char c = rest_.front();
        if (c == '\n') {
            if (depth_ == 0) {
                found_.push_back({Kind::end_of_line, {}, line_});
            }
            skip(1);
        } else if (c == '#') {
            skip(std::min(rest_.find('\n'), rest_.size()));
        } else if (c == '\\' && rest_.substr(1).starts_with('\n')) {
            skip(2);
        } else if (c == '\\' && rest_.substr(1).starts_with("\r\n")) {
            skip(3);
        } else if (c == '"' || c == '\'') {
            text();
        } else if (starts_name(c)) {
            name();
        } else {
            if (c == '(' || c == '[' || c == '{') {
                ++depth_;
            } else if ((c == ')' || c == ']' || c == '}') && depth_ > 0) {
                --depth_;
            }
            if (c != ' ' && c != '\t' && c != '\r' && c != '\f') {
                found_.push_back({Kind::other, rest_.substr(0, 1), line_});
            }
            skip(1);
        }
    }

    void name() {
        std::size_t length = 1;
        while (length < rest_.size() && continues_name(rest_[length])) {
            ++length;
        }
        // `rb"..."`: the prefix of a string is no name.
        const bool prefix =
            length <= 2 && length < rest_.size() && (rest_[length] == '"' || rest_[length] == '\'');
        if (!prefix) {
            found_.push_back({Kind::name, rest_.substr(0, length), line_});
        }
        skip(length);
    }

    /// An unfinished string ends at its line; so one slip does not hide the rest of a file.
    void text() {
        const char quote = rest_.front();
        const bool triple = rest_.size() >= 3 && rest_[1] == quote && rest_[2] == quote;
        const std::size_t width = triple ? 3 : 1;
        const std::size_t line = line_;
        std::size_t end = width;
        bool closed = false;
        while (end < rest_.size()) {
            const char c = rest_[end];
            if (c == '\\') {
                end += 2;
            } else if (c == '\n' && !triple) {
                break;
            } else if (c == quote &&
                       (!triple || rest_.substr(end).starts_with(rest_.substr(0, 3)))) {
                closed = true;
                break;
            } else {
                ++end;
            }
        }
        end = std::min(end, rest_.size());
        found_.push_back({Kind::text, rest_.substr(width, end - width), line});
        skip(closed ? end + width : end);
    }

    void skip(std::size_t count) {
        line_ += static_cast<std::size_t>(
            std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(count), '\n'));
        rest_.remove_prefix(count);
    }

    std::string_view rest_;
    std::size_t line_ = 1;
    std::size_t depth_ = 0;
    std::vector<PythonToken> found_;
};

}  // namespace

std::vector<PythonToken> python_tokens(std::string_view source) {
    return Tokens(source).run();
}

}  // namespace envpack::env
