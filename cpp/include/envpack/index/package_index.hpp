#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/index/releases.hpp"
#include "envpack/packaging/core_metadata.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/specifier_set.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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
    /// Who lists it, where files of several indexes are together; empty: Project::index_url.
    std::string index_url = {};
    friend bool operator==(const DistFile&, const DistFile&) = default;
};

/// The files of a page, in its order. A copy shares them, and those of a cached page are read out
/// of it when they are looked at: of thousands, a solve looks at a few. Immutable; thread-safe.
class DistFiles {
public:
    DistFiles() = default;
    DistFiles(std::vector<DistFile> files);
    /// `count` files that `make` makes on demand; `filename` without making them. Both are called
    /// from several threads. `releases`: of these files, where they are known.
    DistFiles(std::size_t count, std::function<std::string_view(std::size_t)> filename,
              std::function<DistFile(std::size_t)> make,
              std::optional<Releases> releases = std::nullopt);

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    /// The reference holds as long as any copy of this object.
    const DistFile& operator[](std::size_t position) const;
    const DistFile& at(std::size_t position) const;  ///< asserts that there is one
    std::string_view filename(std::size_t position) const;
    /// The files by version; found out once. The reference holds as long as any copy.
    const Releases& releases() const;

    class Iterator {
    public:
        using iterator_category = std::forward_iterator_tag;
        using value_type = DistFile;
        using difference_type = std::ptrdiff_t;
        using pointer = const DistFile*;
        using reference = const DistFile&;
        Iterator() = default;
        Iterator(const DistFiles* files, std::size_t position) noexcept
            : files_(files), position_(position) {}
        reference operator*() const { return (*files_)[position_]; }
        pointer operator->() const { return &(*files_)[position_]; }
        Iterator& operator++() noexcept {
            ++position_;
            return *this;
        }
        Iterator operator++(int) noexcept { return {files_, position_++}; }
        friend bool operator==(const Iterator&, const Iterator&) = default;

    private:
        const DistFiles* files_ = nullptr;
        std::size_t position_ = 0;
    };
    Iterator begin() const noexcept { return {this, 0}; }
    Iterator end() const noexcept { return {this, size_}; }

private:
    struct Shared;
    std::size_t size_ = 0;
    std::shared_ptr<const Shared> shared_;
};

/// Everything one index has of one project.
struct Project {
    packaging::PackageName name;
    DistFiles files = {};
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
