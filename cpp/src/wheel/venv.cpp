#include "envpack/wheel/venv.hpp"

#include "envpack/base/digest.hpp"
#include "envpack/base/text.hpp"
#include "envpack/wheel/shebang.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {
namespace {

using archive::FileType;
using archive::PlannedEntry;

// "3.11" of "3.11.7", "3.13.0rc1", "3.13.0+"; nullopt for anything else.
std::optional<std::string> feature_version(std::string_view version) {
    const auto is_plain = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == '+';
    };
    if (!std::ranges::all_of(version, is_plain)) {
        return std::nullopt;
    }
    const char* const end = version.data() + version.size();
    unsigned major = 0;
    unsigned minor = 0;
    const auto first = std::from_chars(version.data(), end, major);
    if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') {
        return std::nullopt;
    }
    const auto second = std::from_chars(first.ptr + 1, end, minor);
    if (second.ec != std::errc() || (second.ptr != end && *second.ptr != '.')) {
        return std::nullopt;
    }
    return fmt::format("{}.{}", major, minor);
}

PlannedEntry directory(SafePath path) {
    return {.path = std::move(path), .type = FileType::directory, .mode = 0755};
}

PlannedEntry link(SafePath path, std::string target) {
    return {.path = std::move(path),
            .type = FileType::symlink,
            .mode = 0777,
            .link_target = std::move(target)};
}

}  // namespace

Result<std::vector<PlannedEntry>> plan_venv(const VenvOptions& options) {
    if (options.prefix.is_root()) {
        return fail(ErrorCode::invalid_argument,
                    "the root of an image cannot be a virtual environment");
    }
    // Also what may stand in pyvenv.cfg, which has no quoting.
    ENVPACK_CHECK(shebang(options.base_interpreter));
    const std::size_t slash = options.base_interpreter.rfind('/');
    const std::string home = slash == 0 ? "/" : options.base_interpreter.substr(0, slash);
    const auto feature = feature_version(options.python_version);
    if (!feature) {
        return fail(
            ErrorCode::invalid_argument,
            fmt::format("`{}` is no Python version", text::printable(options.python_version)));
    }
    // PEP 405: `home` is where the interpreter finds its standard library; the other keys are
    // those of CPython's own venv module. `command` would name the machine that built the image.
    std::string config =
        fmt::format("home = {}\ninclude-system-site-packages = {}\nversion = {}\nexecutable = {}\n",
                    home, options.system_site_packages ? "true" : "false", options.python_version,
                    options.base_interpreter);

    const SafePath& prefix = options.prefix;
    const SafePath bin = prefix / "bin";
    const SafePath lib = prefix / "lib";
    const std::string python = "python" + *feature;
    const SafePath python_lib = lib / python;
    std::vector<PlannedEntry> entries = {
        directory(prefix),
        directory(bin),
        link(bin / "python", options.base_interpreter),
        link(bin / "python3", "python"),
        link(bin / python, "python"),
        directory(prefix / "include"),
        directory(prefix / "include" / python),
        directory(lib),
        directory(python_lib),
        directory(python_lib / "site-packages"),
        link(prefix / "lib64", "lib"),
        archive::planned_text(prefix / "pyvenv.cfg", std::move(config)),
    };
    std::ranges::sort(entries, {}, &PlannedEntry::path);
    return entries;
}

}  // namespace envpack::wheel
