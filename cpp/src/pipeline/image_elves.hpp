#pragma once

#include "envpack/archive/planned_tree.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/cuda/elf_file.hpp"
#include "envpack/oci/image.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

namespace envpack::pipeline {

/// The ELF files of an image that is being built: of its base, and of what is planned on top.
/// Finding one file in a layer means to stream the layer, so files of the base are asked for
/// first, all that one search comes across, and read together. One thread.
class ImageElves {
public:
    /// All outlive it. `base` is the tree of `image`.
    ImageElves(const archive::PlannedTree& tree, const archive::StackedTree& base,
               const oci::Image& image, std::filesystem::path scratch);

    /// nullptr for what is no ELF file, or a damaged one; and for one of the base that is not read
    /// yet, which read_asked() changes.
    Result<const cuda::ElfFile*> at(const SafePath& path, const RunContext& run);

    /// Reads what was asked for; false when there was nothing: the answers are final.
    Result<bool> read_asked(const RunContext& run);

private:
    Result<void> keep(const SafePath& path, const ByteRegion& bytes);

    const archive::PlannedTree& tree_;
    const archive::StackedTree& base_;
    const oci::Image& image_;
    std::filesystem::path scratch_;
    std::unordered_map<SafePath, std::optional<cuda::ElfFile>> known_;
    std::set<SafePath> asked_;
};

/// The ELF file of these bytes; nullopt when it is none, or a damaged one.
Result<std::optional<cuda::ElfFile>> elf_or_nothing(const ByteRegion& bytes);

}  // namespace envpack::pipeline
