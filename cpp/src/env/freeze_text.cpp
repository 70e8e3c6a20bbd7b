#include "envpack/env/freeze_text.hpp"

#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "scan_folder.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

namespace envpack::env {
namespace {

class FreezeText {
public:
    Result<void> read_lines(std::string_view text) {
        bool columns = false;
        std::string_view comment;
        for (const std::string_view raw : text::lines(text)) {
            const std::string_view line = text::trim(raw);
            if (line.starts_with("Package ") && text::words(line).size() >= 2 &&
                text::words(line)[1] == "Version") {
                columns = true;
            } else if (line.starts_with('#')) {
                comment = line;
            } else if (!line.empty() && line.find_first_not_of("- ") != std::string_view::npos) {
                ENVPACK_CHECK(columns ? column_line(line) : freeze_line(line, comment));
                comment = {};
            }
        }
        return {};
    }

    Result<void> read_json(const json::Value& document) {
        if (const json::Array* const list = document.as_array()) {
            for (const json::Value& item : *list) {  // pip list --format=json
                ENVPACK_CHECK(json_package(item));
            }
            return {};
        }
        ENVPACK_TRY(const json::Array* const installed, json::array_at(document, "installed"));
        for (const json::Value& item : *installed) {  // pip inspect
            ENVPACK_TRY(const json::Value* const metadata, json::object_at(item, "metadata"));
            ENVPACK_CHECK(json_package(*metadata));
        }
        return {};
    }

    Inventory take() && {
        std::sort(inventory_.packages.begin(), inventory_.packages.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        return std::move(inventory_);
    }

private:
    Result<void> add(std::string_view raw_name, std::string_view raw_version, bool editable) {
        ENVPACK_TRY(auto name, packaging::PackageName::parse(raw_name));
        if (!names_.insert(name).second) {
            inventory_.problems.push_back(
                {"duplicate-line", "`" + name.to_string() + "` is listed more than once"});
            return {};
        }
        FrozenPackage package{.name = std::move(name),
                              .raw_name = std::string(raw_name),
                              .raw_version = std::string(raw_version),
                              .form = PackageForm::text,
                              .editable = editable};
        set_version(package);
        inventory_.packages.push_back(std::move(package));
        return {};
    }

    Result<void> json_package(const json::Value& object) {
        ENVPACK_TRY(const std::string_view name, json::string_at(object, "name"));
        ENVPACK_TRY(const std::string_view version, json::string_at(object, "version"));
        return add(name, version, object.find("editable_project_location") != nullptr);
    }

    /// `numpy  1.26.4  [/path of an editable]  [pip]`
    Result<void> column_line(std::string_view line) {
        const auto words = text::words(line);
        if (words.size() < 2) {
            return unknown(line);
        }
        return add(words[0], words[1], words.size() > 2 && words[2].starts_with('/'));
    }

    Result<void> freeze_line(std::string_view line, std::string_view comment) {
        if (line.starts_with("-e ") || line.starts_with("--editable")) {
            return editable_line(line, comment);
        }
        if (line.starts_with('-')) {
            return {};  // `pip freeze -r` repeats the options of its file
        }
        for (const std::string_view equals : {"===", "=="}) {
            const std::size_t at = line.find(equals);
            if (at != std::string_view::npos && line.find('@') > at) {
                return add(text::trim(line.substr(0, at)),
                           text::trim(line.substr(at + equals.size())), false);
            }
        }
        if (line.find('@') != std::string_view::npos) {
            return url_line(line);
        }
        return unknown(line);
    }

    Result<void> url_line(std::string_view line) {
        const auto requirement = packaging::Requirement::parse(line);
        if (!requirement || requirement->url.empty()) {
            return unknown(line);
        }
        // Only the name of a wheel tells the version.
        std::string_view file = requirement->url;
        file = file.substr(0, file.find_first_of("?#"));
        file = file.substr(file.rfind('/') + 1);
        const auto wheel =
            packaging::WheelFilename::parse(text::percent_decode(file).value_or(std::string()));
        return add(requirement->name.str(), wheel ? wheel->version.to_string() : std::string(),
                   false);
    }

    /// pip writes `# Editable install with no version control (name==1.0)` above the line.
    Result<void> editable_line(std::string_view line, std::string_view comment) {
        const std::size_t open = comment.rfind('(');
        const std::size_t equals = comment.rfind("==");
        if (comment.starts_with("# Editable") && comment.ends_with(')') &&
            equals != std::string_view::npos && open < equals) {
            const std::string_view inside = comment.substr(open + 1);
            const std::size_t at = inside.find("==");
            return add(inside.substr(0, at), inside.substr(at + 2, inside.size() - at - 3), true);
        }
        const std::size_t egg = line.find("#egg=");
        if (egg != std::string_view::npos) {
            const std::string_view name = line.substr(egg + 5);
            return add(name.substr(0, name.find_first_of("&[")), "", true);
        }
        inventory_.skipped.push_back({text::printable(line), "", "unnamed-editable", ""});
        return {};
    }

    static Result<void> unknown(std::string_view line) {
        Error error(ErrorCode::parse_error,
                    "`" + text::printable(line) + "` is no line of `pip freeze` or `pip list`");
        error = std::move(error).with_span(std::string(line), 0, line.size());
        if (line.find('@') == std::string_view::npos && text::split(line, '=').size() == 3) {
            error = std::move(error).with_hint(
                "this looks like `conda list --export`; use `pip list --format=freeze` instead");
        } else {
            error = std::move(error).with_hint("make the list with `pip list --format=freeze`");
        }
        return fail(std::move(error));
    }

    Inventory inventory_;
    std::set<packaging::PackageName> names_;
};

}  // namespace

Result<Inventory> parse_pip_freeze(std::string_view text, const Limits& limits) {
    if (text.size() > limits.max_text) {
        return fail(ErrorCode::limit_exceeded, "the list of packages is too long");
    }
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    if (!text::is_utf8(text)) {
        return fail(ErrorCode::parse_error, "the list of packages is not UTF-8 text");
    }
    FreezeText reader;
    const std::string_view start = text::trim(text).substr(0, 1);
    if (start == "[" || start == "{") {
        ENVPACK_TRY(const json::Value document, json::parse(text, limits.max_depth));
        ENVPACK_CHECK(reader.read_json(document));
    } else {
        ENVPACK_CHECK(reader.read_lines(text));
    }
    return std::move(reader).take();
}

}  // namespace envpack::env
