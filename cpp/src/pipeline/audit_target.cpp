#include "audit_target.hpp"

#include "envpack/env/target_environment.hpp"
#include "envpack/pipeline/freeze.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// Of wheels for every Python 3; it only decides the names of folders.
constexpr unsigned usual_minor = 12;

/// Tags ask for a C library that is at least so new; here it is newer than all of them.
constexpr unsigned newest_libc_minor = 99;

constexpr std::array machines = {std::string_view("x86_64"), std::string_view("aarch64"),
                                 std::string_view("i686"),   std::string_view("ppc64le"),
                                 std::string_view("s390x"),  std::string_view("armv7l"),
                                 std::string_view("riscv64")};

/// 11 of `cp311`; nullopt of `py3`, which says less, and of others than CPython 3.
std::optional<unsigned> minor_of(std::string_view interpreter) {
    constexpr std::string_view start = "cp3";
    unsigned minor = 0;
    if (!interpreter.starts_with(start)) {
        return std::nullopt;
    }
    const char* const end = interpreter.data() + interpreter.size();
    const auto [stop, error] = std::from_chars(interpreter.data() + start.size(), end, minor);
    return error == std::errc() && stop == end ? std::optional(minor) : std::nullopt;
}

std::string_view machine_of(std::string_view platform) {
    const auto* const found = std::ranges::find_if(
        machines, [&](std::string_view machine) { return platform.ends_with(machine); });
    return found == machines.end() ? std::string_view() : *found;
}

/// What one wheel says of the Python that can have it.
struct WheelTarget {
    std::optional<unsigned> exact = std::nullopt;  ///< its one minor version
    unsigned at_least = 0;
    bool free_threaded = false;
    std::string_view machine = {};
    bool is_musl = false;
};

WheelTarget read_tags(const packaging::WheelFilename& wheel) {
    WheelTarget target;
    for (const packaging::Tag& tag : wheel.tags) {
        if (const auto minor = minor_of(tag.interpreter)) {
            if (tag.abi.starts_with("cp3")) {
                target.exact = std::min(target.exact.value_or(*minor), *minor);
                target.free_threaded = target.free_threaded || tag.abi.ends_with('t');
            } else {
                target.at_least = *minor;  // abi3, or no ABI at all
            }
        }
        if (const std::string_view machine = machine_of(tag.platform); !machine.empty()) {
            target.machine = machine;
            target.is_musl = tag.platform.starts_with("musllinux");
        }
    }
    return target;
}

}  // namespace

Result<env::Interpreter> target_of_wheels(const std::vector<packaging::WheelFilename>& wheels) {
    std::optional<unsigned> exact;
    unsigned at_least = 0;
    bool free_threaded = false;
    std::string_view machine = machines.front();
    bool is_musl = false;
    for (const packaging::WheelFilename& wheel : wheels) {
        const WheelTarget target = read_tags(wheel);
        exact = exact ? exact : target.exact;
        at_least = std::max(at_least, target.at_least);
        free_threaded = free_threaded || target.free_threaded;
        if (!target.machine.empty()) {
            machine = target.machine;
            is_musl = target.is_musl;
        }
    }
    const unsigned minor = exact.value_or(at_least == 0 ? usual_minor : at_least);
    ENVPACK_TRY(env::Interpreter python,
                env::described_interpreter(fmt::format("3.{}", minor), machine,
                                           is_musl ? fmt::format("musl 1.{}", newest_libc_minor)
                                                   : fmt::format("glibc 2.{}", newest_libc_minor)));
    python.abi_flags = free_threaded ? "t" : "";
    return python;
}

Result<env::Interpreter> target_of_lock(const env::Lock& lock, const UserConfig& user,
                                        const RunContext& run) {
    if (lock.origin && !lock.origin->python.empty() && !lock.origin->libc.empty()) {
        return env::described_interpreter(lock.origin->python, lock.origin->machine,
                                          lock.origin->libc);
    }
    ENVPACK_TRY(const env::Inventory here,
                freeze({.source = ".", .detail = env::InventoryDetail::none}, user, run));
    return here.python;
}

}  // namespace envpack::pipeline
