#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace envpack::env {

/// The dependencies that setuptools writes to requires.txt of an egg-info folder, as PEP 508 texts.
struct EggRequires {
    std::vector<std::string> requirements = {};
    std::vector<std::string> extras = {};
};

/// Sections `[extra]`, `[:marker]` and `[extra:marker]` become markers, as importlib.metadata does.
EggRequires parse_egg_requires(std::string_view text);

}  // namespace envpack::env
