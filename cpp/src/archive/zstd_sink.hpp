#pragma once

#include "envpack/base/bytes.hpp"

#include <memory>
#include <string_view>

namespace envpack::archive {

/// Compresses into `out` as one zstd frame with a checksum: level 3, one thread, since libzstd's
/// bytes depend on the number of its workers. finish() is not passed on. `out` outlives the sink.
std::unique_ptr<ByteSink> zstd_sink(ByteSink& out);

/// Of the library that is linked: "1.5.4".
std::string_view zstd_version() noexcept;

}  // namespace envpack::archive
