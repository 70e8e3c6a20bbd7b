#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/packaging/core_metadata.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace envpack::index {

// METADATA out of a wheel with as few bytes read as possible. Only what solving needs: the strict
// reader that decides what is installed is archive's, which this library may not use.

/// Exactly `length` bytes of the file from `offset` on.
using ReadRange = std::function<Result<std::string>(std::uint64_t offset, std::size_t length)>;

/// How much of a file's end is worth asking for first: most wheels keep dist-info at their end.
inline constexpr std::size_t wheel_tail_size = 64u << 10;

/// The text of the wheel's METADATA. `tail` are the last bytes of a file of `size` bytes; `read` is
/// asked for what lies before them. parse_error for what is no such wheel.
Result<std::string> wheel_metadata_text(std::string_view filename, std::uint64_t size,
                                        std::string tail, const ReadRange& read,
                                        const Limits& limits = {});
/// Of a wheel on this machine, named `filename` whatever its path.
Result<std::string> wheel_metadata_text(const std::filesystem::path& path,
                                        std::string_view filename, const Limits& limits = {});
/// Of a wheel in memory.
Result<std::string> wheel_metadata_text_of(std::string_view bytes, std::string_view filename,
                                           const Limits& limits = {});

/// `text` parsed, and refused (rule `wheel.metadata-name`) when it is about another project or
/// version than the file's name says.
Result<packaging::CoreMetadata> parse_metadata_of(std::string_view filename, std::string_view text,
                                                  const Limits& limits = {});

}  // namespace envpack::index
