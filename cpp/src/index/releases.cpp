#include "envpack/index/releases.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace envpack::index {
namespace {

using packaging::Version;

/// The text of the version in a file name; empty for a kind of file that pip does not take.
std::string_view version_text(std::string_view filename) {
    if (filename.ends_with(".whl")) {
        const auto begin = filename.find('-');
        const auto end = begin == std::string_view::npos ? begin : filename.find('-', begin + 1);
        return end == std::string_view::npos ? std::string_view()
                                             : filename.substr(begin + 1, end - begin - 1);
    }
    for (const std::string_view extension : {".tar.gz", ".zip"}) {
        if (filename.ends_with(extension)) {
            filename.remove_suffix(extension.size());
            const auto begin = filename.rfind('-');
            return begin == std::string_view::npos ? std::string_view()
                                                   : filename.substr(begin + 1);
        }
    }
    return {};
}

std::optional<Version> version_of(std::string_view text) {
    if (text.empty()) {
        return std::nullopt;
    }
    auto version = Version::parse(text);
    return version ? std::optional(*std::move(version)) : std::nullopt;
}

/// Neighbours whose version is spelled the same.
struct Run {
    Version version;
    std::uint32_t begin;
    std::uint32_t end;
};

bool comes_before(const Run& a, const Run& b) {
    if (a.version != b.version) {
        return a.version < b.version;
    }
    const std::string left = a.version.to_string();
    const std::string right = b.version.to_string();
    return std::pair(left.size(), left) < std::pair(right.size(), right);
}

}  // namespace

Releases::Releases(std::size_t count,
                   const std::function<std::string_view(std::size_t)>& filename) {
    // Most files share their version with their neighbours: parse it once for all of them.
    std::vector<Run> runs;
    std::string_view last;
    bool is_version = false;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::string_view text = version_text(filename(i));
        if (i == 0 || text != last) {
            last = text;
            auto version = version_of(text);
            is_version = version.has_value();
            if (is_version) {
                runs.push_back({*std::move(version), i, i + 1});
            }
        } else if (is_version) {
            ++runs.back().end;
        }
    }
    if (!std::is_sorted(runs.begin(), runs.end(), comes_before)) {
        std::sort(runs.begin(), runs.end(), comes_before);
    }
    for (Run& run : runs) {
        const bool is_known = !versions_.empty() && versions_.back() == run.version;
        if (!is_known) {
            versions_.push_back(std::move(run.version));
            ends_.push_back(static_cast<std::uint32_t>(positions_.size()));
        }
        for (std::uint32_t i = run.begin; i < run.end; ++i) {
            positions_.push_back(i);
        }
        if (is_known) {
            const auto first = ends_.size() == 1 ? 0 : ends_[ends_.size() - 2];
            std::sort(positions_.begin() + first, positions_.end());
        }
        ends_.back() = static_cast<std::uint32_t>(positions_.size());
    }
}

std::optional<Releases> Releases::from_parts(std::vector<Version> versions,
                                             std::vector<std::uint32_t> ends,
                                             std::vector<std::uint32_t> positions,
                                             std::size_t count) {
    const auto is_not_ascending = [](const auto& a, const auto& b) { return !(a < b); };
    const bool holds =
        versions.size() == ends.size() &&
        std::ranges::adjacent_find(versions, is_not_ascending) == versions.end() &&
        std::ranges::adjacent_find(ends, is_not_ascending) == ends.end() &&
        (ends.empty() ? positions.empty() : ends.front() > 0 && ends.back() == positions.size()) &&
        std::ranges::all_of(positions, [&](std::uint32_t one) { return one < count; });
    if (!holds) {
        return std::nullopt;
    }
    Releases releases;
    releases.versions_ = std::move(versions);
    releases.ends_ = std::move(ends);
    releases.positions_ = std::move(positions);
    return releases;
}

}  // namespace envpack::index
