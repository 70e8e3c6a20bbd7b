#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// One row of RECORD. Value; not synchronised.
struct RecordRow {
    /// As it is written: relative to the folder that holds the dist-info folder, with `/`; in an
    /// installed RECORD it may begin with `../` or be absolute.
    std::string path;
    std::optional<Digest> sha256 = std::nullopt;
    bool other_hash = false;  ///< has a hash that is allowed but is not sha256 (sha384, sha512, …)
    std::optional<std::uint64_t> size = std::nullopt;

    friend bool operator==(const RecordRow&, const RecordRow&) = default;
};

/// Something in a RECORD that a careful installer does not accept. Value; not synchronised.
struct RecordProblem {
    /// record.duplicate-row, record.bad-hash (undecodable), record.hex-hash (hexadecimal where
    /// PEP 376 asks for base64; the digest is used), record.padded-hash (the same),
    /// record.weak-hash (md5, sha1: forbidden by PEP 427), record.bad-size, record.bad-row (not
    /// three columns), record.empty-path.
    std::string rule;
    std::string message;
    std::size_t line = 0;  ///< where the row begins, from 1
};

/// RECORD of a wheel or of an installed distribution (PEP 376, PEP 427, PEP 627).
/// Value; not synchronised.
struct Record {
    std::vector<RecordRow> rows = {};          ///< in their order; duplicates left out
    std::vector<RecordProblem> problems = {};  ///< only after read()

    /// Strict, for wheels: the first problem is a parse_error with its rule.
    static Result<Record> parse(std::string_view text, const Limits& limits = {});
    /// Lenient, for installed trees and reports: problems are collected. Fails only for text that
    /// is no CSV (record.csv) and beyond Limits::max_record and Limits::max_entries.
    static Result<Record> read(std::string_view text, const Limits& limits = {});

    /// Rows sorted by path bytewise, LF, quotes only where CSV needs them: one text for one set.
    /// `other_hash` cannot be written and is left out.
    std::string to_string() const;
};

}  // namespace envpack::packaging
