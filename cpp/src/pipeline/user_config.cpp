#include "envpack/pipeline/user_config.hpp"

#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

extern char** environ;

namespace envpack::pipeline {

std::string_view UserConfig::variable(std::string_view name) const noexcept {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string_view{} : std::string_view(found->second);
}

std::filesystem::path UserConfig::cache_directory() const {
    if (const std::string_view own = variable("ENVPACK_CACHE_DIR"); !own.empty()) {
        return own;
    }
    if (const std::string_view xdg = variable("XDG_CACHE_HOME"); xdg.starts_with('/')) {
        return std::filesystem::path(xdg) / "envpack";
    }
    if (const std::string_view home = variable("HOME"); !home.empty()) {
        return std::filesystem::path(home) / ".cache" / "envpack";
    }
    const std::string_view temporary = variable("TMPDIR");
    return std::filesystem::path(temporary.empty() ? "/tmp" : temporary) /
           fmt::format("envpack-{}", getuid());
}

Result<std::optional<UnixTime>> UserConfig::source_date_epoch() const {
    const std::string_view text = variable("SOURCE_DATE_EPOCH");
    if (text.empty()) {
        return std::nullopt;
    }
    ENVPACK_TRY(const UnixTime instant, parse_source_date_epoch(text));
    return instant;
}

UserConfig user_config() {
    UserConfig config;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (const std::size_t equals = text.find('='); equals != std::string_view::npos) {
            config.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (auto python = program.parent_path() / "python3";
        !error && std::filesystem::exists(python, error)) {
        config.own_python = std::move(python);
    }
    return config;
}

}  // namespace envpack::pipeline
