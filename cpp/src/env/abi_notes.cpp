#include "envpack/base/text.hpp"
#include "envpack/env/package_provider.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

#include <fmt/format.h>

namespace envpack::env {
namespace {

/// 2412 of `6ddf5cf85e.nv24.12`; 0 when the local version names no release of NVIDIA's image.
unsigned nvidia_release(std::string_view local) {
    const std::size_t at = local.find("nv");
    unsigned year = 0;
    unsigned month = 0;
    if (at == std::string_view::npos) {
        return 0;
    }
    const char* const end = local.data() + local.size();
    const auto [dot, error] = std::from_chars(local.data() + at + 2, end, year);
    if (error != std::errc{} || dot == end || *dot != '.' ||
        std::from_chars(dot + 1, end, month).ec != std::errc{}) {
        return 0;
    }
    return year * 100 + month;
}

/// 2602 of `ngcpytorch2602`; 0 when it names none.
unsigned built_for(std::string_view local) {
    constexpr std::string_view word = "ngcpytorch";
    const std::size_t at = local.find(word);
    unsigned release = 0;
    if (at != std::string_view::npos) {
        std::from_chars(local.data() + at + word.size(), local.data() + local.size(), release);
    }
    return release;
}

}  // namespace

std::vector<std::string> abi_notes(const Selection& selection, std::span<const Provided> base) {
    std::vector<std::string> notes;
    const auto torch = std::find_if(base.begin(), base.end(),
                                    [](const Provided& one) { return one.name.str() == "torch"; });
    if (torch == base.end() || !torch->version) {
        return notes;
    }
    const unsigned release =
        nvidia_release((torch->installed ? torch->installed : torch->version)->local());
    for (const Selected& chosen : selection.packages) {
        const unsigned wanted = built_for(chosen.version.local());
        if (wanted != 0 && wanted != release) {
            notes.push_back(
                fmt::format("{} {} is built for NVIDIA's image {}.{:02}, not for the "
                            "base's torch {}",
                            chosen.name.str(), chosen.version.to_string(), wanted / 100,
                            wanted % 100, torch->shown_version()));
        } else if (release != 0 && wanted == 0 && !chosen.is_sdist &&
                   !chosen.file.filename.ends_with("-none-any.whl") &&
                   std::find(chosen.uses_provided.begin(), chosen.uses_provided.end(),
                             torch->name) != chosen.uses_provided.end()) {
            notes.push_back(
                fmt::format("abi-unverified: {} {} is compiled, and nobody says that it "
                            "was against the base's torch {}",
                            chosen.name.str(), chosen.version.to_string(), torch->shown_version()));
        }
    }
    return notes;
}

}  // namespace envpack::env
