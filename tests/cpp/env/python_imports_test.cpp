#include "envpack/env/python_imports.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

std::vector<std::string> modules(std::string_view source) {
    std::vector<std::string> found;
    for (const PythonImport& import : python_imports(source)) {
        std::string text = import.module;
        for (const std::string& name : import.names) {
            text += ' ' + name;
        }
        found.push_back(text + ':' + std::to_string(import.line));
    }
    return found;
}

using Modules = std::vector<std::string>;

TEST(PythonImports, EveryFormOfTheStatement) {
    EXPECT_EQ(modules("import a\nimport b.c as d, e\nfrom f.g import h, i as j\nfrom k import *\n"),
              (Modules{"a:1", "b.c:2", "e:2", "f.g h i:3", "k:4"}));
    EXPECT_EQ(modules("from a import (b,  # why\n    c as d,\n)\nimport e; import f\n"),
              (Modules{"a b c:1", "e:4", "f:4"}));
    EXPECT_EQ(modules("from a \\\n  import b\r\nimport c\r\n"), (Modules{"a b:1", "c:3"}));
}

TEST(PythonImports, WhereverTheyStand) {
    EXPECT_EQ(modules("try: import a\nexcept ImportError: import b\n"), (Modules{"a:1", "b:2"}));
    EXPECT_EQ(modules("if x:\n    def f():\n        from a import b\n"), (Modules{"a b:3"}));
    EXPECT_EQ(modules("m = importlib.import_module('a.b')\nn = __import__(\"c\")\n"),
              (Modules{"a.b:1", "c:2"}));
}

TEST(PythonImports, RelativeOnesAndTextsAreNone) {
    EXPECT_EQ(modules("from . import a\nfrom .b import c\nfrom ..d import e\n"), Modules{});
    EXPECT_EQ(modules("'import a'\n\"\"\"\nimport b\n\"\"\"\n# import c\nr'\\'; import d\n"),
              Modules{});
    EXPECT_EQ(modules("x = 'import a\nimport b\n"), Modules{"b:2"});  // ends at its line
    EXPECT_EQ(modules("def f():\n    yield from g\n    raise X from e\n"), Modules{});
    EXPECT_EQ(modules("import_module(name)\nimport_module('.a', 'b')\nimport_module(f'{x}')\n"),
              Modules{});
}

TEST(PythonImports, AnyBytesAreAnswered) {
    for (const std::string_view text :
         {"import", "from", "from a", "from a import", "from a import (", "import a.", "import ,",
          "'''", "\\", "\"\\", "import_module(", "((((", "import \xff\xfe"}) {
        EXPECT_NO_FATAL_FAILURE(static_cast<void>(python_imports(text)));
    }
}

TEST(NotebookImports, CodeCellsWithoutMagics) {
    const auto imports = notebook_imports(
        R"({"cells": [{"cell_type": "code", "source": ["%pip install a\n", "import b\n", "!ls"]},
                      {"cell_type": "markdown", "source": "import c"},
                      {"cell_type": "code", "source": "%%bash\nimport d"},
                      {"cell_type": "code", "source": "from e import f"}], "nbformat": 4})");
    ASSERT_TRUE(imports) << imports.error().render();
    EXPECT_EQ(*imports, (std::vector<PythonImport>{{"b", {}, 2}, {"e", {"f"}, 1}}));
    EXPECT_FALSE(notebook_imports("[]"));
}

}  // namespace
}  // namespace envpack::env
