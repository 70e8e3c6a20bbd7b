#include "envpack/oci/file_layer.hpp"

#include "blob_source.hpp"
#include "scratch_file.hpp"

#include <utility>

namespace envpack::oci {
FileLayer::FileLayer(std::filesystem::path path, Descriptor descriptor, Digest diff_id)
    : path_(std::move(path)), descriptor_(std::move(descriptor)), diff_id_(diff_id) {}

FileLayer::FileLayer(UnnamedFile file, std::filesystem::path path, Descriptor descriptor,
                     Digest diff_id)
    : file_(std::move(file)),
      path_(std::move(path)),
      descriptor_(std::move(descriptor)),
      diff_id_(diff_id) {}

Result<std::unique_ptr<ByteSource>> FileLayer::open(const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    std::shared_ptr<const FileHandle> file;
    if (file_) {
        file = file_->handle();
    } else {
        ENVPACK_TRY(FileHandle opened, open_for_reading(path_));
        file = std::make_shared<const FileHandle>(std::move(opened));
    }
    return verified_blob(file_region(std::move(file), path_.string()), descriptor_, path_.string());
}

}  // namespace envpack::oci
