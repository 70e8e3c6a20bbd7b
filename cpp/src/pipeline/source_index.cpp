#include "source_index.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/wheel/wheel_archive.hpp"
#include "sdist_metadata.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {

SourceIndex::SourceIndex(std::shared_ptr<const index::PackageIndex> inner,
                         std::shared_ptr<const SourceBuilder> builder,
                         std::shared_ptr<const PlaceIndex> places,
                         std::optional<std::set<Digest>> may_build)
    : inner_(std::move(inner)),
      builder_(std::move(builder)),
      places_(std::move(places)),
      may_build_(std::move(may_build)) {}

Result<index::Project> SourceIndex::project(const packaging::PackageName& name,
                                            const RunContext& run) const {
    return inner_->project(name, run);
}

Result<packaging::CoreMetadata> SourceIndex::metadata(const index::DistFile& file,
                                                      const RunContext& run) const {
    if (places_->has(file)) {
        return places_->metadata(file, run);
    }
    return file.filename.ends_with(".whl") ? inner_->metadata(file, run)
                                           : metadata_of_sdist(file, run);
}

Result<packaging::CoreMetadata> SourceIndex::metadata_of_sdist(const index::DistFile& file,
                                                               const RunContext& run) const {
    constexpr Limits limits;
    const index::Cache& cache = builder_->cache();
    const auto remembered = [&](const Digest& sha256) {
        return cache.find_metadata(builder_->target_key(sha256));
    };
    if (file.sha256) {
        if (const auto text = remembered(*file.sha256)) {
            return packaging::CoreMetadata::parse(*text, limits);
        }
    }
    ENVPACK_TRY(const std::filesystem::path path, inner_->download(file, run));
    Digest sha256 = file.sha256.value_or(Digest());  // download() has checked it
    if (!file.sha256) {
        ENVPACK_TRY(sha256, digest_of_file(path, run));
        if (const auto text = remembered(sha256)) {
            return packaging::CoreMetadata::parse(*text, limits);
        }
    }
    auto text = static_metadata(path, limits);
    if (!text) {
        if (may_build_ && !may_build_->contains(sha256)) {
            return fail(Error(ErrorCode::invalid_argument,
                              fmt::format("in hash mode, {} would have to be built, and the "
                                          "request has no hash of it",
                                          file.filename))
                            .with_rule("resolve.hashes")
                            .with_hint(fmt::format("name its version with `--hash=sha256:{}`, "
                                                   "once you have checked it",
                                                   sha256.hex())));
        }
        ENVPACK_TRY(const BuiltWheel built, builder_->build(path, file.filename, sha256, run));
        ENVPACK_TRY(const auto wheel, wheel::WheelArchive::open_as(built.path, built.filename));
        const wheel::WheelFile* file_of_wheel = wheel.find(wheel.dist_info() / "METADATA");
        ENVPACK_ASSERT(file_of_wheel != nullptr);
        ENVPACK_TRY(const auto content, file_of_wheel->content.open());
        ENVPACK_TRY(text, read_all(*content, limits.max_metadata));
    }
    ENVPACK_TRY(auto metadata, packaging::CoreMetadata::parse(*text, limits));
    if (const auto kept = cache.store_metadata(builder_->target_key(sha256), *text); !kept) {
        run.note(fmt::format("metadata not cached: {}", kept.error().message()));
    }
    return metadata;
}

Result<std::filesystem::path> SourceIndex::download(const index::DistFile& file,
                                                    const RunContext& run) const {
    return places_->has(file) ? places_->download(file, run) : inner_->download(file, run);
}

}  // namespace envpack::pipeline
