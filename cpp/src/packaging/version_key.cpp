#include "version_key.hpp"

#include <algorithm>
#include <array>

namespace envpack::packaging {
namespace {

constexpr std::array<unsigned, 4> widths = {15, 11, 12, 9};
constexpr std::array<unsigned, 4> shifts = {48, 37, 25, 16};
constexpr unsigned number_width = 13;
constexpr unsigned suffix_width = 16;

/// In the order of PEP 440. `dev` is a release with nothing but a dev part.
enum class Stage : std::uint8_t { dev, a, b, rc, final, post };

constexpr std::uint64_t ones(unsigned bits) noexcept {
    return (std::uint64_t{1} << bits) - 1;
}

Stage stage_in(std::uint64_t bits) noexcept {
    return static_cast<Stage>((bits >> number_width) & ones(3));
}

std::optional<std::uint64_t> number_in(std::uint64_t bits, Stage stage) noexcept {
    return stage_in(bits) == stage ? std::optional(bits & ones(number_width)) : std::nullopt;
}

}  // namespace

VersionKey VersionKey::of(std::uint64_t epoch, std::span<const std::uint64_t> release,
                          std::optional<PreRelease> pre, std::optional<std::uint64_t> post,
                          std::optional<std::uint64_t> dev, bool has_local,
                          bool& is_exact) noexcept {
    is_exact = false;
    if (epoch != 0) {
        return VersionKey(~std::uint64_t{0});
    }
    std::uint64_t bits = 0;
    const std::size_t size = std::min(release.size(), widths.size());
    for (std::size_t i = 0; i < size; ++i) {
        if (release[i] > ones(widths[i])) {
            return VersionKey(bits | ones(shifts[i] + widths[i]));
        }
        bits |= release[i] << shifts[i];
    }
    const auto rest = release.subspan(size);
    if (std::any_of(rest.begin(), rest.end(), [](std::uint64_t number) { return number != 0; })) {
        return VersionKey(bits | ones(suffix_width));
    }
    Stage stage = Stage::final;
    std::uint64_t number = 0;
    bool says_all = !has_local;
    if (pre) {
        stage = static_cast<Stage>(static_cast<unsigned>(pre->kind) + 1);
        number = pre->number;
        says_all = says_all && !post && !dev;
    } else if (post) {
        stage = Stage::post;
        number = *post;
        says_all = says_all && !dev;
    } else if (dev) {
        stage = Stage::dev;
        number = *dev;
    }
    is_exact = says_all && number <= ones(number_width);
    return VersionKey(bits | static_cast<std::uint64_t>(stage) << number_width |
                      std::min(number, ones(number_width)));
}

std::uint64_t VersionKey::release_bits() const noexcept {
    return bits_ >> suffix_width;
}

std::uint64_t VersionKey::release_at(std::size_t index) const noexcept {
    return index < widths.size() ? (bits_ >> shifts[index]) & ones(widths[index]) : 0;
}

std::optional<PreRelease> VersionKey::pre() const noexcept {
    const Stage stage = stage_in(bits_);
    if (stage < Stage::a || stage > Stage::rc) {
        return std::nullopt;
    }
    return PreRelease{static_cast<PreKind>(static_cast<unsigned>(stage) - 1),
                      bits_ & ones(number_width)};
}

std::optional<std::uint64_t> VersionKey::post() const noexcept {
    return number_in(bits_, Stage::post);
}

std::optional<std::uint64_t> VersionKey::dev() const noexcept {
    return number_in(bits_, Stage::dev);
}

}  // namespace envpack::packaging
