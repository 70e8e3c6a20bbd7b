#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/cuda_facts.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace envpack::pipeline {

/// What decides the inventory of an image, beside envpack itself.
struct InventoryKey {
    Digest manifest;  ///< of the image; it covers every byte that the inventory comes from
    env::InventoryDetail detail = env::InventoryDetail::full;
    std::string python = {};  ///< as the user named it; empty: the image's own choice
};

/// Inventories of images that were read before, in the user's cache:
///
///     inventories-v1/<aa>/<digest of the key>    a line with the digest of the rest; the rest
///
/// An entry is made when all blobs have been read and verified, and stands for that: on a hit no
/// blob is looked at. It counts as absent when it is damaged, when it is not a regular file of this
/// user that nobody else may write, or when another version of envpack made it. Thread-safe, also
/// between processes.
class InventoryStore {
public:
    /// Without a place when ENVPACK_NO_CACHE is set: nothing is found and nothing kept.
    explicit InventoryStore(const UserConfig& user);

    std::optional<env::Inventory> find(const InventoryKey& key) const;
    /// A cache that cannot be written is no failure: the next time is as slow as this one.
    void keep(const InventoryKey& key, const env::Inventory& inventory) const;

    /// The CUDA of the same image, an entry of its own: only some calls look for it.
    std::optional<env::CudaFacts> find_cuda(const InventoryKey& key) const;
    void keep_cuda(const InventoryKey& key, const env::CudaFacts& facts) const;

private:
    std::optional<std::string> read(const std::string& key_text) const;
    void write(const std::string& key_text, const std::string& record) const;
    std::filesystem::path entry_path(const std::string& key_text) const;
    std::filesystem::path root_;  ///< empty: none
};

}  // namespace envpack::pipeline
