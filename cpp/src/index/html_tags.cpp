#include "html_tags.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace envpack::index {

namespace {

constexpr std::string_view white_space = " \t\n\f\r";

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_space(char c) noexcept {
    return white_space.find(c) != std::string_view::npos;
}

/// Elements whose content is text up to their own end tag (13.2.6.2, 13.2.6.4.4).
bool is_raw_text(std::string_view name) noexcept {
    static constexpr std::array<std::string_view, 8> names = {
        "script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"};
    return std::find(names.begin(), names.end(), name) != names.end();
}

void append_utf8(std::string& out, std::uint32_t code) {
    // 13.2.5.80: what is no character becomes U+FFFD.
    if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        code = 0xfffd;
    }
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | code >> 6);
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

/// One pass over the page; `at` only grows.
class Tokenizer {
public:
    explicit Tokenizer(std::string_view page) noexcept : page_(page) {}

    Result<void> run(const std::function<Result<void>(const HtmlTag&)>& visit) {
        while (true) {
            at_ = page_.find('<', at_);
            if (at_ == std::string_view::npos || at_ + 1 >= page_.size()) {
                return {};
            }
            const char next = page_[at_ + 1];
            if (is_letter(next)) {
                ++at_;
                if (!read_tag()) {
                    return {};  // the page ends inside a tag: no tag
                }
                ENVPACK_CHECK(visit(tag_));
                if (tag_.name == "plaintext") {
                    return {};
                }
                if (is_raw_text(tag_.name)) {
                    skip_raw_text();
                }
            } else if (page_.substr(at_).starts_with("<!--")) {
                skip_comment();
            } else if (next == '/' && at_ + 2 < page_.size() && is_letter(page_[at_ + 2])) {
                at_ += 2;
                if (!read_tag()) {
                    return {};
                }
            } else if (next == '!' || next == '?' || next == '/') {
                skip_past(page_.find('>', at_));  // a bogus comment, or a doctype
            } else {
                ++at_;
            }
        }
    }

private:
    void skip_past(std::size_t found) noexcept {
        at_ = found == std::string_view::npos ? page_.size() : found + 1;
    }

    void skip_comment() noexcept {
        at_ += 4;
        const std::string_view rest = page_.substr(at_);
        if (rest.starts_with('>') || rest.starts_with("->")) {
            skip_past(page_.find('>', at_));  // `<!-->` and `<!--->` are whole
            return;
        }
        // `--!>` ends a comment as well.
        for (std::size_t dashes = at_;; ++dashes) {
            dashes = page_.find("--", dashes);
            if (dashes == std::string_view::npos) {
                at_ = page_.size();
                return;
            }
            const std::string_view end = page_.substr(dashes + 2);
            if (end.starts_with('>') || end.starts_with("!>")) {
                skip_past(page_.find('>', dashes));
                return;
            }
        }
    }

    void skip_raw_text() noexcept {
        for (std::size_t end = at_;; ++end) {
            end = page_.find("</", end);
            if (end == std::string_view::npos) {
                at_ = page_.size();
                return;
            }
            const std::string_view name = page_.substr(end + 2, tag_.name.size());
            const std::size_t after = end + 2 + tag_.name.size();
            if (text::equals_ignoring_case(name, tag_.name) && after < page_.size() &&
                (is_space(page_[after]) || page_[after] == '/' || page_[after] == '>')) {
                at_ = end;
                return;
            }
        }
    }

    /// Reads the tag whose name begins at `at`, up to its `>`.
    bool read_tag() {
        tag_.attributes.clear();
        const auto end = page_.find_first_of(" \t\n\f\r/>", at_);
        if (end == std::string_view::npos) {
            return false;
        }
        tag_.name = text::to_lower(page_.substr(at_, end - at_));
        at_ = end;
        while (true) {
            at_ = page_.find_first_not_of(" \t\n\f\r/", at_);
            if (at_ == std::string_view::npos) {
                return false;
            }
            if (page_[at_] == '>') {
                ++at_;
                return true;
            }
            if (!read_attribute()) {
                return false;
            }
        }
    }

    bool read_attribute() {
        // An attribute may begin with `=`, which then belongs to its name.
        const auto end = page_.find_first_of(" \t\n\f\r/>=", at_ + 1);
        if (end == std::string_view::npos) {
            return false;
        }
        std::string name = text::to_lower(page_.substr(at_, end - at_));
        std::string value;
        at_ = page_.find_first_not_of(white_space, end);
        if (at_ == std::string_view::npos) {
            return false;
        }
        if (page_[at_] == '=') {
            at_ = page_.find_first_not_of(white_space, at_ + 1);
            if (at_ == std::string_view::npos) {
                return false;
            }
            const char quote = page_[at_];
            const bool quoted = quote == '"' || quote == '\'';
            const std::size_t begin = quoted ? at_ + 1 : at_;
            const auto stop =
                quoted ? page_.find(quote, begin) : page_.find_first_of(" \t\n\f\r>", begin);
            if (stop == std::string_view::npos) {
                return false;
            }
            value = replace_character_references(page_.substr(begin, stop - begin));
            at_ = quoted ? stop + 1 : stop;
        }
        tag_.attributes.emplace_back(std::move(name), std::move(value));
        return true;
    }

    std::string_view page_;
    std::size_t at_ = 0;
    HtmlTag tag_;
};

}  // namespace

const std::string* HtmlTag::find(std::string_view attribute) const noexcept {
    for (const auto& [key, value] : attributes) {
        if (key == attribute) {
            return &value;
        }
    }
    return nullptr;
}

Result<void> for_each_start_tag(std::string_view page,
                                const std::function<Result<void>(const HtmlTag&)>& visit) {
    return Tokenizer(page).run(visit);
}

std::string replace_character_references(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, char>, 5> named = {
        {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
    std::string out;
    while (true) {
        const auto mark = text.find('&');
        out += text.substr(0, mark);
        if (mark == std::string_view::npos) {
            return out;
        }
        text.remove_prefix(mark);
        const auto known = std::find_if(named.begin(), named.end(), [&](const auto& entry) {
            return text.starts_with(entry.first);
        });
        if (known != named.end()) {
            out += known->second;
            text.remove_prefix(known->first.size());
            continue;
        }
        if (text.starts_with("&#")) {
            const bool hex = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
            const std::string_view digits = text.substr(hex ? 3 : 2);
            std::uint32_t code = 0;
            const auto [end, error] =
                std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
            if (error != std::errc::invalid_argument) {
                append_utf8(out, error == std::errc() ? code : 0);
                text.remove_prefix(static_cast<std::size_t>(end - text.data()));
                if (text.starts_with(';')) {
                    text.remove_prefix(1);
                }
                continue;
            }
        }
        out += '&';
        text.remove_prefix(1);
    }
}

}  // namespace envpack::index
