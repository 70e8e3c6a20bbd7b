#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/oci/target.hpp"

#include <filesystem>
#include <memory>

namespace envpack::oci {

class LayoutReader;

/// An OCI image layout in a folder: `oci-layout`, `index.json`, `blobs/sha256/<hex>`.
/// Source: image-spec, image-layout.md.
///
/// A layout is foreign input: reading happens beneath the folder's handle, follows no symbolic
/// link and reads regular files only (rule `oci.layout-file`). Blobs are written under a temporary
/// name, synced and renamed; `index.json` is replaced the same way under a lock on the folder, so
/// that concurrent writers, also in other processes, lose no entry and a reader sees the old or
/// the new layout. Only the folder itself may be reached through a link. Thread-safe.
class LayoutTarget final : public Target {
public:
    /// An existing layout. not_found when the folder or its `oci-layout` is missing; unsupported
    /// (rule `oci.layout-version`) for a version other than 1.x.
    static Result<std::shared_ptr<LayoutTarget>> open(const std::filesystem::path& folder,
                                                      const Limits& limits = {});
    /// As open(), or a new layout when the folder is absent or empty. invalid_argument (rule
    /// `oci.not-a-layout`) for a folder with something else in it. Until the first tag() a new
    /// layout has no `index.json`, and is nothing that another program would take for one.
    static Result<std::shared_ptr<LayoutTarget>> open_or_create(const std::filesystem::path& folder,
                                                                const Limits& limits = {});
    ~LayoutTarget() override;

    Result<bool> exists(const Descriptor& descriptor, const RunContext& run) const override;
    Result<std::unique_ptr<ByteSource>> fetch(const Descriptor& descriptor,
                                              const RunContext& run) const override;
    Result<std::vector<Descriptor>> find(std::string_view name,
                                         const RunContext& run) const override;
    Result<std::vector<std::string>> tags(const RunContext& run) const override;
    std::string description() const override;
    Result<void> push(const Descriptor& expected, ByteSource& content,
                      const RunContext& run) override;
    /// Where the file is of the layout's file system.
    Result<bool> adopt(const Descriptor& expected, const UnnamedFile& content,
                       const RunContext& run) override;
    Result<void> tag(const Descriptor& descriptor, std::string_view name,
                     const RunContext& run) override;

    const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    LayoutTarget(const std::filesystem::path& folder, const Limits& limits);
    Result<std::filesystem::path> blobs() const;

    std::filesystem::path folder_;    // as the user named it, for messages
    std::filesystem::path absolute_;  // for writing, whatever becomes of the working directory
    std::shared_ptr<const archive::FileTree> tree_;  // for reading
    std::unique_ptr<const LayoutReader> reader_;
};

}  // namespace envpack::oci
