#pragma once

#include "envpack/packaging/version.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace envpack::index {

/// The files of a project page by their version, as the file names say. Files whose name has no
/// version of PEP 440, and kinds of files that pip does not take, belong to none.
/// Immutable; thread-safe.
class Releases {
public:
    Releases() = default;
    /// Of `count` files, at most 2^32 - 1. Of several spellings of a version (1.0, 1.0.0) the
    /// shortest is kept, whatever the order of the page.
    Releases(std::size_t count, const std::function<std::string_view(std::size_t)>& filename);
    /// From what versions(), ends() and positions() gave for a page of `count` files; nullopt for
    /// what they never give.
    static std::optional<Releases> from_parts(std::vector<packaging::Version> versions,
                                              std::vector<std::uint32_t> ends,
                                              std::vector<std::uint32_t> positions,
                                              std::size_t count);

    /// Ascending, each once.
    std::span<const packaging::Version> versions() const noexcept { return versions_; }
    /// The positions on the page of the files of versions()[version]; ascending, never empty.
    std::span<const std::uint32_t> files(std::size_t version) const noexcept {
        const std::size_t begin = version == 0 ? 0 : ends_[version - 1];
        return std::span(positions_).subspan(begin, ends_[version] - begin);
    }
    /// Where the files of each version end in positions().
    std::span<const std::uint32_t> ends() const noexcept { return ends_; }
    /// files() of all versions, one after the other.
    std::span<const std::uint32_t> positions() const noexcept { return positions_; }

private:
    std::vector<packaging::Version> versions_;
    std::vector<std::uint32_t> ends_;
    std::vector<std::uint32_t> positions_;
};

}  // namespace envpack::index
