#include "envpack/env/target_environment.hpp"

#include "envpack/base/text.hpp"
#include "python_version.hpp"

#include <charconv>

namespace envpack::env {
namespace {

/// `2.36` or `3.11`, nothing before it and no digit lost.
bool parse_pair(std::string_view text, unsigned& first, unsigned& second) {
    const char* const end = text.data() + text.size();
    const auto major = std::from_chars(text.data(), end, first);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') {
        return false;
    }
    return std::from_chars(major.ptr + 1, end, second).ec == std::errc();
}

}  // namespace

packaging::MarkerEnvironment marker_environment(const Interpreter& python) {
    // PEP 508, "Environment Markers".
    packaging::MarkerEnvironment environment;
    auto& values = environment.values;
    values["os_name"] = "posix";
    values["sys_platform"] = "linux";
    values["platform_system"] = "Linux";
    values["platform_machine"] = python.machine;
    values["platform_release"] = "";
    values["platform_version"] = "";
    values["platform_python_implementation"] =
        python.implementation == "cpython" ? "CPython" : python.implementation;
    values["implementation_name"] = python.implementation;
    values["implementation_version"] = python.full_version;
    values["python_version"] = python.short_version();
    values["python_full_version"] = python.full_version;
    return environment;
}

Result<packaging::TagTarget> tag_target(const Interpreter& python) {
    if (python.major < 3 || python.machine.empty() || python.libc.name.empty()) {
        const std::string what = python.major < 3         ? "Python " + python.short_version()
                                 : python.machine.empty() ? "a Python of unknown architecture"
                                                          : "a Python with an unknown C library";
        return fail(Error(ErrorCode::unsupported, "cannot tell which wheels fit " + what)
                        .with_hint("name a source that holds the whole interpreter, such as the "
                                   "root file system or the image"));
    }
    return packaging::TagTarget{
        .implementation = python.implementation,
        .major = python.major,
        .minor = python.minor,
        .machine = python.machine,
        .libc = python.libc.name == "musl" ? packaging::Libc::musl : packaging::Libc::glibc,
        .libc_major = python.libc.major,
        .libc_minor = python.libc.minor,
        .free_threaded = python.abi_flags == "t",
    };
}

Result<Interpreter> described_interpreter(std::string_view full_version, std::string_view machine,
                                          std::string_view libc) {
    Interpreter python{.full_version = std::string(full_version), .machine = std::string(machine)};
    const auto parts = text::split(full_version, '.');
    const bool whole = parts.size() == 2 || !clean_python_version(full_version).empty();
    if (!whole || !parse_pair(full_version, python.major, python.minor)) {
        return fail(Error(ErrorCode::parse_error,
                          "`" + text::printable(full_version) + "` is no Python version")
                        .with_hint("write it as 3.11 or 3.11.2"));
    }
    if (!libc.empty()) {
        const auto words = text::words(libc);
        if (words.size() != 2 || (words[0] != "glibc" && words[0] != "musl") ||
            !parse_pair(words[1], python.libc.major, python.libc.minor)) {
            return fail(
                Error(ErrorCode::parse_error, "`" + text::printable(libc) + "` is no C library")
                    .with_hint("write it as `glibc 2.36` or `musl 1.2`"));
        }
        python.libc.name = words[0];
    }
    return python;
}

}  // namespace envpack::env
