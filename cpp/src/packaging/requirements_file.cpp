#include "envpack/packaging/requirements_file.hpp"

#include "envpack/base/text.hpp"
#include "include_path.hpp"
#include "requirement_argument.hpp"
#include "requirements_lines.hpp"
#include "requirements_options.hpp"
#include "shown_text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace envpack::packaging {
namespace {

using Reading = RequirementsFile::Reading;

struct Place {
    std::string_view file;
    std::size_t line;
    std::size_t begin;
    std::size_t end;
    std::string to_string() const { return std::string(file) + ":" + std::to_string(line); }
};

Result<HashOption> parse_hash(std::string_view value) {
    struct Algorithm {
        std::string_view name;
        std::size_t digits;
    };
    constexpr std::array<Algorithm, 3> algorithms = {
        {{"sha256", 64}, {"sha384", 96}, {"sha512", 128}}};
    const std::size_t colon = value.find(':');
    const std::string_view name = value.substr(0, colon);
    const std::string hex =
        colon == std::string_view::npos ? "" : text::to_lower(value.substr(colon + 1));
    for (const Algorithm& algorithm : algorithms) {
        if (name != algorithm.name) {
            continue;
        }
        if (hex.size() != algorithm.digits ||
            hex.find_first_not_of("0123456789abcdef") != std::string::npos) {
            return fail(ErrorCode::parse_error, "a hash of " + std::string(name) + " has " +
                                                    std::to_string(algorithm.digits) +
                                                    " hexadecimal digits, not `" +
                                                    text::printable(hex, 140) + "`");
        }
        return HashOption{.algorithm = std::string(name), .hex = hex};
    }
    return fail(Error(ErrorCode::parse_error,
                      "`" + text::printable(value, 80) + "` is no hash that pip accepts")
                    .with_hint("write `--hash=sha256:…`; sha384 and sha512 also count"));
}

Error bad_constraint(std::string_view rule, std::string_view problem, std::string hint) {
    return Error(ErrorCode::parse_error, std::string(problem))
        .with_rule("constraints." + std::string(rule))
        .with_hint(std::move(hint));
}

// facts: pip, "Constraints Files"; a breach stops every command that names the file.
Result<void> check_constraint(const RequirementLine& line) {
    if (line.editable) {
        return fail(bad_constraint("editable", "an editable requirement cannot be a constraint",
                                   "write `name==version` instead"));
    }
    if (!line.requirement) {
        return fail(bad_constraint("unnamed", "a constraint needs the name of a package",
                                   "write `name @ URL`"));
    }
    if (!line.requirement->extras.empty()) {
        return fail(
            bad_constraint("extras", "a constraint cannot have extras",
                           "leave out the brackets; the constraint applies to every extra"));
    }
    if (!line.hashes.empty()) {
        return fail(bad_constraint("hash",
                                   "a constraint with a hash would turn on hash checking "
                                   "for the whole command",
                                   "move the hash to the requirements file"));
    }
    return {};
}

// RequirementLine::text of a line whose variables were replaced.
std::string written_requirement(const std::string& line) {
    const auto split = split_requirements_line(line);
    if (!split) {
        return shown_text(line).text;
    }
    for (const GivenOption& option : split->options) {
        if (split->requirement.empty() && option.option == RequirementsOption::editable) {
            return shown_text(option.value).text;
        }
    }
    return shown_text(split->requirement).text;
}

class FileReader {
public:
    FileReader(RequirementsFile& file, const Reading& reading) : file_(file), reading_(reading) {}

    Result<void> read(std::string_view bytes, const std::string& path, bool is_constraints) {
        if (bytes.size() > reading_.limits.max_text) {
            return fail(ErrorCode::limit_exceeded, "`" + path + "` is over the limit of " +
                                                       std::to_string(reading_.limits.max_text) +
                                                       " bytes");
        }
        ENVPACK_TRY(const std::string text,
                    with_context(decode_requirements(bytes), "while reading " + path));
        ancestors_.push_back(join_include_path("", path));
        for (const LogicalLine& line : logical_lines(text, reading_.variable)) {
            const Place place{path, line.number, line.begin, line.end};
            if (auto done = read_line(line, place, is_constraints); !done) {
                Error error = std::move(done).error();
                if (line.written != line.text && error.span() != nullptr) {
                    // The value of a variable is often a secret.
                    error = with_shown_span(std::move(error), line.written, 0, line.written.size());
                }
                return fail(std::move(error).with_context("while reading " + place.to_string()));
            }
        }
        ancestors_.pop_back();
        return {};
    }

private:
    void ignore(std::string_view what, const Place& place) {
        file_.notes.push_back(place.to_string() + ": " + std::string(what) + " has no effect here");
    }
    void ignore(const GivenOption& option, const Place& place) {
        ignore("`" + std::string(option.name) + "`", place);
    }

    // `-e name @ url`: pip would take the name for a folder and drop the rest.
    static Result<void> check_editable(const SplitLine& line) {
        if (!line.options.empty() && !line.leftovers.empty() &&
            line.leftovers.front().starts_with('@') &&
            line.options.front().option == RequirementsOption::editable) {
            return fail(Error(ErrorCode::parse_error, "the value of `-e` ends at the space")
                            .with_hint("put quotes around a value with spaces"));
        }
        return {};
    }

    Result<void> read_line(const LogicalLine& logical, const Place& place, bool is_constraints) {
        ENVPACK_TRY(const SplitLine line, split_requirements_line(logical.text));
        ENVPACK_CHECK(check_editable(line));
        for (const std::string& word : line.leftovers) {
            ignore("`" + text::printable(text::redact_url(word), 60) + "` after an option", place);
        }
        if (!line.requirement.empty()) {
            ENVPACK_TRY(RequirementLine requirement,
                        parse_requirement_argument(line.requirement, place.file));
            if (logical.written != logical.text) {
                requirement.text = written_requirement(logical.written);
            }
            return add(std::move(requirement), line.options, place, is_constraints);
        }
        // As in pip, one of these is all that its line does; the order of precedence too.
        for (const RequirementsOption main :
             {RequirementsOption::editable, RequirementsOption::requirement,
              RequirementsOption::constraint}) {
            const auto found =
                std::find_if(line.options.begin(), line.options.end(),
                             [main](const GivenOption& given) { return given.option == main; });
            if (found == line.options.end()) {
                continue;
            }
            for (const GivenOption& other : line.options) {
                if (&other != &*found && other.option != RequirementsOption::config_settings) {
                    ignore(other, place);
                }
            }
            if (main == RequirementsOption::editable) {
                ENVPACK_TRY(RequirementLine editable, parse_editable_argument(found->value, ""));
                if (logical.written != logical.text) {
                    editable.text = written_requirement(logical.written);
                }
                return add(std::move(editable), {}, place, is_constraints);
            }
            return include(*found, place, is_constraints);
        }
        for (const GivenOption& option : line.options) {
            ENVPACK_CHECK(apply(option, place));
        }
        return {};
    }

    Result<void> add(RequirementLine line, const std::vector<GivenOption>& options,
                     const Place& place, bool is_constraints) {
        for (const GivenOption& option : options) {
            if (option.option == RequirementsOption::hash) {
                ENVPACK_TRY(HashOption hash, parse_hash(option.value));
                line.hashes.push_back(std::move(hash));
            } else if (option.option != RequirementsOption::config_settings) {
                ignore(option, place);
            }
        }
        line.file = place.file;
        line.line = place.line;
        line.begin = place.begin;
        line.end = place.end;
        if (is_constraints) {
            ENVPACK_CHECK(check_constraint(line));
        }
        (is_constraints ? file_.constraints : file_.requirements).push_back(std::move(line));
        return {};
    }

    Result<void> include(const GivenOption& option, const Place& place, bool is_constraints) {
        const bool constraints = option.option == RequirementsOption::constraint;
        if (is_constraints && !constraints) {
            return fail(bad_constraint("include",
                                       "a constraints file includes requirements, which "
                                       "pip would install",
                                       "write `-c` instead of `-r`"));
        }
        const std::string path = join_include_path(place.file, option.value);
        if (std::find(ancestors_.begin(), ancestors_.end(), path) != ancestors_.end()) {
            return fail(ErrorCode::parse_error, "`" + text::redact_url(path) + "` includes itself");
        }
        if (ancestors_.size() >= reading_.limits.max_depth || ++files_ > reading_.max_files) {
            return fail(ErrorCode::limit_exceeded,
                        "requirements files include each other too often or too deep");
        }
        if (!reading_.load) {
            return fail(ErrorCode::unsupported,
                        "`" + std::string(option.name) + "` cannot be followed in this text");
        }
        ENVPACK_TRY(const std::string bytes, reading_.load(path));
        return read(bytes, path, constraints);
    }

    Result<void> apply(const GivenOption& option, const Place& place) {
        const std::string& value = option.value;
        switch (option.option) {
            case RequirementsOption::index_url:
                file_.index_url = value;
                break;
            case RequirementsOption::extra_index_url:
                file_.extra_index_urls.push_back(value);
                break;
            case RequirementsOption::no_index:
                file_.no_index = true;
                break;
            case RequirementsOption::find_links:
                file_.find_links.push_back({value, std::string(place.file)});
                break;
            case RequirementsOption::trusted_host:
                file_.trusted_hosts.push_back(value);
                break;
            case RequirementsOption::no_binary:
                return file_.formats.no_binary(value);
            case RequirementsOption::only_binary:
                return file_.formats.only_binary(value);
            case RequirementsOption::prefer_binary:
                file_.prefer_binary = true;
                break;
            case RequirementsOption::require_hashes:
                file_.require_hashes = true;
                break;
            case RequirementsOption::no_require_hashes:
                file_.require_hashes = false;
                break;
            case RequirementsOption::pre:
                file_.pre = true;
                break;
            case RequirementsOption::all_releases:
                return allow_all_releases(value);
            case RequirementsOption::only_final:
                return fail(ErrorCode::unsupported, "`--only-final` is not supported");
            case RequirementsOption::use_feature:
            case RequirementsOption::hash:
            case RequirementsOption::config_settings:
            case RequirementsOption::constraint:
            case RequirementsOption::requirement:
            case RequirementsOption::editable:
                ignore(option, place);
                break;
        }
        return {};
    }

    Result<void> allow_all_releases(std::string_view value) {
        if (value != ":all:") {
            return fail(
                Error(ErrorCode::unsupported, "`--all-releases` is supported for `:all:` only")
                    .with_hint("name the pre-release in the requirement, `name>=2.0rc1`"));
        }
        file_.pre = true;
        return {};
    }

    RequirementsFile& file_;
    const Reading& reading_;
    std::vector<std::string> ancestors_ = {};
    std::size_t files_ = 0;
};

}  // namespace

std::string RequirementLine::origin() const {
    return line == 0 ? file : file + ":" + std::to_string(line);
}

bool RequirementsFile::hash_mode() const noexcept {
    return require_hashes.value_or(
        std::any_of(requirements.begin(), requirements.end(),
                    [](const RequirementLine& line) { return !line.hashes.empty(); }));
}

Result<RequirementsFile> RequirementsFile::parse(std::string_view text, std::string_view path,
                                                 const Reading& reading) {
    RequirementsFile file;
    ENVPACK_CHECK(file.append(text, path, reading));
    return file;
}

Result<void> RequirementsFile::append(std::string_view text, std::string_view path,
                                      const Reading& reading) {
    return FileReader(*this, reading).read(text, std::string(path), reading.is_constraints);
}

}  // namespace envpack::packaging
