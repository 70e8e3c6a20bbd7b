#include "envpack/packaging/startup_file.hpp"

#include <array>
#include <cstddef>

namespace envpack::packaging {

bool is_path_file(std::string_view name) noexcept {
    return name.ends_with(".pth") && !name.starts_with('.');
}

bool runs_code(std::string_view path_file) noexcept {
    for (std::size_t begin = 0; begin < path_file.size();) {
        const std::string_view line = path_file.substr(begin);
        if (line.starts_with("import ") || line.starts_with("import\t")) {
            return true;
        }
        // All three ends of lines that Python's text files know.
        const std::size_t end = line.find_first_of("\r\n");
        begin = end == std::string_view::npos ? path_file.size() : begin + end + 1;
    }
    return false;
}

std::string_view customize_module(std::string_view name) noexcept {
    constexpr std::array<std::string_view, 2> modules = {"sitecustomize", "usercustomize"};
    for (const std::string_view module : modules) {
        if (!name.starts_with(module)) {
            continue;
        }
        const std::string_view rest = name.substr(module.size());
        if (rest.empty() || rest == ".py" || rest == ".pyc" ||
            (rest.starts_with('.') && rest.ends_with(".so"))) {
            return module;
        }
    }
    return {};
}

}  // namespace envpack::packaging
