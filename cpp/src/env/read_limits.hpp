#pragma once

#include <cstdint>

// Up to which size a file of a tree is read. A reader of image layers keeps the content of files
// up to these sizes; a larger one would have to be looked for in its whole layer again, so nobody
// asks for it.

namespace envpack::env {

inline constexpr std::uint64_t max_captured_text = 1u << 20;       ///< .pth, egg-link, .git/HEAD
inline constexpr std::uint64_t max_captured_metadata = 16u << 20;  ///< METADATA, direct_url.json
inline constexpr std::uint64_t max_captured_record = 64u << 20;    ///< RECORD, when asked for
inline constexpr std::uint64_t max_captured_program = 64u << 20;   ///< interpreters

}  // namespace envpack::env
