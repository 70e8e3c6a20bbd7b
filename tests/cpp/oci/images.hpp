#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/layer_writer.hpp"
#include "envpack/oci/append.hpp"
#include "envpack/oci/empty_image.hpp"
#include "envpack/oci/make_layer.hpp"
#include "envpack/oci/media_type.hpp"
#include "envpack/oci/memory_target.hpp"
#include "support/temp_folder.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::oci::test {

using archive::FileType;
using archive::PlannedEntry;
using envpack::test::slurp;
using envpack::test::TempFolder;

/// The value, or a failed test with the whole error.
template <class T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().render());
    }
    return *std::move(result);
}
inline void must(Result<void> result) {
    if (!result) {
        throw std::runtime_error(result.error().render());
    }
}

/// "rule" of a refusal, its code when it has no rule, "ok" when there is no error.
template <class T>
std::string verdict(const Result<T>& result) {
    if (result) {
        return "ok";
    }
    return std::string(result.error().rule().empty() ? to_string(result.error().code())
                                                     : result.error().rule());
}

inline PlannedEntry file(std::string_view path, std::string text, std::uint32_t mode = 0644) {
    return {.path = must(SafePath::parse(path)),
            .mode = mode,
            .content = archive::Content::of_text(std::move(text))};
}
inline PlannedEntry folder(std::string_view path, std::uint32_t mode = 0755) {
    return {.path = must(SafePath::parse(path)), .type = FileType::directory, .mode = mode};
}
inline PlannedEntry link(std::string_view path, std::string target) {
    return {.path = must(SafePath::parse(path)),
            .type = FileType::symlink,
            .mode = 0777,
            .link_target = std::move(target)};
}

inline LayerPtr layer_of(std::vector<PlannedEntry> entries,
                         archive::Compression compression = archive::Compression::gzip) {
    const TempFolder scratch;  // the layer outlives it: its file has no name
    return must(make_layer(must(archive::merge_entries(std::move(entries))),
                           {.mtime = 1'700'000'000, .compression = compression}, scratch.path()));
}

/// linux/amd64 with one layer for each list of entries.
inline ImagePtr image_of(std::vector<std::vector<PlannedEntry>> layers,
                         const Platform& platform = {}) {
    std::vector<Addendum> additions;
    for (auto& entries : layers) {
        additions.push_back({.layer = layer_of(std::move(entries)), .created_by = "test"});
    }
    return must(
        append(empty_image(platform, 1'700'000'000), additions, {.created = 1'700'000'000}));
}

/// `image` with the media types of Docker's schema 2.
inline ImagePtr as_docker(const Image& image) {
    const auto replace = [](std::string text, std::string_view from, std::string_view to) {
        for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
            text.replace(at, from.size(), to);
        }
        return text;
    };
    std::string manifest = image.raw_manifest();
    manifest = replace(manifest, media_type::oci_manifest, media_type::docker_manifest);
    manifest = replace(manifest, media_type::oci_config, media_type::docker_config);
    manifest = replace(manifest, media_type::oci_layer_gzip, media_type::docker_layer_gzip);
    return must(make_image(std::string(media_type::docker_manifest), manifest, image.raw_config(),
                           image.layers()));
}

/// Stores a document and gives its descriptor.
inline Descriptor put(Target& target, std::string_view media_type, std::string_view content) {
    Descriptor descriptor = describe(media_type, content);
    MemorySource source(content);
    must(target.push(descriptor, source, {}));
    return descriptor;
}

}  // namespace envpack::oci::test
