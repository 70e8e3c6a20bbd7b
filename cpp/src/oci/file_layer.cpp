#include "envpack/oci/file_layer.hpp"

#include "blob_source.hpp"

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace envpack::oci {
namespace {

/// Reads a shared descriptor at an offset of its own, so that several streams can be open at once.
class SharedFileSource final : public ByteSource {
public:
    SharedFileSource(std::shared_ptr<const FileHandle> file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        for (;;) {
            const ssize_t count =
                ::pread(file_->get(), into.data(), into.size(), static_cast<off_t>(offset_));
            if (count >= 0) {
                offset_ += static_cast<std::uint64_t>(count);
                return static_cast<std::size_t>(count);
            }
            if (errno != EINTR) {
                return fail(os_failure("read", path_, errno));
            }
        }
    }

private:
    std::shared_ptr<const FileHandle> file_;
    std::string path_;
    std::uint64_t offset_ = 0;
};

}  // namespace

FileLayer::FileLayer(std::filesystem::path path, Descriptor descriptor, Digest diff_id)
    : path_(std::move(path)), descriptor_(std::move(descriptor)), diff_id_(diff_id) {}

FileLayer::FileLayer(FileHandle file, std::filesystem::path path, Descriptor descriptor,
                     Digest diff_id)
    : file_(std::make_shared<const FileHandle>(std::move(file))),
      path_(std::move(path)),
      descriptor_(std::move(descriptor)),
      diff_id_(diff_id) {}

Result<std::unique_ptr<ByteSource>> FileLayer::open(const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    std::shared_ptr<const FileHandle> file = file_;
    if (file == nullptr) {
        ENVPACK_TRY(FileHandle opened, open_for_reading(path_));
        file = std::make_shared<const FileHandle>(std::move(opened));
    }
    return verified_blob(std::make_unique<SharedFileSource>(std::move(file), path_.string()),
                         descriptor_, path_.string());
}

}  // namespace envpack::oci
