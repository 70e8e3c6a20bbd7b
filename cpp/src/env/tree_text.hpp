#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

// Small ways of reading files of a tree that are shared by the sources of this library.

namespace envpack::env {

/// Whether a text that was read is to blame: a broken distribution is reported, anything else ends
/// the reading of the whole tree.
bool is_fault_of_text(const Error& error) noexcept;

/// At most `size` bytes from the front of a regular file; links are not followed.
Result<std::string> read_front(const archive::FileTree& tree, const SafePath& path,
                               std::size_t size);

/// The file up to its first blank line: the header of METADATA, without the description. Links are
/// followed. nullopt when there is no such regular file; limit_exceeded when the file has more than
/// `max_size` bytes, whatever the length of its header.
Result<std::optional<std::string>> read_header(const archive::FileTree& tree, const SafePath& path,
                                               std::size_t max_size);

/// The whole file; links are followed. nullopt when there is no such regular file; limit_exceeded,
/// before it is opened, when it is longer than `max_size` bytes.
Result<std::optional<std::string>> read_if_there(const archive::FileTree& tree,
                                                 const SafePath& path, std::size_t max_size);

/// The same, but nullopt also for a file that is too long.
Result<std::optional<std::string>> read_if_small(const archive::FileTree& tree,
                                                 const SafePath& path, std::size_t max_size);

/// What archive::stat() says, in one look-up where no link is in the way.
Result<std::optional<archive::FileInfo>> stat_directly(const archive::FileTree& tree,
                                                       const SafePath& path);

/// The directory behind the links of `text`, a path as people and processes write it (absolute or
/// not); nullopt when it is none, or cannot be a path of a tree.
Result<std::optional<SafePath>> find_directory(const archive::FileTree& tree,
                                               std::string_view text);

/// Calls `examine(window, start)` with windows that overlap, so that every place of the file with
/// up to 128 bytes around it is whole in one of them, until it returns a text. nullopt at the end
/// of the file, after `max_size` bytes, or when there is no such file.
Result<std::optional<std::string>> scan_file(
    const archive::FileTree& tree, const SafePath& path, std::size_t max_size,
    const std::function<std::optional<std::string>(std::string_view window)>& examine,
    const RunContext& run);

}  // namespace envpack::env
