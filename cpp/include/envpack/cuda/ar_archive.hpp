#pragma once

#include "envpack/base/byte_region.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace envpack::cuda {

/// Whether the bytes begin a static archive (`lib….a`), thin ones included.
Result<bool> is_ar_archive(const ByteRegion& bytes);

/// Calls `visit` for the bytes of every member of a static archive but its symbol and name tables.
/// `name` is as the member's header has it, `/123` for a long one of GNU's. A thin archive has no
/// bytes of members. parse_error (rule ar.header, ar.truncated) for what is no such archive.
/// Source: ar(5) of the BSDs and of GNU binutils.
Result<void> for_each_ar_member(
    const ByteRegion& bytes,
    const std::function<Result<void>(const std::string& name, const ByteRegion& member)>& visit);

}  // namespace envpack::cuda
