#include "envpack/packaging/version.hpp"

#include "envpack/base/assert.hpp"
#include "version_fields.hpp"
#include "version_key.hpp"
#include "white_space.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace envpack::packaging {
namespace {

bool is_number(std::string_view segment) noexcept {
    return std::all_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view next_segment(std::string_view& local) noexcept {
    const std::size_t end = std::min(local.find('.'), local.size());
    const std::string_view segment = local.substr(0, end);
    local.remove_prefix(std::min(end + 1, local.size()));
    return segment;
}

// PEP 440: segments are compared one by one, numbers as numbers and above words, and the shorter
// of two that begin alike comes first. Numbers are normalised, so their length tells most.
std::strong_ordering compare_local(std::string_view a, std::string_view b) noexcept {
    while (!a.empty() && !b.empty()) {
        const std::string_view left = next_segment(a);
        const std::string_view right = next_segment(b);
        const bool left_is_number = is_number(left);
        if (left_is_number != is_number(right)) {
            return left_is_number ? std::strong_ordering::greater : std::strong_ordering::less;
        }
        if (left_is_number && left.size() != right.size()) {
            return left.size() <=> right.size();
        }
        if (const int order = left.compare(right); order != 0) {
            return order <=> 0;
        }
    }
    return !a.empty() <=> !b.empty();
}

bool is_normalized_local(std::string_view local) {
    if (local.empty()) {
        return true;
    }
    const auto fields = scan_version("0+" + std::string(local));
    return fields && fields->local == local;
}

std::size_t mix(std::size_t seed, std::uint64_t value) noexcept {
    // The finaliser of splitmix64: every input bit moves every output bit.
    std::uint64_t bits = seed + 0x9e3779b97f4a7c15U + value;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9U;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebU;
    return static_cast<std::size_t>(bits ^ (bits >> 31));
}

}  // namespace

std::string_view to_string(PreKind kind) noexcept {
    switch (kind) {
        case PreKind::a:
            return "a";
        case PreKind::b:
            return "b";
        case PreKind::rc:
            return "rc";
    }
    return "";
}

Result<Version> Version::parse(std::string_view text) {
    ENVPACK_TRY(VersionFields fields, scan_version(trim_white_space(text)));
    const auto release = fields.release();
    bool is_exact = false;
    Version version;
    version.key_ = VersionKey::of(fields.epoch, release, fields.pre, fields.post, fields.dev,
                                  !fields.local.empty(), is_exact)
                       .bits();
    version.release_size_ = static_cast<std::uint32_t>(release.size());
    if (!is_exact) {
        version.full_ = std::make_shared<const VersionParts>(
            VersionParts{.epoch = fields.epoch,
                         .release = {release.begin(), release.end()},
                         .pre = fields.pre,
                         .post = fields.post,
                         .dev = fields.dev,
                         .local = std::move(fields.local)});
    }
    return version;
}

Version Version::from_parts(VersionParts parts) {
    ENVPACK_ASSERT(!parts.release.empty());
    ENVPACK_ASSERT(is_normalized_local(parts.local));
    bool is_exact = false;
    Version version;
    version.key_ = VersionKey::of(parts.epoch, parts.release, parts.pre, parts.post, parts.dev,
                                  !parts.local.empty(), is_exact)
                       .bits();
    version.release_size_ = static_cast<std::uint32_t>(parts.release.size());
    if (!is_exact) {
        version.full_ = std::make_shared<const VersionParts>(std::move(parts));
    }
    return version;
}

VersionParts Version::parts() const {
    if (full_) {
        return *full_;
    }
    return {
        .epoch = 0, .release = release(), .pre = pre(), .post = post(), .dev = dev(), .local = {}};
}

std::size_t Version::significant_release_size() const noexcept {
    std::size_t size = release_size_;
    while (size > 1 && release_at(size - 1) == 0) {
        --size;
    }
    return size;
}

std::vector<std::uint64_t> Version::release() const {
    if (full_) {
        return full_->release;
    }
    std::vector<std::uint64_t> numbers(release_size_);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        numbers[i] = release_at(i);
    }
    return numbers;
}

std::uint64_t Version::release_at(std::size_t index) const noexcept {
    if (full_) {
        return index < full_->release.size() ? full_->release[index] : 0;
    }
    return VersionKey(key_).release_at(index);
}

std::optional<PreRelease> Version::pre() const noexcept {
    return full_ ? full_->pre : VersionKey(key_).pre();
}

std::optional<std::uint64_t> Version::post() const noexcept {
    return full_ ? full_->post : VersionKey(key_).post();
}

std::optional<std::uint64_t> Version::dev() const noexcept {
    return full_ ? full_->dev : VersionKey(key_).dev();
}

std::string_view Version::local() const noexcept {
    return full_ ? std::string_view(full_->local) : std::string_view();
}

bool Version::is_prerelease() const noexcept {
    return pre().has_value() || dev().has_value();
}

Version Version::without_local() const {
    if (!has_local()) {
        return *this;
    }
    VersionParts parts = *full_;
    parts.local.clear();
    return from_parts(std::move(parts));
}

Version Version::base_version() const {
    return from_parts({.epoch = epoch(), .release = release()});
}

std::string Version::to_string() const {
    std::string text;
    if (epoch() != 0) {
        text += std::to_string(epoch());
        text += '!';
    }
    for (std::size_t i = 0; i < release_size_; ++i) {
        if (i != 0) {
            text += '.';
        }
        text += std::to_string(release_at(i));
    }
    if (const auto found = pre()) {
        text += packaging::to_string(found->kind);
        text += std::to_string(found->number);
    }
    if (const auto found = post()) {
        text += ".post";
        text += std::to_string(*found);
    }
    if (const auto found = dev()) {
        text += ".dev";
        text += std::to_string(*found);
    }
    if (has_local()) {
        text += '+';
        text += local();
    }
    return text;
}

std::strong_ordering Version::compare_release(const Version& other) const noexcept {
    const std::uint64_t left = VersionKey(key_).release_bits();
    const std::uint64_t right = VersionKey(other.key_).release_bits();
    if (left != right || (!full_ && !other.full_)) {
        return left <=> right;
    }
    if (const auto order = epoch() <=> other.epoch(); is_neq(order)) {
        return order;
    }
    const std::size_t size = std::max(release_size_, other.release_size_);
    for (std::size_t i = 0; i < size; ++i) {
        if (const auto order = release_at(i) <=> other.release_at(i); is_neq(order)) {
            return order;
        }
    }
    return std::strong_ordering::equal;
}

std::strong_ordering Version::slow_compare(const Version& a, const Version& b) noexcept {
    if (const auto order = a.compare_release(b); is_neq(order)) {
        return order;
    }
    const auto left = a.suffix();
    const auto right = b.suffix();
    if (const auto order = left <=> right; is_neq(order)) {
        return order;
    }
    return compare_local(a.local(), b.local());
}

std::size_t Version::hash() const noexcept {
    std::size_t seed = mix(0, key_);
    if (!full_) {
        return seed;
    }
    seed = mix(seed, full_->epoch);
    std::size_t size = full_->release.size();
    while (size > 0 && full_->release[size - 1] == 0) {
        --size;
    }
    for (std::size_t i = 0; i < size; ++i) {
        seed = mix(seed, full_->release[i]);
    }
    for (const std::uint64_t part : suffix()) {
        seed = mix(seed, part);
    }
    return mix(seed, std::hash<std::string_view>{}(full_->local));
}

// PEP 440, "summary of permitted suffixes and relative ordering": a missing part sorts below the
// present one for post, above it for dev, and a release that has only dev sorts below its a0.
std::array<std::uint64_t, 6> Version::suffix() const noexcept {
    const auto pre_part = pre();
    const auto post_part = post();
    const auto dev_part = dev();
    std::uint64_t stage = dev_part && !post_part ? 0 : 4;
    if (pre_part) {
        stage = static_cast<std::uint64_t>(pre_part->kind) + 1;
    }
    return {stage,
            pre_part ? pre_part->number : 0,
            post_part.has_value(),
            post_part.value_or(0),
            !dev_part.has_value(),
            dev_part.value_or(0)};
}

}  // namespace envpack::packaging
