#pragma once

#include "envpack/base/result.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace envpack::packaging {

/// A compatibility tag (PEP 425), such as cp311-cp311-manylinux_2_28_x86_64, in lower case.
/// Value; not synchronised.
struct Tag {
    std::string interpreter;
    std::string abi;
    std::string platform;

    /// Exactly one tag; a compressed set is a parse_error.
    static Result<Tag> parse(std::string_view text);
    std::string to_string() const;
    friend auto operator<=>(const Tag&, const Tag&) = default;
};

/// "py2.py3-none-any" as its tags, sorted and without duplicates. parse_error as packaging 26.3:
/// an empty component, not three parts, an interpreter that is no identifier. limit_exceeded for a
/// set of more than 4096 tags.
Result<std::vector<Tag>> parse_tag_set(std::string_view text);

/// The shortest text with this product set: parse_tag_set() of it gives `tags` when they came from
/// one. Components are sorted, as PEP 425 asks.
std::string to_tag_set(std::span<const Tag> tags);

enum class Libc : std::uint8_t { glibc, musl };

/// A Python on Linux, as far as wheels depend on it. Value; not synchronised.
struct TagTarget {
    std::string implementation = "cpython";  ///< sys.implementation.name
    unsigned major = 3;
    unsigned minor = 12;
    std::string machine = "x86_64";  ///< as `uname -m` says
    Libc libc = Libc::glibc;
    unsigned libc_major = 2;
    unsigned libc_minor = 17;
    bool free_threaded = false;  ///< built without the GIL (PEP 703), from 3.13 on
    std::string abi = {};        ///< other implementations: their ABI tag, such as pypy310_pp73

    friend bool operator==(const TagTarget&, const TagTarget&) = default;
};

/// The platform tags of `target`, best first: linux_x86_64, manylinux_2_39_x86_64, … (PEP 600),
/// musllinux_1_2_x86_64, … (PEP 656). A machine for which no manylinux is defined has only the
/// first one.
std::vector<std::string> platform_tags(const TagTarget& target);

/// What `target` can install, best first: the list that packaging.tags.sys_tags() gives there.
std::vector<Tag> supported_tags(const TagTarget& target);

/// Ranks wheels by a list of supported tags. Immutable; thread-safe.
class TagIndex {
public:
    explicit TagIndex(std::span<const Tag> best_first);
    explicit TagIndex(const TagTarget& target);

    /// The position of the best of `tags` in the list, 0 for the best; none: not installable.
    std::optional<std::size_t> rank(std::span<const Tag> tags) const;
    /// The same of a compressed set, such as py2.py3-none-any, without taking it apart into tags;
    /// of a text that parse_tag_set() refuses, anything.
    std::optional<std::size_t> rank(std::string_view tag_set) const;
    std::size_t size() const noexcept { return ranks_.size(); }

private:
    struct View {
        std::string_view interpreter;
        std::string_view abi;
        std::string_view platform;
    };
    static View view_of(const Tag& tag) noexcept {
        return {tag.interpreter, tag.abi, tag.platform};
    }
    static View view_of(const View& view) noexcept { return view; }
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const View& tag) const noexcept;
        std::size_t operator()(const Tag& tag) const noexcept { return (*this)(view_of(tag)); }
    };
    struct Equal {
        using is_transparent = void;
        template <class A, class B>
        bool operator()(const A& a, const B& b) const noexcept {
            const View left = view_of(a);
            const View right = view_of(b);
            return left.platform == right.platform && left.interpreter == right.interpreter &&
                   left.abi == right.abi;
        }
    };
    std::unordered_map<Tag, std::size_t, Hash, Equal> ranks_;
};

}  // namespace envpack::packaging
