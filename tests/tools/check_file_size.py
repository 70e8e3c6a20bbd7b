#!/usr/bin/env python3
"""Fails when a source file has more than 500 lines; prints the median otherwise."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 500
SUFFIXES = {".cpp", ".hpp", ".py", ".pyi", ".sh", ".cmake"}


def main() -> None:
    """Count the lines of every source file below cpp, python, tests and examples."""
    sizes = {
        path.relative_to(ROOT): len(path.read_text().splitlines())
        for folder in ("cpp", "python", "tests", "examples")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in SUFFIXES and path.is_file()
    }
    too_long = {path: lines for path, lines in sizes.items() if lines > LIMIT}
    for path, lines in too_long.items():
        print(f"{path}: {lines} lines, {LIMIT} are the limit")
    if too_long:
        sys.exit(1)
    print(f"file size: {len(sizes)} files, median {statistics.median(sizes.values()):.0f} lines")


if __name__ == "__main__":
    main()
