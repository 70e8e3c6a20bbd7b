#include "envpack/wheel/entry_point_script.hpp"

#include "envpack/wheel/shebang.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {
namespace {

using packaging::EntryPoint;

std::string script_text(const EntryPoint& point, std::string_view head) {
    // `module:Class.method` is imported by its first part and called by all of it.
    const std::string_view imported =
        std::string_view(point.attribute).substr(0, point.attribute.find('.'));
    return fmt::format(
        "{}"
        "# Generated at installation for the entry point {}:{}\n"
        "import sys\n"
        "\n"
        "from {} import {}\n"
        "\n"
        "if __name__ == \"__main__\":\n"
        "    sys.exit({}())\n",
        head, point.module, point.attribute, point.module, imported, point.attribute);
}

// pip, pip3, pip3.11: what pip's wheel lists depends on the Python it was built with.
bool is_versioned_pip(std::string_view name) noexcept {
    return name.starts_with("pip") && std::ranges::all_of(name.substr(3), [](char c) {
               return (c >= '0' && c <= '9') || c == '.';
           });
}

}  // namespace

Result<std::vector<EntryPointScript>> entry_point_scripts(const packaging::EntryPoints& points,
                                                          const InstallScheme& scheme) {
    std::vector<EntryPoint> commands = points.console_scripts;
    const auto pip = std::ranges::find(commands, "pip", &EntryPoint::name);
    if (pip != commands.end()) {
        const EntryPoint target = *pip;
        std::erase_if(commands,
                      [](const EntryPoint& point) { return is_versioned_pip(point.name); });
        for (const std::string& name :
             {std::string("pip"), fmt::format("pip{}", scheme.python_major),
              fmt::format("pip{}.{}", scheme.python_major, scheme.python_minor)}) {
            commands.push_back(target);
            commands.back().name = name;
        }
    }
    commands.insert(commands.end(), points.gui_scripts.begin(), points.gui_scripts.end());
    std::ranges::sort(commands, {}, &EntryPoint::name);

    std::vector<EntryPointScript> scripts;
    if (commands.empty()) {
        return scripts;
    }
    ENVPACK_TRY(const std::string head, shebang(scheme.interpreter));
    for (const EntryPoint& command : commands) {
        scripts.push_back({command.name, script_text(command, head)});
    }
    return scripts;
}

}  // namespace envpack::wheel
