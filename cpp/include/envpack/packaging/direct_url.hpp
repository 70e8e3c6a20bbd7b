#pragma once

#include "envpack/base/result.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace envpack::packaging {

/// direct_url.json: where a distribution came from when it was not an index (PEP 610).
/// Value; not synchronised.
struct DirectUrl {
    struct Vcs {
        std::string vcs;  ///< git, hg, bzr, svn
        std::string commit_id;
        std::string requested_revision = {};  ///< empty when absent
        friend bool operator==(const Vcs&, const Vcs&) = default;
    };
    struct Archive {
        /// Algorithm to hexadecimal digest; the older key `hash` is read into it.
        std::map<std::string, std::string> hashes = {};
        friend bool operator==(const Archive&, const Archive&) = default;
    };
    struct Directory {
        bool editable = false;
        friend bool operator==(const Directory&, const Directory&) = default;
    };

    std::string url;
    std::variant<Archive, Vcs, Directory> info = Archive{};
    std::optional<std::string> subdirectory = std::nullopt;

    /// parse_error for anything that PEP 610 does not allow (not exactly one `*_info`, another
    /// type, a missing key); unknown keys are ignored.
    static Result<DirectUrl> parse(std::string_view json);
    /// Canonical JSON without white space; user and password of the URL are removed unless they are
    /// variables, `${TOKEN}`, or `git` (the specification's "security considerations").
    std::string to_json() const;
    /// The part behind `@` in a requirement: `git+https://…@commit#subdirectory=…`,
    /// `https://….whl#sha256=…`, `file:///…`.
    std::string to_requirement_url() const;

    bool is_editable() const noexcept;
    friend bool operator==(const DirectUrl&, const DirectUrl&) = default;
};

}  // namespace envpack::packaging
