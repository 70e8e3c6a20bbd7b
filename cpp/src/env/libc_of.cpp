#include "libc_of.hpp"

#include "envpack/base/text.hpp"
#include "tree_text.hpp"

#include <charconv>
#include <cstring>
#include <optional>
#include <string>

namespace envpack::env {
namespace {

constexpr std::size_t max_library = 64u << 20;

/// `2.36` at the front of `text`.
std::optional<Libc> parse_version(std::string name, std::string_view text) {
    Libc libc{.name = std::move(name)};
    const char* const end = text.data() + text.size();
    const auto major = std::from_chars(text.data(), end, libc.major);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') {
        return std::nullopt;
    }
    const auto minor = std::from_chars(major.ptr + 1, end, libc.minor);
    if (minor.ec != std::errc()) {
        return std::nullopt;
    }
    return libc;
}

/// `libc-2.31.so`, `ld-2.31.so`: how files were named up to glibc 2.33.
std::optional<Libc> from_file_name(std::string_view name) {
    for (const std::string_view prefix : {"libc-", "ld-"}) {
        if (name.starts_with(prefix) && name.ends_with(".so")) {
            return parse_version("glibc", name.substr(prefix.size()));
        }
    }
    return std::nullopt;
}

/// «GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.»
std::optional<std::string> glibc_text(std::string_view window) {
    constexpr std::string_view needle = "release version ";
    const void* const hit = ::memmem(window.data(), window.size(), needle.data(), needle.size());
    if (hit == nullptr) {
        return std::nullopt;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(hit) - window.data());
    const std::string_view version = window.substr(at + needle.size(), 16);
    if (!parse_version("glibc", version)) {
        return std::nullopt;
    }
    return std::string(version);
}

/// musl holds its version as a C string of its own: "1.2.4".
std::optional<std::string> musl_text(std::string_view window) {
    constexpr std::string_view needle(
        "\0"
        "1.",
        3);
    for (std::size_t at = 0; at < window.size();) {
        const void* const hit =
            ::memmem(window.data() + at, window.size() - at, needle.data(), needle.size());
        if (hit == nullptr) {
            return std::nullopt;
        }
        at = static_cast<std::size_t>(static_cast<const char*>(hit) - window.data()) + 1;
        const std::string_view text = window.substr(at, window.substr(at).find('\0'));
        if (text.size() >= 5 && text.size() <= 8 &&
            text.find_first_not_of("0123456789.") == std::string_view::npos &&
            text::split(text, '.').size() == 3) {
            return std::string(text);
        }
    }
    return std::nullopt;
}

/// `V:1.2.4-r2` of the package `P:musl` in Alpine's database.
std::optional<Libc> from_apk(std::string_view database) {
    bool inside = false;
    for (const std::string_view line : text::lines(database)) {
        if (line.empty()) {
            inside = false;
        } else if (line == "P:musl") {
            inside = true;
        } else if (inside && line.starts_with("V:")) {
            return parse_version("musl", line.substr(2));
        }
    }
    return std::nullopt;
}

Result<Libc> find_musl(const archive::FileTree& tree, const SafePath& loader,
                       const RunContext& run) {
    ENVPACK_TRY(const auto found, scan_file(tree, loader, max_library, musl_text, run));
    if (found) {
        return parse_version("musl", *found).value_or(Libc{.name = "musl"});
    }
    const SafePath database = SafePath() / "lib" / "apk" / "db" / "installed";
    ENVPACK_TRY(const auto text, read_if_there(tree, database, max_library));
    if (text) {
        return from_apk(*text).value_or(Libc{.name = "musl"});
    }
    return Libc{.name = "musl"};
}

}  // namespace

std::string Libc::to_string() const {
    if (name.empty()) {
        return {};
    }
    return name + ' ' + std::to_string(major) + '.' + std::to_string(minor);
}

Result<Libc> find_libc(const archive::FileTree& tree, std::string_view program_interpreter,
                       const RunContext& run) {
    const auto path = SafePath::normalize(program_interpreter);
    if (!path || path->is_root()) {
        return Libc();
    }
    ENVPACK_TRY(const auto loader, archive::resolve(tree, *path));
    if (!loader) {
        return Libc();
    }
    if (path->name().starts_with("ld-musl-")) {
        return find_musl(tree, *loader, run);
    }
    if (const auto libc = from_file_name(loader->name())) {
        return *libc;
    }
    // The library lies beside its loader, whatever folders lead there.
    ENVPACK_TRY(const auto library, archive::resolve(tree, loader->parent() / "libc.so.6"));
    if (!library) {
        return Libc();
    }
    if (const auto libc = from_file_name(library->name())) {
        return *libc;
    }
    ENVPACK_TRY(const auto found, scan_file(tree, *library, max_library, glibc_text, run));
    return found ? parse_version("glibc", *found).value_or(Libc()) : Libc();
}

}  // namespace envpack::env
