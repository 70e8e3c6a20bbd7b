// What pip accepts where a requirement is expected: a PEP 508 text, a URL, a path.
#include "requirement_argument.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "shown_text.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

namespace envpack::packaging {
namespace {

constexpr std::array<std::string_view, 12> archive_extensions = {
    ".zip", ".whl",    ".tar.bz2", ".tbz", ".tar.gz", ".tgz",
    ".tar", ".tar.xz", ".txz",     ".tlz", ".tar.lz", ".tar.lzma"};

// Without a look at the disk, which pip takes: what has an operator or a space is a requirement
// with a mistake rather than a folder, unless it begins like a path.
bool is_path(std::string_view text) {
    const std::string_view before = text.substr(0, text.find('@'));
    const auto begins_like_path = [](std::string_view piece) {
        return piece.starts_with('.') || piece.starts_with('/') || piece.starts_with('~');
    };
    if (begins_like_path(text)) {
        return true;
    }
    if (before.size() != text.size() && before.find('/') == std::string_view::npos) {
        return false;  // name @ URL
    }
    if (text.find_first_of(" \t<>=!#") != std::string_view::npos) {
        return false;
    }
    const std::string lower = text::to_lower(text);
    return text.find('/') != std::string_view::npos ||
           std::any_of(archive_extensions.begin(), archive_extensions.end(),
                       [&lower](std::string_view end) { return lower.ends_with(end); });
}

// The last segment of a path or URL, decoded.
std::string file_name(std::string_view location) {
    location = location.substr(0, location.find_first_of("?#"));
    const std::string_view name = location.substr(location.rfind('/') + 1);
    return text::percent_decode(name).value_or(std::string(name));
}

// `#egg=name[extra]&subdirectory=…`: the old way to name what a URL holds.
std::string_view egg_fragment(std::string_view url) {
    const std::size_t hash = url.find('#');
    if (hash == std::string_view::npos) {
        return {};
    }
    for (const std::string_view piece : text::split(url.substr(hash + 1), '&')) {
        if (piece.starts_with("egg=")) {
            return piece.substr(4);
        }
    }
    return {};
}

// "./folder[a,b]" -> the extras; `text` keeps the rest.
Result<std::vector<PackageName>> take_extras(std::string_view& text) {
    std::vector<PackageName> extras;
    const std::size_t bracket = text.rfind('[');
    if (!text.ends_with(']') || bracket == std::string_view::npos || bracket == 0) {
        return extras;
    }
    for (const std::string_view piece :
         text::split(text.substr(bracket + 1, text.size() - bracket - 2), ',')) {
        ENVPACK_TRY(PackageName extra, PackageName::parse(text::trim(piece)));
        extras.push_back(std::move(extra));
    }
    text = text::trim(text.substr(0, bracket));
    std::sort(extras.begin(), extras.end());
    extras.erase(std::unique(extras.begin(), extras.end()), extras.end());
    return extras;
}

// `location ; marker`. In a URL a semicolon may be part of it, so that a space has to follow.
Result<void> take_marker(std::string_view& text, bool url, RequirementLine& line) {
    const std::size_t separator = text.find(url ? "; " : ";");
    if (separator == std::string_view::npos) {
        return {};
    }
    const std::string_view marker = text::trim(text.substr(separator + 1));
    text = text::trim(text.substr(0, separator));
    if (!marker.empty()) {
        ENVPACK_TRY(line.marker, Marker::parse(marker));
    }
    return {};
}

Result<void> read_wheel(std::string_view location, bool url, RequirementLine& line) {
    ENVPACK_TRY(const WheelFilename wheel, WheelFilename::parse(file_name(location)));
    ENVPACK_TRY(PackageName name, wheel.package_name());
    Requirement requirement{.name = std::move(name)};
    requirement.extras = std::exchange(line.extras, {});
    requirement.marker = std::exchange(line.marker, std::nullopt);
    if (url) {
        requirement.url = location;
        line.location.clear();
    } else {
        requirement.specifiers = SpecifierSet::pin(wheel.version);
    }
    line.requirement = std::move(requirement);
    return {};
}

Result<RequirementLine> read_location(std::string_view text, bool url, bool editable) {
    RequirementLine line;
    line.editable = editable;
    ENVPACK_CHECK(take_marker(text, url, line));
    const std::string_view egg = url ? egg_fragment(text) : std::string_view();
    if (!url) {
        ENVPACK_TRY(line.extras, take_extras(text));
    }
    line.location = text;
    if (!editable && file_name(text).ends_with(".whl")) {
        ENVPACK_CHECK(read_wheel(text, url, line));
    } else if (!egg.empty()) {
        ENVPACK_TRY(Requirement named, Requirement::parse(egg));
        named.url = std::exchange(line.location, {});
        named.specifiers = {};
        named.marker = std::exchange(line.marker, std::nullopt);
        line.requirement = std::move(named);
    }
    return line;
}

}  // namespace

bool is_url(std::string_view text) {
    constexpr std::array<std::string_view, 4> plain = {"http", "https", "file", "ftp"};
    constexpr std::array<std::string_view, 4> versioned = {"git+", "hg+", "svn+", "bzr+"};
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return false;
    }
    const std::string scheme = text::to_lower(text.substr(0, colon));
    return std::find(plain.begin(), plain.end(), scheme) != plain.end() ||
           std::any_of(versioned.begin(), versioned.end(),
                       [&scheme](std::string_view start) { return scheme.starts_with(start); });
}

Result<RequirementLine> parse_requirement_argument(std::string_view text, std::string_view origin) {
    text = text::trim(text);
    RequirementLine line;
    if (const bool url = is_url(text); url || is_path(text.substr(0, text.find(';')))) {
        ENVPACK_TRY(line, read_location(text, url, false));
    } else {
        ENVPACK_TRY(line.requirement, Requirement::parse(text));
    }
    line.text = shown_text(text).text;
    line.file = origin;
    return line;
}

Result<RequirementLine> parse_editable_argument(std::string_view text, std::string_view origin) {
    text = text::trim(text);
    RequirementLine line;
    const std::string_view before = text.substr(0, text.find('@'));
    const bool named = before.size() != text.size() && !is_url(text) &&
                       before.find('/') == std::string_view::npos && !before.starts_with('.');
    if (named) {
        ENVPACK_TRY(line.requirement, Requirement::parse(text));
        line.editable = true;
    } else {
        ENVPACK_TRY(line, read_location(text, is_url(text), true));
    }
    line.text = shown_text(text).text;
    line.file = origin;
    return line;
}

}  // namespace envpack::packaging
