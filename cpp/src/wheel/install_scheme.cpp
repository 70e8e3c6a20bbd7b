#include "envpack/wheel/install_scheme.hpp"

#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {

Result<InstallScheme> venv_scheme(const SafePath& prefix, std::uint32_t python_major,
                                  std::uint32_t python_minor) {
    if (prefix.is_root()) {
        return fail(Error(ErrorCode::invalid_argument,
                          "the root of an image cannot be a virtual environment")
                        .with_hint("give a prefix of its own, such as /opt/venv"));
    }
    const std::string python = fmt::format("python{}.{}", python_major, python_minor);
    const SafePath packages = prefix / "lib" / python / "site-packages";
    return InstallScheme{
        .purelib = packages,
        // lib64 is a link to lib in a virtual environment, so both are one folder.
        .platlib = packages,
        .scripts = prefix / "bin",
        .data = prefix,
        // Not sysconfig's own answer, which is the base's folder: pip's, for virtual environments.
        .headers = prefix / "include" / "site" / python,
        .interpreter = fmt::format("/{}/bin/python", prefix.str()),
        .python_major = python_major,
        .python_minor = python_minor,
    };
}

InstallScheme prefix_scheme(std::string interpreter, std::string_view library, bool is_venv,
                            std::uint32_t python_major, std::uint32_t python_minor) {
    const SafePath packages = SafePath() / "lib" / library / "site-packages";
    const SafePath include = SafePath() / "include";
    return InstallScheme{
        .purelib = packages,
        .platlib = packages,
        .scripts = SafePath() / "bin",
        .data = SafePath(),
        .headers = is_venv ? include / "site" / library : include / library,
        .interpreter = std::move(interpreter),
        .python_major = python_major,
        .python_minor = python_minor,
    };
}

}  // namespace envpack::wheel
