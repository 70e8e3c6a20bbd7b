#include "sdist_metadata.hpp"

#include "envpack/archive/tar_reader.hpp"
#include "envpack/archive/zip_reader.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/core_metadata.hpp"
#include "envpack/packaging/version.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace envpack::pipeline {
namespace {

/// `name-1.0/PKG-INFO`: in the one folder of the archive, not deeper.
bool is_pkg_info(std::string_view path) {
    const std::size_t slash = path.find('/');
    return slash != std::string_view::npos && path.substr(slash + 1) == "PKG-INFO";
}

Result<std::optional<std::string>> pkg_info_of_zip(const std::filesystem::path& path,
                                                   const Limits& limits) {
    ENVPACK_TRY(const archive::ZipReader zip, archive::ZipReader::open(path, limits));
    for (const archive::ZipEntry& entry : zip.entries()) {
        if (is_pkg_info(entry.path.str())) {
            ENVPACK_TRY(const auto source, entry.content.open());
            ENVPACK_TRY(std::string text, read_all(*source, limits.max_metadata));
            return text;
        }
    }
    return std::nullopt;
}

Result<std::optional<std::string>> pkg_info_of_tar(const std::filesystem::path& path,
                                                   const Limits& limits) {
    ENVPACK_TRY(FileSource file, FileSource::open(path));
    ENVPACK_TRY(archive::TarReader tar,
                archive::TarReader::open(std::make_unique<FileSource>(std::move(file)), limits));
    while (true) {
        ENVPACK_TRY(const archive::TarEntry* entry, tar.next());
        if (entry == nullptr) {
            return std::nullopt;
        }
        if (entry->type == archive::FileType::regular && !entry->hard_link &&
            is_pkg_info(entry->path)) {
            const auto source = std::move(tar).take_current();
            ENVPACK_TRY(std::string text, read_all(*source, limits.max_metadata));
            return text;
        }
    }
}

bool is_static(const packaging::CoreMetadata& metadata) {
    const auto version = packaging::Version::parse(metadata.metadata_version);
    const auto first = packaging::Version::parse("2.2");
    constexpr std::array<std::string_view, 4> needed = {"requires-dist", "requires-python",
                                                        "provides-extra", "version"};
    return version && *version >= *first &&
           std::none_of(metadata.dynamic.begin(), metadata.dynamic.end(),
                        [&](const std::string& field) {
                            return std::find(needed.begin(), needed.end(), text::to_lower(field)) !=
                                   needed.end();
                        });
}

}  // namespace

std::optional<std::string> static_metadata(const std::filesystem::path& path,
                                           const Limits& limits) {
    const auto text =
        path.extension() == ".zip" ? pkg_info_of_zip(path, limits) : pkg_info_of_tar(path, limits);
    if (!text || !*text) {
        return std::nullopt;
    }
    const auto metadata = packaging::CoreMetadata::parse(**text, limits);
    return metadata && is_static(*metadata) ? *text : std::nullopt;
}

}  // namespace envpack::pipeline
