#pragma once

#include "envpack/base/unnamed_file.hpp"
#include "envpack/oci/layer.hpp"

#include <filesystem>
#include <memory>
#include <optional>

namespace envpack::oci {

/// A layer whose blob is a file: just written, or kept in a cache. Thread-safe.
class FileLayer final : public Layer {
public:
    /// A file that somebody else owns and keeps; opened anew by each open().
    FileLayer(std::filesystem::path path, Descriptor descriptor, Digest diff_id);
    /// A file of this layer. `path` is for messages.
    FileLayer(UnnamedFile file, std::filesystem::path path, Descriptor descriptor, Digest diff_id);

    const Descriptor& descriptor() const noexcept override { return descriptor_; }
    const Digest& diff_id() const noexcept override { return diff_id_; }
    Result<std::unique_ptr<ByteSource>> open(const RunContext& run) const override;
    const UnnamedFile* own_file() const noexcept override { return file_ ? &*file_ : nullptr; }

private:
    std::optional<UnnamedFile> file_;  // none: open path_
    std::filesystem::path path_;
    Descriptor descriptor_;
    Digest diff_id_;
};

}  // namespace envpack::oci
