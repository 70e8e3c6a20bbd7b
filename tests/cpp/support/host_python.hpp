#pragma once

#include "envpack/base/process.hpp"
#include "envpack/base/text.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace envpack::test {

/// What a program prints, without the final line end; "<…>" when it does not end with 0.
inline std::string output_of(std::vector<std::string> arguments) {
    const std::string program = arguments.front();
    const auto output =
        run_process({.arguments = std::move(arguments), .timeout_seconds = 100.0}, {});
    if (!output) {
        return "<" + output.error().render() + ">";
    }
    if (output->exit_status != 0) {
        return "<" + program + " failed: " + output->standard_output + output->standard_error + ">";
    }
    return std::string(text::trim(output->standard_output));
}

/// The Python of this machine, for tests against the real thing.
struct HostPython {
    std::string executable;  ///< the base interpreter, not that of a virtual environment
    std::string version;     ///< 3.11.7

    /// nullopt when there is no python3 that has venv and a pip with --python (22.3).
    static std::optional<HostPython> find() {
        const std::string found = output_of(
            {"python3", "-c",
             "import sys, venv, pip, platform\n"
             "assert tuple(map(int, pip.__version__.split('.')[:2])) >= (22, 3)\n"
             "print(getattr(sys, '_base_executable', sys.executable), platform.python_version())"});
        const std::size_t space = found.rfind(' ');
        if (found.starts_with('<') || space == std::string::npos) {
            return std::nullopt;
        }
        return HostPython{found.substr(0, space), found.substr(space + 1)};
    }

    unsigned minor() const {
        return static_cast<unsigned>(std::stoul(version.substr(version.find('.') + 1)));
    }
    /// `pip <arguments>` for the environment at `prefix`.
    static std::string pip(const std::string& prefix, const std::vector<std::string>& arguments) {
        std::vector<std::string> all = {"python3",
                                        "-m",
                                        "pip",
                                        "--isolated",
                                        "--disable-pip-version-check",
                                        "--no-cache-dir",
                                        "--python",
                                        prefix + "/bin/python"};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return output_of(std::move(all));
    }
};

}  // namespace envpack::test
