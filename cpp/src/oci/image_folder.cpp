#include "envpack/oci/image_folder.hpp"

#include "blob_source.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/parallel.hpp"
#include "free_space.hpp"

#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view version_file = "version";
// The version that says: blobs are named by their digest without the algorithm.
constexpr std::string_view version_text = "Directory Transport Version: 1.1\n";

Result<void> write_blob(ByteSource& content, const Descriptor& expected, const fs::path& folder,
                        const fs::path& place, const RunContext& run) {
    ENVPACK_TRY(AtomicFile file, AtomicFile::create(folder / expected.digest.hex()));
    ENVPACK_CHECK(copy_exactly(content, file, expected, place.string(), run));
    return file.commit();
}

Result<void> write_layer_blob(const Layer& layer, const fs::path& folder, const fs::path& place,
                              const RunContext& run) {
    const Descriptor& descriptor = layer.descriptor();
    if (const UnnamedFile* const file = layer.own_file()) {
        ENVPACK_TRY(const bool published, file->publish(folder / descriptor.digest.hex()));
        if (published) {
            return {};
        }
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> blob, layer.open(run));
    return write_blob(*blob, descriptor, folder, place, run);
}

/// `from` gets the name `to`; what had it is afterwards at `from`, or nowhere.
Result<void> put_in_place(const fs::path& from, const fs::path& to) {
    if (::rename(from.c_str(), to.c_str()) == 0) {
        return {};  // nothing was there, or an empty folder
    }
    if ((errno == ENOTEMPTY || errno == EEXIST) &&
        ::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE) ==
            0) {
        return {};
    }
    return fail(os_failure("write", to.string(), errno));
}

}  // namespace

Result<void> check_image_folder(const fs::path& folder) {
    std::error_code error;
    const fs::file_status status = fs::status(folder, error);
    if (!fs::exists(status)) {
        return {};
    }
    const auto refused = [&](std::string_view why) {
        return fail(Error(ErrorCode::invalid_argument, fmt::format("`{}` {}", folder.string(), why))
                        .with_path(folder.string())
                        .with_rule("oci.not-an-image-folder")
                        .with_hint("name a folder that is new or empty"));
    };
    if (!fs::is_directory(status)) {
        return refused("is no folder");
    }
    const bool is_empty = fs::is_empty(folder, error);
    if (error) {
        return fail(os_failure("list", folder.string(), error.value()));
    }
    if (!is_empty && !fs::is_regular_file(folder / version_file, error)) {
        return refused("has other content than an image");
    }
    return {};
}

Result<Descriptor> write_image_folder(const Image& image, const fs::path& folder,
                                      const RunContext& run) {
    ENVPACK_CHECK(check_image_folder(folder));
    ENVPACK_TRY(const fs::path place, absolute_path(folder));
    ENVPACK_TRY(const Manifest manifest, manifest_of(image));
    const Descriptor descriptor = descriptor_of(image);
    std::vector<const Layer*> layers;
    std::set<Digest> seen;  // one blob may be several layers
    std::uint64_t total = 0;
    for (const LayerPtr& layer : image.layers()) {
        if (seen.insert(layer->descriptor().digest).second) {
            layers.push_back(layer.get());
            total += layer->descriptor().size;
        }
    }
    ENVPACK_TRY(TemporaryDirectory fresh, TemporaryDirectory::create(place.parent_path()));
    ENVPACK_CHECK(check_free_space(fresh.path(), total));
    ENVPACK_CHECK(parallel_for(
        layers.size(),
        [&](std::size_t i) -> Result<void> {
            return with_context(
                write_layer_blob(*layers[i], fresh.path(), place, run),
                fmt::format("while writing layer {}", layers[i]->descriptor().digest.to_string()));
        },
        run));
    MemorySource config{std::string_view(image.raw_config())};
    ENVPACK_CHECK(write_blob(config, manifest.config, fresh.path(), place, run));
    ENVPACK_CHECK(write_file(fresh.path() / version_file, version_text));
    ENVPACK_CHECK(write_file(fresh.path() / "manifest.json", image.raw_manifest()));
    // A temporary folder is its maker's alone; this one is for everybody who may read files here.
    if (::chmod(fresh.path().c_str(), 0755) != 0) {
        return fail(os_failure("write", place.string(), errno));
    }
    ENVPACK_CHECK(put_in_place(fresh.path(), place));
    return descriptor;
}

}  // namespace envpack::oci
