#include "blob_spool.hpp"

#include "blob_source.hpp"
#include "free_space.hpp"
#include "scratch_file.hpp"

#include <utility>

namespace envpack::oci {

BlobSpool::BlobSpool(UnnamedFile file, std::string path)
    : file_(std::move(file)), path_(std::move(path)) {}

Result<std::unique_ptr<BlobSpool>> BlobSpool::create(const std::filesystem::path& directory) {
    ENVPACK_TRY(UnnamedFile file, UnnamedFile::create(directory));
    return std::unique_ptr<BlobSpool>(new BlobSpool(std::move(file), directory.string()));
}

Result<void> BlobSpool::put(const Descriptor& expected, ByteSource& content,
                            const std::string& place, const RunContext& run) {
    // Refuses the sizes that no file can have as well: a size is only a claim until it was read.
    ENVPACK_CHECK(check_free_space(path_, expected.size));
    Region region{.file = file_, .size = expected.size};
    {
        const std::lock_guard lock(mutex_);
        region.offset = end_;
        end_ += region.size;
    }
    FileRegionSink sink(*file_.handle(), path_, region.offset);
    ENVPACK_CHECK(copy_exactly(content, sink, expected, place, run));
    const std::lock_guard lock(mutex_);
    regions_.insert_or_assign(expected.digest, std::move(region));
    return {};
}

void BlobSpool::adopt(const Descriptor& expected, const UnnamedFile& file) {
    const std::lock_guard lock(mutex_);
    regions_.try_emplace(expected.digest, Region{.file = file, .size = expected.size});
}

std::map<Digest, BlobSpool::Region> BlobSpool::regions() const {
    const std::lock_guard lock(mutex_);
    return regions_;
}

bool BlobSpool::has(const Descriptor& descriptor) const {
    const std::lock_guard lock(mutex_);
    const auto found = regions_.find(descriptor.digest);
    return found != regions_.end() && found->second.size == descriptor.size;
}

std::unique_ptr<ByteSource> BlobSpool::open(const Region& region) const {
    return file_region(region.file.handle(), path_, region.offset, region.size);
}

}  // namespace envpack::oci
