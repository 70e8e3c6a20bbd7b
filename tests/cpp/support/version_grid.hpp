#pragma once

#include "envpack/packaging/version.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::support {

/// A version that the test knows to be one.
inline packaging::Version version(std::string_view text) {
    auto parsed = packaging::Version::parse(text);
    if (!parsed) {
        ADD_FAILURE() << parsed.error().render();
        return packaging::Version::from_parts({.release = {0}});
    }
    return *std::move(parsed);
}

/// Versions that lie close together: every kind of pre-, post-, dev release and local part around
/// a few neighbouring releases, some of them spelled in two ways.
inline std::vector<packaging::Version> version_grid() {
    std::vector<packaging::Version> grid;
    for (const char* const release : {"0", "0.9", "1", "1.0.0", "1.0.1", "1.1", "2", "1!1"}) {
        for (const char* const pre : {"", "a0", "a1", "rc1"}) {
            for (const char* const post : {"", ".post0", ".post1"}) {
                for (const char* const dev : {"", ".dev0", ".dev1"}) {
                    for (const char* const local : {"", "+a", "+a.1"}) {
                        grid.push_back(version(std::string(release) + pre + post + dev + local));
                    }
                }
            }
        }
    }
    return grid;
}

}  // namespace envpack::support
