#include "envpack/env/python_imports.hpp"

#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"
#include "python_tokens.hpp"

#include <iterator>
#include <optional>

namespace envpack::env {
namespace {

using Kind = PythonToken::Kind;

/// A parser of import statements over tokens. One thread.
class Imports {
public:
    explicit Imports(std::string_view source) : tokens_(python_tokens(source)) {}

    std::vector<PythonImport> run() {
        bool statement_begins = true;
        while (at_ < tokens_.size()) {
            const std::size_t before = at_;
            if (statement_begins && take_name("import")) {
                import_statement();
            } else if (statement_begins && take_name("from")) {
                from_statement();
            } else if (take_name("import_module") || take_name("__import__")) {
                dynamic_import();
            }
            if (at_ == before) {
                ++at_;
            }
            const PythonToken& last = tokens_[at_ - 1];
            // After `:` too: `try: import a`. A slice or a dict never has `import` behind its own.
            statement_begins = last.kind == Kind::end_of_line ||
                               (last.kind == Kind::other && (last.text == ";" || last.text == ":"));
        }
        return std::move(found_);
    }

private:
    bool is(Kind kind, std::string_view text) const {
        return at_ < tokens_.size() && tokens_[at_].kind == kind && tokens_[at_].text == text;
    }
    bool take_name(std::string_view text) { return take(Kind::name, text); }
    bool take_other(std::string_view text) { return take(Kind::other, text); }
    bool take(Kind kind, std::string_view text) {
        const bool there = is(kind, text);
        at_ += there ? 1 : 0;
        return there;
    }

    std::optional<std::string> dotted_name() {
        std::string name;
        while (at_ < tokens_.size() && tokens_[at_].kind == Kind::name) {
            name += tokens_[at_++].text;
            if (!take_other(".")) {
                return name;
            }
            name += '.';
        }
        return std::nullopt;
    }

    void skip_alias() {
        if (take_name("as") && at_ < tokens_.size() && tokens_[at_].kind == Kind::name) {
            ++at_;
        }
    }

    void import_statement() {
        const std::size_t line = tokens_[at_ - 1].line;
        do {
            auto module = dotted_name();
            if (!module) {
                return;
            }
            found_.push_back({*std::move(module), {}, line});
            skip_alias();
        } while (take_other(","));
    }

    void from_statement() {
        const std::size_t line = tokens_[at_ - 1].line;
        if (is(Kind::other, ".")) {
            return;  // relative: the project's own
        }
        auto module = dotted_name();
        if (!module || !take_name("import")) {
            return;
        }
        PythonImport import{*std::move(module), {}, line};
        if (!take_other("*")) {
            const bool bracket = take_other("(");
            do {
                if (bracket && is(Kind::other, ")")) {
                    break;  // after a final comma
                }
                if (at_ >= tokens_.size() || tokens_[at_].kind != Kind::name) {
                    break;
                }
                import.names.emplace_back(tokens_[at_++].text);
                skip_alias();
            } while (take_other(","));
        }
        found_.push_back(std::move(import));
    }

    void dynamic_import() {
        if (!take_other("(") || at_ >= tokens_.size() || tokens_[at_].kind != Kind::text) {
            return;
        }
        const PythonToken& name = tokens_[at_];
        if (!name.text.empty() && name.text.front() != '.' &&
            name.text.find_first_of("\\{ ") == std::string_view::npos) {
            found_.push_back({std::string(name.text), {}, name.line});
        }
    }

    std::vector<PythonToken> tokens_;
    std::size_t at_ = 0;
    std::vector<PythonImport> found_;
};

/// A cell as Python: IPython's magics (`%`, `!`, `?`) become empty lines. Empty for `%%bash` and
/// its like.
std::string python_of_cell(std::string_view cell) {
    if (text::trim(cell).starts_with("%%")) {
        return {};
    }
    std::string source;
    for (const std::string_view line : text::lines(cell)) {
        const std::string_view trimmed = text::trim(line);
        const bool magic = !trimmed.empty() && (trimmed.front() == '%' || trimmed.front() == '!' ||
                                                trimmed.front() == '?');
        source += magic ? std::string_view() : line;
        source += '\n';
    }
    return source;
}

}  // namespace

std::vector<PythonImport> python_imports(std::string_view source) {
    return Imports(source).run();
}

Result<std::vector<PythonImport>> notebook_imports(std::string_view text) {
    ENVPACK_TRY(const json::Value notebook, json::parse(text));
    ENVPACK_TRY(const json::Array* const cells, json::array_at(notebook, "cells"));
    std::vector<PythonImport> all;
    for (const json::Value& cell : *cells) {
        const json::Value* const type = cell.find("cell_type");
        const json::Value* const source = cell.find("source");
        if (type == nullptr || source == nullptr || *type != json::Value("code")) {
            continue;
        }
        std::string whole;
        if (const std::string* const one = source->as_string()) {
            whole = *one;
        } else if (const json::Array* const lines = source->as_array()) {
            for (const json::Value& line : *lines) {
                whole += line.as_string() == nullptr ? std::string() : *line.as_string();
            }
        }
        auto imports = python_imports(python_of_cell(whole));
        std::move(imports.begin(), imports.end(), std::back_inserter(all));
    }
    return all;
}

}  // namespace envpack::env
