#include "envpack/oci/make_layer.hpp"

#include "envpack/archive/gzip_members.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/file.hpp"
#include "envpack/oci/file_layer.hpp"
#include "envpack/oci/media_type.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

/// Writes to a file that has no name. Nothing to sync: what is published is a copy. One thread.
class NamelessFile final : public ByteSink {
public:
    static Result<NamelessFile> create(const std::filesystem::path& directory) {
        ENVPACK_CHECK(ensure_directory(directory));
        std::string pattern = (directory / ".envpack-layer.XXXXXX").string();
        FileHandle file(mkostemp(pattern.data(), O_CLOEXEC));
        if (!file) {
            return fail(os_failure("create a temporary file in", directory.string(), errno));
        }
        if (::unlink(pattern.c_str()) != 0) {
            return fail(os_failure("unlink", pattern, errno));
        }
        return NamelessFile(std::move(file), std::move(pattern));
    }

    Result<void> write(std::span<const std::byte> data) override {
        while (!data.empty()) {
            const ssize_t count = ::write(file_.get(), data.data(), data.size());
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count < 0) {
                return fail(os_failure("write", path_, errno));
            }
            data = data.subspan(static_cast<std::size_t>(count));
        }
        return {};
    }
    Result<void> finish() override { return {}; }

    FileHandle take() && { return std::move(file_); }
    const std::string& path() const noexcept { return path_; }

private:
    NamelessFile(FileHandle file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}
    FileHandle file_;
    std::string path_;
};

}  // namespace

Result<LayerPtr> make_layer(std::span<const archive::PlannedEntry> entries,
                            const archive::LayerWriteOptions& options,
                            const std::filesystem::path& directory, const RunContext& run) {
    ENVPACK_TRY(const std::string_view type, layer_type(Family::oci, options.compression));
    ENVPACK_TRY(NamelessFile file, NamelessFile::create(directory));
    ENVPACK_TRY(const archive::LayerBytes bytes, archive::write_layer(entries, options, file, run));
    Descriptor descriptor{
        .media_type = std::string(type), .digest = bytes.digest, .size = bytes.size};
    const std::string path = file.path();
    return std::make_shared<const FileLayer>(std::move(file).take(), path, std::move(descriptor),
                                             bytes.diff_id);
}

std::string layer_recipe(const archive::LayerWriteOptions& options) {
    std::string text = fmt::format("envpack layer format {}", archive::tar_format_version);
    if (options.compression != Compression::gzip) {
        return text + ", " + std::string(archive::to_string(options.compression));
    }
    text += fmt::format(", gzip encoder {}", archive::gzip_encoder_version);
    const archive::GzipEncoding standard;
    if (options.gzip.verbatim_threshold != standard.verbatim_threshold ||
        options.gzip.member_size != standard.member_size || options.gzip.level != standard.level) {
        text += fmt::format(" (T={} M={} level={})", options.gzip.verbatim_threshold,
                            options.gzip.member_size, options.gzip.level);
    }
    return text;
}

}  // namespace envpack::oci
