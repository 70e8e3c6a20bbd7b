#pragma once

#include "envpack/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::env {

/// One absolute import of a Python source. Value; not synchronised.
struct PythonImport {
    std::string module;                   ///< `a.b` of `import a.b` and of `from a.b import c, d`
    std::vector<std::string> names = {};  ///< `c`, `d`; empty for `import` and `from a.b import *`
    std::size_t line = 0;                 ///< from 1
    friend bool operator==(const PythonImport&, const PythonImport&) = default;
};

/// The imports of a source text, wherever in it they stand (functions, `try`, `if`), and literal
/// calls of `import_module()` and `__import__()`; relative imports are left out. The text is not
/// compiled: what is no Python gives what looks like an import in it, never an error.
/// Source: Python language reference, 2 "Lexical analysis" and 7.11 "The import statement".
std::vector<PythonImport> python_imports(std::string_view source);

/// The same of the code cells of a Jupyter notebook (nbformat 4), lines of magics and of shell
/// commands left out; lines count within their cell. parse_error for what is no notebook.
Result<std::vector<PythonImport>> notebook_imports(std::string_view json);

}  // namespace envpack::env
