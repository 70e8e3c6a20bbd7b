#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace envpack::wheel {

/// The whole text of a small file. limit_exceeded (rule `wheel.text-size`) beyond `max_size`;
/// digest_mismatch (rule `record.hash-mismatch`) unless it has the digest, when one is given.
Result<std::string> read_text(const SafePath& path, const archive::Content& content,
                              const std::optional<Digest>& sha256, std::size_t max_size);

/// The first bytes of a file, at most `size`; fewer only when the file is shorter.
Result<std::string> read_head(const archive::Content& content, std::size_t size);

/// The digest of all of a file's bytes.
Result<Digest> digest_of(const SafePath& path, const archive::Content& content,
                         const RunContext& run = {});

/// The error for a file whose bytes are not those that RECORD describes.
Error hash_mismatch(const SafePath& path, const Digest& promised, const Digest& found);

}  // namespace envpack::wheel
