#pragma once

#include "envpack/oci/target.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace envpack::oci {

/// What an image archive is read as.
enum class ArchiveForm : std::uint8_t {
    oci,  ///< an image layout: skopeo, podman, apptainer, `ctr images import`
    /// The same with a `manifest.json` that names its blobs, as Docker 25 and newer save images:
    /// `docker load` takes it, and so do all the others.
    docker,
};

class BlobSpool;

/// A new archive of images in one plain tar file. Blobs wait in nameless files; each tag() writes
/// the whole archive and puts it in the place of whatever file was there. Its bytes follow from
/// what was pushed and tagged and nothing else: `oci-layout`, `index.json`, `manifest.json`, then
/// the blobs by digest, all with time 0 and owner 0. Needs twice the room of the blobs.
///
/// In Docker's form a name that is a reference with a tag (`app:1`, `r.example/app:1`) becomes a
/// RepoTag and containerd's io.containerd.image.name, in its full spelling; an image with other
/// names only is there without a RepoTag. Only images that are whole get into `manifest.json`.
/// Thread-safe.
class ArchiveTarget final : public Target {
public:
    /// Nothing is written to `file` before the first tag(). Blobs wait below `scratch`.
    static Result<std::shared_ptr<ArchiveTarget>> create(const std::filesystem::path& file,
                                                         ArchiveForm form,
                                                         const std::filesystem::path& scratch);
    ~ArchiveTarget() override;

    Result<bool> exists(const Descriptor& descriptor, const RunContext& run) const override;
    Result<std::unique_ptr<ByteSource>> fetch(const Descriptor& descriptor,
                                              const RunContext& run) const override;
    Result<std::vector<Descriptor>> find(std::string_view name,
                                         const RunContext& run) const override;
    Result<std::vector<std::string>> tags(const RunContext& run) const override;
    std::string description() const override;
    Result<void> push(const Descriptor& expected, ByteSource& content,
                      const RunContext& run) override;
    Result<bool> adopt(const Descriptor& expected, const UnnamedFile& content,
                       const RunContext& run) override;
    Result<void> tag(const Descriptor& descriptor, std::string_view name,
                     const RunContext& run) override;

private:
    struct State;
    explicit ArchiveTarget(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

}  // namespace envpack::oci
