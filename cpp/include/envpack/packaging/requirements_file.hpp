#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/packaging/format_control.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/requirement.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// One `--hash=algorithm:hex` of a requirement. Value; not synchronised.
struct HashOption {
    std::string algorithm;  ///< sha256, sha384 or sha512
    std::string hex;        ///< lower case
    friend auto operator<=>(const HashOption&, const HashOption&) = default;
};

/// One requirement of a requirements or constraints file. Value; not synchronised.
struct RequirementLine {
    /// None for an editable and for a path or URL whose name is not known without looking there;
    /// then `location` says where it is.
    std::optional<Requirement> requirement = std::nullopt;
    /// Path or URL as written; empty when `requirement` says it all. The path of a wheel has both,
    /// because its file name gives name and version.
    std::string location = {};
    std::vector<PackageName> extras = {};         ///< of a location, `./folder[extra]`
    std::optional<Marker> marker = std::nullopt;  ///< of a location
    bool editable = false;
    std::vector<HashOption> hashes = {};
    /// The requirement without options, for people: as written, variables not replaced, without
    /// the user and password of a URL.
    std::string text = {};
    std::string file = {};  ///< as it was named: "requirements.txt", "-r" paths joined
    std::size_t line = 0;   ///< where the (continued) line begins, from 1
    std::size_t begin = 0;  ///< the bytes of the (continued) line in decode_requirements(), with
    std::size_t end = 0;    ///< comments and line end

    std::string origin() const;  ///< "requirements.txt:7", for explanations
};

/// `--find-links`; a relative path counts from the folder of `file` when it exists there, else from
/// the working folder (as in pip). Value; not synchronised.
struct FindLinks {
    std::string value;
    std::string file;
    friend bool operator==(const FindLinks&, const FindLinks&) = default;
};

/// A requirements file and everything it includes, read as pip reads it.
/// Source: pip documentation, "Requirements File Format". Value; not synchronised.
///
/// Differences on purpose: `-r` and `--hash` inside a constraints file are errors (pip installs the
/// one and lets the other change the whole command); text that is not UTF-8 (or UTF-16 with a byte
/// order mark) is an error instead of a guess.
struct RequirementsFile {
    std::vector<RequirementLine> requirements = {};
    std::vector<RequirementLine> constraints = {};

    std::optional<std::string> index_url = std::nullopt;  ///< the last one wins
    std::vector<std::string> extra_index_urls = {};
    std::vector<FindLinks> find_links = {};
    std::vector<std::string> trusted_hosts = {};
    FormatControl formats = {};
    bool no_index = false;
    bool pre = false;
    bool prefer_binary = false;
    std::optional<bool> require_hashes = std::nullopt;  ///< said outright, either way
    std::vector<std::string> notes = {};  ///< what was read but has no effect, with its place

    /// Whether hash mode is on: it was asked for, or a requirement has a hash (and nobody said
    /// --no-require-hashes).
    bool hash_mode() const noexcept;

    struct Reading {
        bool is_constraints = false;  ///< the file was named with -c
        /// The text of an included file; its argument is a path joined to that of the including
        /// file, or a URL. Without it, an include is `unsupported`.
        std::function<Result<std::string>(std::string_view path)> load = {};
        /// The value of `${NAME}`; none or empty leaves the text as it is, as in pip.
        std::function<std::optional<std::string>(std::string_view name)> variable = {};
        Limits limits = {};
        std::size_t max_files = 1000;  ///< includes in all, against files that multiply
    };
    /// `path` names the file in messages and is what includes are relative to. Every error has
    /// the context "while reading FILE:LINE" and, for a bad requirement, the span and a hint.
    static Result<RequirementsFile> parse(std::string_view text, std::string_view path,
                                          const Reading& reading);
    /// The same, with more files of one command: adds to what is there.
    Result<void> append(std::string_view text, std::string_view path, const Reading& reading);
};

/// UTF-8 text of a file that may begin with a UTF-8 or UTF-16 byte order mark (PowerShell writes
/// the latter). parse_error for other encodings.
Result<std::string> decode_requirements(std::string_view bytes);

/// One requirement as pip accepts it on its command line: parse() of Requirement, and paths and
/// URLs besides. `origin` is shown by explanations ("command line").
Result<RequirementLine> parse_requirement_argument(std::string_view text, std::string_view origin);
/// The value of `-e`: a folder, a version control URL, or `name @ url`.
Result<RequirementLine> parse_editable_argument(std::string_view text, std::string_view origin);

}  // namespace envpack::packaging
