#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/packaging/core_metadata.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/specifier_set.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace envpack::index {

/// One file of a project page (PEP 503, PEP 691). Value; not synchronised.
struct DistFile {
    std::string filename;
    std::string url;  ///< absolute: https, http or file
    std::optional<Digest> sha256 = std::nullopt;
    std::optional<std::uint64_t> size = std::nullopt;  ///< bytes (PEP 700)
    std::optional<packaging::SpecifierSet> requires_python = std::nullopt;
    bool has_metadata = false;  ///< METADATA is served at url + ".metadata"
    std::optional<Digest> metadata_sha256 = std::nullopt;   ///< PEP 658, PEP 714
    std::optional<std::string> yanked = std::nullopt;       ///< PEP 592: the reason, or ""
    std::optional<std::string> upload_time = std::nullopt;  ///< RFC 3339 (PEP 700)
    friend bool operator==(const DistFile&, const DistFile&) = default;
};

/// Everything one index has of one project, in the order of its page.
struct Project {
    packaging::PackageName name;
    std::vector<DistFile> files = {};
    std::string index_url = {};  ///< who answered; without credentials
};

/// Where distributions come from. Thread-safe.
class PackageIndex {
public:
    virtual ~PackageIndex() = default;
    /// not_found when this index does not know the name (404); any other failure of the index is
    /// an error that nobody may take for absence.
    virtual Result<Project> project(const packaging::PackageName& name,
                                    const RunContext& run) const = 0;
    /// METADATA of a wheel of project(), by the cheapest way there is: PEP 658, else a ranged
    /// read of the wheel, else the whole wheel.
    virtual Result<packaging::CoreMetadata> metadata(const DistFile& file,
                                                     const RunContext& run) const = 0;
    /// The whole file, verified against DistFile::sha256 when there is one, as a path that stays
    /// valid (a cache entry, or the file itself for a local index).
    virtual Result<std::filesystem::path> download(const DistFile& file,
                                                   const RunContext& run) const = 0;
};

}  // namespace envpack::index
