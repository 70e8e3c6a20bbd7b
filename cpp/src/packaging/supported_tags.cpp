// The order of packaging.tags.sys_tags() 26.3 on Linux (PEP 425 leaves it to the installer).
#include "envpack/packaging/tag.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace envpack::packaging {
namespace {

// Versions come from files of strangers; no list is longer than these make it.
constexpr unsigned max_minor = 999;
constexpr unsigned max_libc_major = 9;

struct LegacyName {
    unsigned glibc_minor;
    std::string_view name;
};
// PEP 599, PEP 571, PEP 513: names from before PEP 600, for these versions of glibc 2.
constexpr std::array<LegacyName, 3> legacy_names = {
    {{17, "manylinux2014"}, {12, "manylinux2010"}, {5, "manylinux1"}}};

constexpr std::array<std::string_view, 9> manylinux_machines = {
    "x86_64", "aarch64", "ppc64", "ppc64le", "s390x", "loongarch64", "riscv64", "i686", "armv7l"};

bool has_manylinux(const std::vector<std::string>& machines) {
    return std::any_of(machines.begin(), machines.end(), [](const std::string& machine) {
        return std::find(manylinux_machines.begin(), manylinux_machines.end(), machine) !=
               manylinux_machines.end();
    });
}

void add_manylinux(const TagTarget& target, const std::string& machine,
                   std::vector<std::string>& platforms) {
    // PEP 600: nothing before glibc 2.17, or 2.5 where manylinux1 existed.
    const bool x86 = machine == "x86_64" || machine == "i686";
    const unsigned oldest_minor = x86 ? 5 : 17;
    for (unsigned major = target.libc_major; major >= 2; --major) {
        // A libc after 2.x would run everything of the majors before it; how far those went is
        // not known yet, and packaging assumes 50.
        const unsigned newest = major == target.libc_major ? target.libc_minor : 50;
        const unsigned oldest = major == 2 ? oldest_minor : 0;
        for (unsigned minor = newest + 1; minor-- > oldest;) {
            platforms.push_back("manylinux_" + std::to_string(major) + "_" + std::to_string(minor) +
                                "_" + machine);
            for (const LegacyName& legacy : legacy_names) {
                if (major == 2 && minor == legacy.glibc_minor) {
                    platforms.push_back(std::string(legacy.name) + "_" + machine);
                }
            }
        }
    }
}

void add_musllinux(const TagTarget& target, const std::string& machine,
                   std::vector<std::string>& platforms) {
    for (unsigned minor = target.libc_minor + 1; minor-- > 0;) {
        platforms.push_back("musllinux_" + std::to_string(target.libc_major) + "_" +
                            std::to_string(minor) + "_" + machine);
    }
}

std::string no_dot(const TagTarget& target, unsigned minor) {
    return std::to_string(target.major) + std::to_string(minor);
}

void add_each(std::string_view interpreter, std::string_view abi,
              const std::vector<std::string>& platforms, std::vector<Tag>& tags) {
    for (const std::string& platform : platforms) {
        tags.push_back({std::string(interpreter), std::string(abi), platform});
    }
}

void add_cpython(const TagTarget& target, const std::vector<std::string>& platforms,
                 std::vector<Tag>& tags) {
    const std::string interpreter = "cp" + no_dot(target, target.minor);
    const bool threaded =
        target.free_threaded && (target.major > 3 || (target.major == 3 && target.minor >= 13));
    const bool pymalloc = target.major < 3 || (target.major == 3 && target.minor < 8);
    const bool stable_abi = target.major > 3 || (target.major == 3 && target.minor >= 2);
    const std::string_view stable = threaded ? "abi3t" : "abi3";  // PEP 803, PEP 384
    add_each(interpreter, interpreter + (threaded ? "t" : "") + (pymalloc ? "m" : ""), platforms,
             tags);
    if (stable_abi) {
        add_each(interpreter, stable, platforms, tags);
    }
    add_each(interpreter, "none", platforms, tags);
    if (stable_abi) {
        for (unsigned minor = target.minor; minor-- > 2;) {
            add_each("cp" + no_dot(target, minor), stable, platforms, tags);
        }
    }
}

std::string other_interpreter(const TagTarget& target) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 3> short_names = {
        {{"pypy", "pp"}, {"ironpython", "ip"}, {"jython", "jy"}}};
    std::string name = target.implementation;
    for (const auto& [implementation, short_name] : short_names) {
        if (implementation == target.implementation) {
            name = short_name;
        }
    }
    return name + no_dot(target, target.minor);
}

std::vector<std::string> python_versions(const TagTarget& target) {
    std::vector<std::string> versions = {"py" + no_dot(target, target.minor),
                                         "py" + std::to_string(target.major)};
    for (unsigned minor = target.minor; minor-- > 0;) {
        versions.push_back("py" + no_dot(target, minor));
    }
    return versions;
}

TagTarget bounded(TagTarget target) {
    target.minor = std::min(target.minor, max_minor);
    target.libc_minor = std::min(target.libc_minor, max_minor);
    target.libc_major = std::min(target.libc_major, max_libc_major);
    return target;
}

}  // namespace

std::vector<std::string> platform_tags(const TagTarget& unbounded) {
    const TagTarget target = bounded(unbounded);
    std::vector<std::string> machines = {target.machine};
    if (target.machine == "armv8l") {  // a 32-bit Python on a 64-bit ARM runs armv7l too
        machines.emplace_back("armv7l");
    }
    std::vector<std::string> platforms;
    platforms.reserve(machines.size());
    for (const std::string& machine : machines) {
        platforms.push_back("linux_" + machine);
    }
    const bool manylinux = target.libc == Libc::glibc && has_manylinux(machines);
    for (const std::string& machine : machines) {
        if (manylinux) {
            add_manylinux(target, machine, platforms);
        } else if (target.libc == Libc::musl) {
            add_musllinux(target, machine, platforms);
        }
    }
    return platforms;
}

std::vector<Tag> supported_tags(const TagTarget& unbounded) {
    const TagTarget target = bounded(unbounded);
    const std::vector<std::string> platforms = platform_tags(target);
    const bool cpython = target.implementation == "cpython";
    std::vector<Tag> tags;
    std::string interpreter;  // that may have `none-any` wheels of its own
    if (cpython) {
        add_cpython(target, platforms, tags);
        interpreter = "cp" + no_dot(target, target.minor);
    } else {
        const std::string own = other_interpreter(target);
        if (!target.abi.empty()) {
            add_each(own, target.abi, platforms, tags);
        }
        add_each(own, "none", platforms, tags);
        interpreter = target.implementation == "pypy" ? "pp3" : "";
    }
    const std::vector<std::string> versions = python_versions(target);
    for (const std::string& version : versions) {
        add_each(version, "none", platforms, tags);
    }
    const std::vector<std::string> any = {"any"};
    if (!interpreter.empty()) {
        add_each(interpreter, "none", any, tags);
    }
    for (const std::string& version : versions) {
        add_each(version, "none", any, tags);
    }
    return tags;
}

}  // namespace envpack::packaging
