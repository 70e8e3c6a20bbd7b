#include "envpack/archive/tar_tree.hpp"
#include "envpack/oci/image_archive.hpp"
#include "layout_reader.hpp"

#include <utility>

namespace envpack::oci {

Result<std::shared_ptr<const Fetcher>> open_oci_archive(const std::filesystem::path& file,
                                                        const std::filesystem::path& scratch,
                                                        const Limits& limits,
                                                        const RunContext& run) {
    ENVPACK_TRY(std::shared_ptr<const archive::TarTree> tree,
                archive::TarTree::open(file, scratch, limits, run));
    auto reader = std::make_shared<const LayoutReader>(
        std::move(tree), LayoutPlace{.text = file.string(), .transport = "oci-archive:"}, limits);
    ENVPACK_CHECK(reader->check_version());
    return reader;
}

}  // namespace envpack::oci
