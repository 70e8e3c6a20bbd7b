#include "library_versions.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace envpack::env {

std::optional<unsigned> defined_number(std::string_view header, std::string_view name) {
    for (const std::string_view line : text::lines(header)) {
        const auto words = text::words(line);
        if (words.size() >= 3 && words[0] == "#define" && words[1] == name) {
            unsigned number = 0;
            const char* const end = words[2].data() + words[2].size();
            const auto [stop, error] = std::from_chars(words[2].data(), end, number);
            return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
        }
    }
    return std::nullopt;
}

std::string defined_version(std::string_view header, const std::array<std::string_view, 3>& names) {
    const auto major = defined_number(header, names[0]);
    const auto minor = defined_number(header, names[1]);
    const auto patch = defined_number(header, names[2]);
    if (!major || !minor) {
        return {};
    }
    return patch ? fmt::format("{}.{}.{}", *major, *minor, *patch)
                 : fmt::format("{}.{}", *major, *minor);
}

Result<std::optional<VersionedLibrary>> find_library(const archive::FileTree& tree,
                                                     const std::vector<SafePath>& folders,
                                                     std::string_view name) {
    const std::string start = std::string(name) + ".so.";
    for (const SafePath& folder : folders) {
        ENVPACK_TRY(const std::vector<std::string> files, tree.list(folder));
        for (const std::string& file : files) {
            const std::string_view version =
                file.starts_with(start) ? std::string_view(file).substr(start.size()) : "";
            if (version.find('.') != std::string_view::npos &&
                version.find_first_not_of("0123456789.") == std::string_view::npos) {
                return VersionedLibrary{.path = '/' + folder.str() + '/' + file,
                                        .version = std::string(version)};
            }
        }
    }
    return std::nullopt;
}

}  // namespace envpack::env
