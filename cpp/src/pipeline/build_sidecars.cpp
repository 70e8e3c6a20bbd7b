#include "build_sidecars.hpp"

#include "envpack/base/json.hpp"
#include "envpack/env/sbom.hpp"
#include "provenance.hpp"
#include "sbom_subject.hpp"

#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr const char* title_annotation = "org.opencontainers.image.title";

env::SbomSubject subject_of_build(const BuiltImage& image, const Digest& digest,
                                  const Source& place, const BuildOptions& options) {
    const std::string base = image.base_name.value_or("");
    const auto title = options.annotations.find(title_annotation);
    return {.name = title == options.annotations.end() ? document_name(place) : title->second,
            .digest = digest.to_string(),
            .is_image = true,
            .base_name = base.empty() ? "base" : base,
            .base_digest = image.base_digest.to_string(),
            .layers = image.materials->layers};
}

Result<void> publish(AtomicFile& file, const json::Value& document) {
    const std::string text = json::to_pretty(document);
    ENVPACK_CHECK(file.write(as_bytes(text)));
    return file.commit();
}

}  // namespace

Result<BuildSidecars> BuildSidecars::open(const BuildOptions& options) {
    BuildSidecars sidecars;
    std::set<fs::path> taken;
    const auto create = [&](const fs::path& path) -> Result<AtomicFile> {
        ENVPACK_TRY(fs::path absolute, absolute_path(path));
        if (!taken.insert(absolute).second) {
            return fail(Error(ErrorCode::invalid_argument,
                              fmt::format("`{}` is to be written twice", path.string())));
        }
        return AtomicFile::create(std::move(absolute));
    };
    for (const fs::path& path : options.sbom) {
        ENVPACK_TRY(const FreezeFormat format, sbom_format_of(path));
        ENVPACK_TRY(AtomicFile file, create(path));
        sidecars.bills_.push_back({.format = format, .file = std::move(file)});
    }
    if (options.provenance) {
        ENVPACK_TRY(AtomicFile file, create(*options.provenance));
        sidecars.provenance_.emplace(std::move(file));
    }
    return sidecars;
}

Result<void> BuildSidecars::commit(const BuiltImage& image, const Digest& digest,
                                   const Source& place, const BuildOptions& options) && {
    if (!image.materials) {
        return {};
    }
    const BuildMaterials& materials = *image.materials;
    const env::SbomOptions sbom{.envpack_version = ENVPACK_VERSION,
                                .created = materials.created,
                                .subject = subject_of_build(image, digest, place, options),
                                .origins = materials.origins};
    for (Bill& bill : bills_) {
        ENVPACK_CHECK(publish(bill.file, bill.format == FreezeFormat::spdx
                                             ? env::to_spdx(materials.inventory, sbom)
                                             : env::to_cyclonedx(materials.inventory, sbom)));
    }
    if (provenance_) {
        ENVPACK_CHECK(
            publish(*provenance_, provenance_of(image, sbom.subject.name, digest, options)));
    }
    return {};
}

}  // namespace envpack::pipeline
