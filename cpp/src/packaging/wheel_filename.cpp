#include "envpack/packaging/wheel_filename.hpp"

#include "envpack/base/text.hpp"
#include "normalized_name.hpp"
#include "scanner.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace envpack::packaging {
namespace {

Error bad_wheel_name(std::string_view filename, std::string_view problem) {
    std::string message = "`";
    message.append(text::printable(filename)).append("` is no wheel file name: ").append(problem);
    return Error(ErrorCode::parse_error, std::move(message));
}

// PEP 427, "Escaping and Unicode": word characters and dots, where `_` stands for a run of `-_.`.
bool is_escaped_name(std::string_view text) {
    return !text.empty() && text.find("__") == std::string_view::npos && text::is_utf8(text) &&
           std::all_of(text.begin(), text.end(), [](char c) { return is_word(c) || c == '.'; });
}

std::optional<BuildTag> parse_build(std::string_view text) {
    BuildTag build;
    const char* const end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data(), end, build.number);
    if (problem != std::errc{}) {
        return std::nullopt;
    }
    build.text.assign(rest, end);
    return build;
}

}  // namespace

std::string BuildTag::to_string() const {
    return std::to_string(number) + text;
}

Result<WheelFilename> WheelFilename::parse(std::string_view filename) {
    constexpr std::string_view extension = ".whl";
    if (!filename.ends_with(extension)) {
        return fail(bad_wheel_name(filename, "it does not end with `.whl`"));
    }
    const std::string_view stem = filename.substr(0, filename.size() - extension.size());
    const std::vector<std::string_view> parts = text::split(stem, '-');
    if (parts.size() != 5 && parts.size() != 6) {
        return fail(bad_wheel_name(filename, "it has not five or six parts between hyphens"));
    }
    if (!is_escaped_name(parts[0])) {
        return fail(bad_wheel_name(filename, "the project name is empty or not escaped"));
    }
    auto version = Version::parse(parts[1]);
    if (!version) {
        return fail(bad_wheel_name(filename, "the second part is no version of PEP 440"));
    }
    WheelFilename wheel{.name = normalized_name(parts[0]), .version = *std::move(version)};
    if (parts.size() == 6) {
        wheel.build = parse_build(parts[2]);
        if (!wheel.build) {
            return fail(bad_wheel_name(filename, "the build tag does not begin with a number"));
        }
    }
    const std::size_t tag_begin = stem.size() - parts.back().size() -
                                  parts[parts.size() - 2].size() - parts[parts.size() - 3].size() -
                                  2;
    auto tags = parse_tag_set(stem.substr(tag_begin));
    if (!tags) {
        return fail(bad_wheel_name(filename, tags.error().message()));
    }
    wheel.tags = *std::move(tags);
    return wheel;
}

std::string WheelFilename::to_string() const {
    std::string text = name;
    std::replace(text.begin(), text.end(), '-', '_');
    text.append("-").append(version.to_string()).append("-");
    if (build) {
        text.append(build->to_string()).append("-");
    }
    return text.append(to_tag_set(tags)).append(".whl");
}

Result<PackageName> WheelFilename::package_name() const {
    return PackageName::parse(name);
}

}  // namespace envpack::packaging
