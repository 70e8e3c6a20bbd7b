#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/unnamed_file.hpp"
#include "envpack/oci/descriptor.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace envpack::oci {

/// Blobs that wait, in files without a name, to be put into an archive, whose order is known only
/// when all of them are there. Thread-safe.
class BlobSpool {
public:
    struct Region {
        UnnamedFile file;
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
    };

    /// What is put is kept in `directory`.
    static Result<std::unique_ptr<BlobSpool>> create(const std::filesystem::path& directory);

    /// Several blobs may be put at once. digest_mismatch, and nothing kept, unless `content` is
    /// exactly `expected`; `place` is for the message.
    Result<void> put(const Descriptor& expected, ByteSource& content, const std::string& place,
                     const RunContext& run);
    /// `file` is all of the blob and already known to be.
    void adopt(const Descriptor& expected, const UnnamedFile& file);
    /// What has been put so far, by digest.
    std::map<Digest, Region> regions() const;
    bool has(const Descriptor& descriptor) const;
    /// The bytes of a region; outlives the spool.
    std::unique_ptr<ByteSource> open(const Region& region) const;

private:
    BlobSpool(UnnamedFile file, std::string path);

    UnnamedFile file_;  // of what is put
    std::string path_;  // for messages
    mutable std::mutex mutex_;
    std::uint64_t end_ = 0;
    std::map<Digest, Region> regions_;
};

}  // namespace envpack::oci
