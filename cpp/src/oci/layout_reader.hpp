#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/oci/target.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::oci {

inline constexpr std::string_view layout_file = "oci-layout";
inline constexpr std::string_view index_file = "index.json";
/// What a layout that envpack writes has in its `oci-layout`.
inline constexpr std::string_view layout_version = R"({"imageLayoutVersion":"1.0.0"})";

/// Where a layout has a blob.
SafePath blob_path(const Digest& digest);

/// Where a layout lies, for messages.
struct LayoutPlace {
    std::string text;            ///< the folder or archive, as the user named it
    std::string_view transport;  ///< "oci:", "oci-archive:"
};

/// The reading half of an image layout, in whatever tree it lies: foreign input, of which regular
/// files are read and no link is followed (rule `oci.layout-file`). Thread-safe.
class LayoutReader final : public Fetcher {
public:
    LayoutReader(std::shared_ptr<const archive::FileTree> tree, LayoutPlace place,
                 const Limits& limits);

    /// not_found without an `oci-layout`; unsupported (rule `oci.layout-version`) for a version
    /// other than 1.x.
    Result<void> check_version() const;
    /// `index.json`; that of a layout without images when there is none.
    Result<std::string> read_index() const;

    Result<bool> exists(const Descriptor& descriptor, const RunContext& run) const override;
    Result<std::unique_ptr<ByteSource>> fetch(const Descriptor& descriptor,
                                              const RunContext& run) const override;
    Result<std::vector<Descriptor>> find(std::string_view name,
                                         const RunContext& run) const override;
    Result<std::vector<std::string>> tags(const RunContext& run) const override;
    std::string description() const override;

private:
    Result<std::string> read_document(std::string_view name) const;
    std::string place_of(std::string_view name) const;

    std::shared_ptr<const archive::FileTree> tree_;
    LayoutPlace place_;
    Limits limits_;
};

}  // namespace envpack::oci
