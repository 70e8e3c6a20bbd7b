#pragma once

#include "envpack/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace envpack::wheel {

/// The first line, or lines, of a Python script that `interpreter` runs, LF included. A path that
/// the kernel would cut (127 bytes, BINPRM_BUF_SIZE of old Linux) or split (white space) is
/// started through /bin/sh, in lines that are a no-op for Python, as pip and uv do. Fails with
/// invalid_argument and rule `wheel.interpreter-path` for a path that is not absolute or holds
/// quotes, `$`, back-ticks, `\` or control characters.
Result<std::string> shebang(std::string_view interpreter);

/// The path that starts `script`: from `#!/path [argument]` or from the /bin/sh form above, and
/// the length of those lines, LF included. nullopt when it starts otherwise.
struct ScriptInterpreter {
    std::string path;
    std::size_t length = 0;
    bool is_plain = true;  ///< a single #! line, without an argument
};
std::optional<ScriptInterpreter> script_interpreter(std::string_view script);

/// `script` with a first line that begins with `#!python` (so also `#!pythonw`, and whatever
/// follows, as pip does it) replaced by shebang(interpreter); unchanged without such a line.
/// Source: binary distribution format, "Recommended installer features".
Result<std::string> with_interpreter(std::string script, std::string_view interpreter);

}  // namespace envpack::wheel
