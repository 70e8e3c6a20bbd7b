#include "pyvenv_config.hpp"

#include "envpack/base/text.hpp"
#include "python_version.hpp"

namespace envpack::env {

PyvenvConfig parse_pyvenv_config(std::string_view text) {
    PyvenvConfig config;
    for (const std::string_view line : text::lines(text)) {
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        const std::string key = text::to_lower(text::trim(line.substr(0, equals)));
        const std::string_view value = text::trim(line.substr(equals + 1));
        if (key == "home") {
            config.home = value;
        } else if (key == "include-system-site-packages") {
            config.system_site_packages = text::equals_ignoring_case(value, "true");
        } else if ((key == "version" || key == "version_info") && config.version.empty()) {
            // virtualenv writes `3.11.2.final.0` as version_info, venv and uv `3.11.2`.
            config.version = clean_python_version(value);
        }
    }
    return config;
}

}  // namespace envpack::env
