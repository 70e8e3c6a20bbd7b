#pragma once

#include <string_view>

namespace envpack::packaging {

/// Whether a file of this name in a site directory is read at every start of Python: `*.pth`, but
/// for hidden ones. Source: CPython Lib/site.py, addsitedir().
bool is_path_file(std::string_view name) noexcept;
/// Whether a line of a path file is run as code. Source: the same, addpackage().
bool runs_code(std::string_view path_file) noexcept;
/// The module that Python imports at every start, and that a file or folder of this name on its
/// path is: `sitecustomize` or `usercustomize`; empty where it is none of them.
std::string_view customize_module(std::string_view name) noexcept;

}  // namespace envpack::packaging
