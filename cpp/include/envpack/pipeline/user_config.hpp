#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/result.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace envpack::pipeline {

/// What the calling process was given by its user: its environment variables, as a value. The
/// verbs take it as an argument and ask the process for nothing else. Value; not synchronised.
struct UserConfig {
    std::map<std::string, std::string, std::less<>> environment = {};
    /// A Python that envpack belongs to: the one that runs it, or the one beside the command in the
    /// same `bin`; empty without one. Its pip builds source where no other Python has pip.
    std::filesystem::path own_python = {};
    /// The Python that this process is: what `.` means in it. Empty where it is none; then PATH and
    /// VIRTUAL_ENV decide.
    std::filesystem::path running_python = {};

    /// The variable's value; empty when it is unset.
    std::string_view variable(std::string_view name) const noexcept;
    /// ENVPACK_CACHE_DIR, else $XDG_CACHE_HOME/envpack, else ~/.cache/envpack (XDG base directory
    /// specification: relative values of XDG_CACHE_HOME are ignored). Without any of them, and
    /// without HOME, a folder below the system's temporary folder.
    std::filesystem::path cache_directory() const;
    /// SOURCE_DATE_EPOCH; nullopt when it is unset or empty.
    Result<std::optional<UnixTime>> source_date_epoch() const;
};

/// The environment of this process, and the `python3` beside its program: the one place where
/// envpack reads them.
UserConfig user_config();

}  // namespace envpack::pipeline
