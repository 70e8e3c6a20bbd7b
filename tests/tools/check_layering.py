#!/usr/bin/env python3
"""Fails on an #include that the table of libraries in ARCHITECTURE.md does not allow.

Prints one line per offence and exits 1; prints the number of includes checked otherwise.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]envpack/([a-z0-9_]+)/', re.MULTILINE)
ROW = re.compile(r"^\| `envpack::([a-z]+)` \|([^|]*)\|", re.MULTILINE)
# Third-party headers that only the named .cpp files may know (libraries.md: «wrap»).
WRAPPED = re.compile(
    r"#\s*include\s+<(nlohmann|toml\+\+|archive|curl|openssl|gumbo|libdeflate|zstd|zlib|CLI|pybind11|fmt|sqlite3)"
)


def allowed() -> dict[str, set[str]]:
    """Read the table «may include» of ARCHITECTURE.md."""
    table = {
        library: set(re.findall(r"`([a-z]+)`", uses))
        for library, uses in ROW.findall((ROOT / "ARCHITECTURE.md").read_text())
    }
    if not table:
        sys.exit("ARCHITECTURE.md has no table of libraries")
    return table


def main() -> None:
    """Check every C++ file of the product."""
    table = allowed()
    offences = []
    checked = 0
    for base, kind in (("include/envpack", "header"), ("src", "source")):
        for path in sorted((ROOT / "cpp" / base).glob("*/*")):
            if path.suffix not in {".hpp", ".cpp"}:
                continue
            library = path.parent.name
            name = path.relative_to(ROOT)
            if library not in table:
                offences.append(f"{name}: `{library}` is no library of ARCHITECTURE.md")
                continue
            text = path.read_text()
            for used in INCLUDE.findall(text):
                checked += 1
                if used != library and used not in table[library]:
                    offences.append(f"{name}: {library} may not include {used}")
            if kind == "header" and WRAPPED.search(text):
                offences.append(f"{name}: a public header shows a wrapped library")
    print(*offences, sep="\n")
    if offences:
        sys.exit(1)
    print(f"layering: {checked} includes, all allowed")


if __name__ == "__main__":
    main()
