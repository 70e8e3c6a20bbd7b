#include "envpack/oci/archive_target.hpp"

#include "blob_source.hpp"
#include "blob_spool.hpp"
#include "docker_manifest.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/file.hpp"
#include "envpack/oci/reference.hpp"
#include "free_space.hpp"
#include "layout_index.hpp"
#include "layout_reader.hpp"
#include "target_errors.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

/// containerd's and Docker's annotation for the whole name of an image (moby, image/tarexport).
constexpr std::string_view image_name_key = "io.containerd.image.name";

Result<void> write_member(ByteSink& to, const SafePath& path, std::uint64_t size,
                          ByteSource& content, const RunContext& run) {
    constexpr std::array<std::byte, archive::tar_block> zeros{};
    ENVPACK_CHECK(to.write(as_bytes(archive::tar_header_bytes({.path = path, .size = size}))));
    ENVPACK_TRY(const std::uint64_t copied, copy(content, to, run));
    if (copied != size) {
        return fail(ErrorCode::io_error,
                    fmt::format("`{}` has {} bytes instead of {}", path.str(), copied, size));
    }
    return to.write(std::span(zeros).first(archive::tar_padding(size)));
}

Result<void> write_document(ByteSink& to, std::string_view name, std::string_view text,
                            const RunContext& run) {
    MemorySource source(text);
    return write_member(to, SafePath() / name, text.size(), source, run);
}

}  // namespace

struct ArchiveTarget::State {
    std::filesystem::path file;
    ArchiveForm form;
    std::unique_ptr<BlobSpool> spool;
    mutable std::mutex mutex = {};  // of index, and of writing the file
    std::string index = empty_layout_index();

    std::string raw_index() const {
        const std::lock_guard lock(mutex);
        return index;
    }

    std::string place() const {
        return fmt::format(
            "{}{}", form == ArchiveForm::oci ? "oci-archive:" : "docker-archive:", file.string());
    }

    Result<std::string> docker_manifest_of(std::string_view raw, const RunContext& run) const;
    Result<void> write(const std::string& raw, const RunContext& run) const;
};

/// The manifest.json for the images that `raw`, an index.json, lists.
Result<std::string> ArchiveTarget::State::docker_manifest_of(std::string_view raw,
                                                             const RunContext& run) const {
    ENVPACK_TRY(const ImageIndex list, ImageIndex::parse_layout_index(raw));
    const auto regions = spool->regions();
    std::vector<DockerSave> images;
    for (const Descriptor& entry : list.manifests) {
        const auto region = regions.find(entry.digest);
        if (region == regions.end() ||
            media_type_info(entry.media_type).kind != MediaKind::manifest) {
            continue;
        }
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(const std::string text,
                    read_all(*spool->open(region->second), Limits().max_manifest));
        Result<Manifest> manifest = Manifest::parse(text, entry.media_type);
        const auto has = [&](const Descriptor& blob) { return regions.contains(blob.digest); };
        if (!manifest || !has(manifest->config) || !std::ranges::all_of(manifest->layers, has)) {
            continue;
        }
        const auto name = entry.annotations.find(image_name_key);
        images.push_back({.manifest = *std::move(manifest),
                          .digest = entry.digest,
                          .name = name == entry.annotations.end() ? std::string() : name->second});
    }
    return docker_manifest(images);
}

Result<void> ArchiveTarget::State::write(const std::string& raw, const RunContext& run) const {
    const auto regions = spool->regions();
    std::uint64_t total = 0;
    for (const auto& [digest, region] : regions) {
        total += region.size;
    }
    const std::filesystem::path folder = file.parent_path();
    if (!folder.empty()) {
        ENVPACK_CHECK(ensure_directory(folder));
    }
    ENVPACK_CHECK(check_free_space(folder.empty() ? "." : folder, total));
    ENVPACK_TRY(AtomicFile out, AtomicFile::create(file));
    ENVPACK_CHECK(write_document(out, layout_file, layout_version, run));
    ENVPACK_CHECK(write_document(out, index_file, raw, run));
    if (form == ArchiveForm::docker) {
        ENVPACK_TRY(const std::string manifest, docker_manifest_of(raw, run));
        ENVPACK_CHECK(write_document(out, docker_manifest_file, manifest, run));
    }
    std::uint64_t done = 0;
    for (const auto& [digest, region] : regions) {
        const std::unique_ptr<ByteSource> content = spool->open(region);
        ENVPACK_CHECK(write_member(out, blob_path(digest), region.size, *content, run));
        run.report("archive", done += region.size, total);
    }
    constexpr std::array<std::byte, archive::tar_end_size> end{};
    ENVPACK_CHECK(out.write(end));
    return out.commit();
}

ArchiveTarget::ArchiveTarget(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ArchiveTarget::~ArchiveTarget() = default;

Result<std::shared_ptr<ArchiveTarget>> ArchiveTarget::create(const std::filesystem::path& file,
                                                             ArchiveForm form,
                                                             const std::filesystem::path& scratch) {
    ENVPACK_TRY(std::unique_ptr<BlobSpool> spool, BlobSpool::create(scratch));
    auto state = std::make_unique<State>(file, form, std::move(spool));
    return std::shared_ptr<ArchiveTarget>(new ArchiveTarget(std::move(state)));
}

Result<bool> ArchiveTarget::exists(const Descriptor& descriptor, const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    return state_->spool->has(descriptor);
}

Result<std::unique_ptr<ByteSource>> ArchiveTarget::fetch(const Descriptor& descriptor,
                                                         const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const auto regions = state_->spool->regions();
    const auto found = regions.find(descriptor.digest);
    if (found == regions.end()) {
        return fail(blob_not_found(descriptor, state_->place()));
    }
    return verified_blob(state_->spool->open(found->second), descriptor, state_->place());
}

Result<std::vector<Descriptor>> ArchiveTarget::find(std::string_view name,
                                                    const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    return find_in_layout_index(state_->raw_index(), name);
}

Result<std::vector<std::string>> ArchiveTarget::tags(const RunContext& run) const {
    ENVPACK_TRY(const std::vector<Descriptor> entries, find("", run));
    return ref_names_of(entries);
}

std::string ArchiveTarget::description() const {
    return state_->place();
}

Result<void> ArchiveTarget::push(const Descriptor& expected, ByteSource& content,
                                 const RunContext& run) {
    ENVPACK_TRY(const bool present, exists(expected, run));
    if (present) {
        return {};
    }
    return state_->spool->put(expected, content, state_->place(), run);
}

Result<bool> ArchiveTarget::adopt(const Descriptor& expected, const UnnamedFile& content,
                                  const RunContext& run) {
    ENVPACK_CHECK(run.check());
    state_->spool->adopt(expected, content);
    return true;
}

Result<void> ArchiveTarget::tag(const Descriptor& descriptor, std::string_view name,
                                const RunContext& run) {
    ENVPACK_CHECK(require_ref_name(name));
    ENVPACK_TRY(const bool present, exists(descriptor, run));
    if (!present) {
        return fail(blob_not_found(descriptor, state_->place()));
    }
    Descriptor entry = descriptor;
    if (state_->form == ArchiveForm::docker) {
        if (const auto reference = Reference::parse(name); reference && reference->tag()) {
            entry.annotations.insert_or_assign(std::string(image_name_key), reference->to_string());
        }
    }
    const std::lock_guard lock(state_->mutex);
    ENVPACK_TRY(std::optional<std::string> changed,
                tagged_layout_index(state_->index, entry, name));
    if (changed) {
        ENVPACK_CHECK(state_->write(*changed, run));
        state_->index = *std::move(changed);
    }
    return {};
}

}  // namespace envpack::oci
