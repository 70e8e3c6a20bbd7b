#pragma once

#include "envpack/base/result.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// alpha, beta, release candidate, spelled as PEP 440 normalises them.
enum class PreKind : std::uint8_t { a, b, rc };
std::string_view to_string(PreKind kind) noexcept;

/// `rc1` in `2.0rc1`.
struct PreRelease {
    PreKind kind = PreKind::a;
    std::uint64_t number = 0;
    friend bool operator==(const PreRelease&, const PreRelease&) = default;
    friend auto operator<=>(const PreRelease&, const PreRelease&) = default;
};

/// The fields of a version (PEP 440), for whoever builds one. Value; not synchronised.
struct VersionParts {
    std::uint64_t epoch = 0;
    std::vector<std::uint64_t> release = {};  ///< as written, never empty in a Version
    std::optional<PreRelease> pre = std::nullopt;
    std::optional<std::uint64_t> post = std::nullopt;
    std::optional<std::uint64_t> dev = std::nullopt;
    std::string local = {};  ///< normalised: `ubuntu.1`; empty for none
    friend bool operator==(const VersionParts&, const VersionParts&) = default;
};

/// A version of PEP 440, in its total order. Trailing zeros of the release are kept for display
/// and mean nothing: `1.0 == 1.0.0`, and both hash alike. Most versions fit one 64-bit sort key
/// and need no allocation; the key also decides most comparisons of those that do not.
/// Value; not synchronised.
class Version {
public:
    /// The grammar of PEP 440, appendix B, with white space around it ignored. parse_error with a
    /// span otherwise; limit_exceeded for a number of 2^63 or more outside the local part
    /// (PEP 440 sets no bound, but no real project comes near) and for a text over 4096 bytes.
    static Result<Version> parse(std::string_view text);
    /// Asserts that the release is not empty and the local part is normalised.
    static Version from_parts(VersionParts parts);
    VersionParts parts() const;

    std::uint64_t epoch() const noexcept { return full_ ? full_->epoch : 0; }
    std::vector<std::uint64_t> release() const;  ///< as written: {1, 0} for `1.0`
    std::size_t release_size() const noexcept { return release_size_; }
    /// Without trailing zeros, at least 1: 2 for `1.2.0.0`, 1 for `0.0`.
    std::size_t significant_release_size() const noexcept;
    /// The number at `index`, 0 beyond what is written: `1.0` is `1.0.0.0…`.
    std::uint64_t release_at(std::size_t index) const noexcept;
    std::uint64_t major() const noexcept { return release_at(0); }
    std::uint64_t minor() const noexcept { return release_at(1); }
    std::uint64_t micro() const noexcept { return release_at(2); }
    std::optional<PreRelease> pre() const noexcept;
    std::optional<std::uint64_t> post() const noexcept;
    std::optional<std::uint64_t> dev() const noexcept;
    /// Normalised, without the `+`; empty for none. Lives as long as this object.
    std::string_view local() const noexcept;

    bool is_prerelease() const noexcept;  ///< a, b, rc or dev
    bool is_postrelease() const noexcept { return post().has_value(); }
    bool is_devrelease() const noexcept { return dev().has_value(); }
    bool has_local() const noexcept { return !local().empty(); }

    /// `2.3.0a0` for `2.3.0a0+cu121`: PEP 440's "public version".
    Version without_local() const;
    Version public_version() const { return without_local(); }
    /// Epoch and release only: `1!2.3.0` for `1!2.3.0a0.post1+cu121`.
    Version base_version() const;

    /// Normalised: `parse(v.to_string())` is `v`, release as written included.
    std::string to_string() const;

    friend bool operator==(const Version& a, const Version& b) noexcept {
        return a.key_ == b.key_ && !a.full_ == !b.full_ && (!a.full_ || is_eq(slow_compare(a, b)));
    }
    friend std::strong_ordering operator<=>(const Version& a, const Version& b) noexcept {
        return a.key_ != b.key_ || (!a.full_ && !b.full_) ? a.key_ <=> b.key_ : slow_compare(a, b);
    }
    /// By epoch and release alone: equal for `1.0.0rc1` and `1`.
    std::strong_ordering compare_release(const Version& other) const noexcept;
    std::size_t hash() const noexcept;

private:
    Version() noexcept = default;
    std::array<std::uint64_t, 6> suffix() const noexcept;  ///< pre, post, dev as one sort key
    static std::strong_ordering slow_compare(const Version& a, const Version& b) noexcept;

    // Never decreasing in the order of versions. It says everything about the version exactly
    // when full_ is null, and that depends on the value alone, not on the spelling.
    std::uint64_t key_ = 0;
    std::uint32_t release_size_ = 0;
    std::shared_ptr<const VersionParts> full_;
};

}  // namespace envpack::packaging

template <>
struct std::hash<envpack::packaging::Version> {
    std::size_t operator()(const envpack::packaging::Version& version) const noexcept {
        return version.hash();
    }
};
