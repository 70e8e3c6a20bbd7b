#pragma once

#include "envpack/base/file.hpp"
#include "envpack/oci/layer.hpp"

#include <filesystem>
#include <memory>

namespace envpack::oci {

/// A layer whose blob is a file: just written, or kept in a cache. Thread-safe.
class FileLayer final : public Layer {
public:
    /// A file that somebody else owns and keeps; opened anew by each open().
    FileLayer(std::filesystem::path path, Descriptor descriptor, Digest diff_id);
    /// A file that lives as long as this layer, usually without a name. `path` is for messages.
    FileLayer(FileHandle file, std::filesystem::path path, Descriptor descriptor, Digest diff_id);

    const Descriptor& descriptor() const noexcept override { return descriptor_; }
    const Digest& diff_id() const noexcept override { return diff_id_; }
    Result<std::unique_ptr<ByteSource>> open(const RunContext& run) const override;

private:
    std::shared_ptr<const FileHandle> file_;  // null: open path_
    std::filesystem::path path_;
    Descriptor descriptor_;
    Digest diff_id_;
};

}  // namespace envpack::oci
