#include "python_version.hpp"

#include "dpkg_status.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/text.hpp"
#include "tree_text.hpp"

#include <array>
#include <cstring>
#include <string>

namespace envpack::env {
namespace {

constexpr std::size_t max_library = 64u << 20;

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// Length of the digits at `from`.
std::size_t digits(std::string_view text, std::size_t from) noexcept {
    std::size_t end = from;
    while (end < text.size() && is_digit(text[end])) {
        ++end;
    }
    return end - from;
}

/// Length of `a1`, `b2`, `rc1` at `from`; 0 when there is none.
std::size_t prerelease(std::string_view text, std::size_t from) noexcept {
    for (const std::string_view kind : {"rc", "a", "b"}) {
        if (text.substr(from).starts_with(kind)) {
            const std::size_t number = digits(text, from + kind.size());
            return number == 0 ? 0 : kind.size() + number;
        }
    }
    return 0;
}

/// Length of `3.11.2` or `3.13.0rc1` at `from`; 0 when there is none.
std::size_t full_version(std::string_view text, std::size_t from) noexcept {
    std::size_t at = from;
    for (int part = 0; part < 3; ++part) {
        if (part > 0) {
            if (at >= text.size() || text[at] != '.') {
                return 0;
            }
            ++at;
        }
        const std::size_t count = digits(text, at);
        if (count == 0 || count > 3) {
            return 0;
        }
        at += count;
    }
    return at + prerelease(text, at) - from;
}

std::string from_header(std::string_view text) {
    for (const std::string_view line : text::lines(text)) {
        const auto words = text::words(line);
        if (words.size() >= 3 && words[0] == "#define" && words[1] == "PY_VERSION" &&
            words[2].size() > 2 && words[2].front() == '"') {
            return clean_python_version(words[2].substr(1, words[2].size() - 2));
        }
    }
    return {};
}

/// Version of the package in a dpkg status text, without Debian revision.
std::string from_dpkg(std::string_view status, std::string_view name) {
    for (const DpkgPackage& package : installed_dpkg_packages(status)) {
        if (package.name == name) {
            return std::string(package.version.substr(0, full_version(package.version, 0)));
        }
    }
    return {};
}

}  // namespace

std::string clean_python_version(std::string_view text) {
    const std::size_t length = full_version(text, 0);
    if (length == 0) {
        return {};
    }
    std::string version(text.substr(0, length));
    const std::string_view rest = text.substr(length);
    if (rest.empty() || rest == "+") {
        return version;
    }
    // sys.version_info: level and serial.
    const auto parts = text::split(rest, '.');
    if (parts.size() != 3 || !parts[0].empty()) {
        return {};
    }
    if (parts[1] == "final") {
        return version;
    }
    for (const auto& [level, letter] :
         {std::pair("alpha", "a"), std::pair("beta", "b"), std::pair("candidate", "rc")}) {
        if (parts[1] == level && digits(parts[2], 0) == parts[2].size() && !parts[2].empty()) {
            return version + letter + std::string(parts[2]);
        }
    }
    return {};
}

std::optional<std::string> find_version_string(std::string_view bytes, std::string_view prefix) {
    std::size_t at = 0;
    while (at < bytes.size()) {
        const void* hit =
            ::memmem(bytes.data() + at, bytes.size() - at, prefix.data(), prefix.size());
        if (hit == nullptr) {
            return std::nullopt;
        }
        at = static_cast<std::size_t>(static_cast<const char*>(hit) - bytes.data());
        const std::size_t length = full_version(bytes, at);
        std::size_t end = at + length;
        if (end < bytes.size() && bytes[end] == '+') {
            ++end;  // a build between two releases
        }
        if (length != 0 && at > 0 && bytes[at - 1] == '\0' && end < bytes.size() &&
            bytes[end] == '\0') {
            return std::string(bytes.substr(at, length));
        }
        ++at;
    }
    return std::nullopt;
}

Result<std::string> find_full_version(const archive::FileTree& tree, const Interpreter& python,
                                      const RunContext& run) {
    const Limits limits;
    const std::string wanted = python.short_version() + ".";
    const std::string library = python.library_name();
    const auto fits = [&](const std::string& version) { return version.starts_with(wanted); };

    const SafePath header = python.base_prefix / "include" / library / "patchlevel.h";
    ENVPACK_TRY(const auto header_text, read_if_there(tree, header, limits.max_metadata));
    if (header_text) {
        if (std::string version = from_header(*header_text); fits(version)) {
            return version;
        }
    }

    std::vector<SafePath> binaries;
    if (!python.executable.is_root()) {
        binaries.push_back(python.executable);
    }
    const std::string shared = "lib" + library + ".so.1.0";
    for (const std::string_view folder : {"lib", "lib64"}) {
        binaries.push_back(python.base_prefix / folder / shared);
        if (!python.machine.empty()) {
            // Debian's multiarch folder.
            binaries.push_back(python.base_prefix / folder / (python.machine + "-linux-gnu") /
                               shared);
        }
    }
    for (const SafePath& binary : binaries) {
        ENVPACK_TRY(const auto info, archive::stat(tree, binary));
        if (!info || info->type != archive::FileType::regular) {
            continue;
        }
        ENVPACK_TRY(
            const auto found,
            scan_file(
                tree, binary, max_library,
                [&](std::string_view window) { return find_version_string(window, wanted); }, run));
        if (found) {
            return *found;
        }
    }

    const std::string package = "python" + python.short_version() + "-minimal";
    const SafePath dpkg = SafePath() / "var" / "lib" / "dpkg";
    for (const SafePath& status : {dpkg / "status", dpkg / "status.d" / package}) {
        ENVPACK_TRY(const auto text, read_if_there(tree, status, limits.max_record));
        if (text) {
            if (std::string version = from_dpkg(*text, package); fits(version)) {
                return version;
            }
        }
    }
    return std::string();
}

}  // namespace envpack::env
