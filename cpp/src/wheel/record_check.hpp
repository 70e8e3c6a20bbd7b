#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/wheel/wheel_archive.hpp"

#include <cstddef>
#include <vector>

namespace envpack::wheel {

/// Whether RECORD describes exactly `files` (sorted by path): every file but RECORD and its
/// signatures has a row, with the right size if it has one, and every row a file. The hashes are
/// attached to the files; the answer is how many rows have no sha256. PEP 427 asks for a hash in
/// every row, but real wheels without one exist and other installers take them.
/// Rules: those of packaging::Record::parse(), and record.missing, record.path, record.no-file,
/// record.not-listed, record.size.
Result<std::size_t> attach_record(std::vector<WheelFile>& files, const SafePath& dist_info,
                                  const Limits& limits);

/// RECORD, RECORD.jws or RECORD.p7s: what RECORD cannot describe (PEP 427).
bool is_record_or_signature(const SafePath& path, const SafePath& dist_info) noexcept;

}  // namespace envpack::wheel
