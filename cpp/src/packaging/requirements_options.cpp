#include "requirements_options.hpp"

#include "envpack/base/text.hpp"
#include "shown_text.hpp"

#include <array>
#include <optional>
#include <utility>

namespace envpack::packaging {
namespace {

struct Spelling {
    std::string_view name;
    char short_name;  // '\0' for none
    RequirementsOption option;
    bool takes_value;
};

using enum RequirementsOption;
constexpr std::array<Spelling, 20> option_spellings = {{
    {"--index-url", 'i', index_url, true},
    {"--extra-index-url", '\0', extra_index_url, true},
    {"--no-index", '\0', no_index, false},
    {"--find-links", 'f', find_links, true},
    {"--trusted-host", '\0', trusted_host, true},
    {"--constraint", 'c', constraint, true},
    {"--requirement", 'r', requirement, true},
    {"--editable", 'e', editable, true},
    {"--no-binary", '\0', no_binary, true},
    {"--only-binary", '\0', only_binary, true},
    {"--prefer-binary", '\0', prefer_binary, false},
    {"--require-hashes", '\0', require_hashes, false},
    {"--no-require-hashes", '\0', no_require_hashes, false},
    {"--pre", '\0', pre, false},
    {"--all-releases", '\0', all_releases, true},
    {"--only-final", '\0', only_final, true},
    {"--use-feature", '\0', use_feature, true},
    {"--hash", '\0', hash, true},
    {"--config-settings", 'C', config_settings, true},
    {"--config-setting", '\0', config_settings, true},
}};

struct Word {
    std::string text = {};
    std::size_t begin = 0;  // in the line
    std::size_t end = 0;
};

// The words of a POSIX shell, without expansions, as shlex.split() cuts them.
class Words {
public:
    Words(std::string_view line, std::size_t begin) noexcept : line_(line), at_(begin) {}

    Result<std::vector<Word>> split() {
        std::vector<Word> words;
        for (skip_space(); at_ < line_.size(); skip_space()) {
            Word word{.text = {}, .begin = at_, .end = 0};
            while (at_ < line_.size() && !is_space(line_[at_])) {
                ENVPACK_CHECK(take(word.text));
            }
            word.end = at_;
            words.push_back(std::move(word));
        }
        return words;
    }

private:
    static bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }
    void skip_space() noexcept {
        while (at_ < line_.size() && is_space(line_[at_])) {
            ++at_;
        }
    }

    // One character, escape or quoted piece.
    Result<void> take(std::string& out) {
        const std::size_t begin = at_;
        const char c = line_[at_++];
        if (c == '\\') {
            if (at_ == line_.size()) {
                return fail(bad_word("a backslash stands before nothing", begin));
            }
            out.push_back(line_[at_++]);
            return {};
        }
        if (c != '"' && c != '\'') {
            out.push_back(c);
            return {};
        }
        for (; at_ < line_.size() && line_[at_] != c; ++at_) {
            const bool escape = c == '"' && line_[at_] == '\\' && at_ + 1 < line_.size() &&
                                (line_[at_ + 1] == '"' || line_[at_ + 1] == '\\');
            at_ += escape ? 1 : 0;
            out.push_back(line_[at_]);
        }
        if (at_ == line_.size()) {
            return fail(bad_word("a quote is not closed", begin));
        }
        ++at_;
        return {};
    }

    Error bad_word(std::string message, std::size_t begin) const {
        return with_shown_span(Error(ErrorCode::parse_error, std::move(message)), line_, begin,
                               at_);
    }

    std::string_view line_;
    std::size_t at_;
};

Error bad_option(std::string message, std::string_view line, const Word& word) {
    return with_shown_span(Error(ErrorCode::parse_error, std::move(message)), line, word.begin,
                           word.end);
}

const Spelling* find_short(char name) noexcept {
    for (const Spelling& spelling : option_spellings) {
        if (spelling.short_name != '\0' && spelling.short_name == name) {
            return &spelling;
        }
    }
    return nullptr;
}

std::string hint_for_unknown(std::string_view name) {
    if (name.starts_with("--req")) {
        return "did you mean `--requirement` or `--require-hashes`?";
    }
    if (name == "--upgrade" || name == "-U" || name == "--no-deps" || name == "--no-cache-dir" ||
        name == "--user") {
        return "this option belongs on the command line, not in a requirements file";
    }
    return "the options of a requirements file are `-r`, `-c`, `-e`, `-i`, `-f`, "
           "`--extra-index-url`, `--hash` and a few more";
}

Result<const Spelling*> find_long(std::string_view name, std::string_view line, const Word& word) {
    const Spelling* found = nullptr;
    for (const Spelling& spelling : option_spellings) {
        if (spelling.name == name) {
            return &spelling;
        }
        if (!spelling.name.starts_with(name) || name.size() < 3) {
            continue;
        }
        if (found != nullptr && found->option != spelling.option) {
            return fail(bad_option("the option `" + std::string(name) + "` can mean `" +
                                       std::string(found->name) + "` or `" +
                                       std::string(spelling.name) + "`",
                                   line, word));
        }
        found = &spelling;
    }
    if (found == nullptr) {
        return fail(bad_option("unknown option `" + text::printable(name) + "`", line, word)
                        .with_hint(hint_for_unknown(name)));
    }
    return found;
}

// The spelling of an option word, and the value that is part of the word (`--name=value`,
// `-rfile`).
struct OptionMatch {
    const Spelling* spelling = nullptr;
    std::optional<std::string> value = std::nullopt;
};

Result<OptionMatch> match(std::string_view line, const Word& word) {
    const std::string_view text = word.text;
    if (text.starts_with("--")) {
        const std::size_t equals = text.find('=');
        OptionMatch result;
        ENVPACK_TRY(result.spelling, find_long(text.substr(0, equals), line, word));
        if (equals != std::string_view::npos) {
            result.value = text.substr(equals + 1);
        }
        return result;
    }
    OptionMatch result{.spelling = find_short(text[1]), .value = std::nullopt};
    if (result.spelling == nullptr) {
        return fail(bad_option("unknown option `" + text::printable(text) + "`", line, word)
                        .with_hint(hint_for_unknown(text)));
    }
    if (text.size() > 2) {
        result.value = text.substr(2);
    }
    return result;
}

// Where the first word with a hyphen in front begins. Words are cut at spaces alone: a marker
// before it keeps its quotes.
std::size_t options_begin(std::string_view line) noexcept {
    for (std::size_t at = 0; at < line.size();) {
        if (line[at] == '-') {
            return at;
        }
        const std::size_t space = line.find(' ', at);
        at = space == std::string_view::npos ? line.size() : space + 1;
    }
    return line.size();
}

}  // namespace

Result<SplitLine> split_requirements_line(std::string_view line) {
    const std::size_t begin = options_begin(line);
    SplitLine result{.requirement = std::string(text::trim(line.substr(0, begin)))};
    ENVPACK_TRY(std::vector<Word> words, Words(line, begin).split());
    for (std::size_t i = 0; i < words.size(); ++i) {
        const Word& word = words[i];
        if (word.text.size() < 2 || word.text.front() != '-') {
            result.leftovers.push_back(word.text);
            continue;
        }
        if (word.text == "--") {
            continue;
        }
        ENVPACK_TRY(OptionMatch found, match(line, word));
        const std::string name(found.spelling->name);
        if (!found.spelling->takes_value && found.value) {
            return fail(bad_option("the option `" + name + "` takes no value", line, word));
        }
        if (found.spelling->takes_value && !found.value) {
            if (i + 1 == words.size()) {
                return fail(bad_option("the option `" + name + "` needs a value", line, word));
            }
            found.value = words[++i].text;
        }
        result.options.push_back(
            {found.spelling->option, found.spelling->name, std::move(found.value).value_or("")});
    }
    return result;
}

}  // namespace envpack::packaging
