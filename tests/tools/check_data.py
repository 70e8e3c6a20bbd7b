#!/usr/bin/env python3
"""Checks the fact tables in cpp/data: form, sources, order, and that they agree with each other."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[2] / "cpp" / "data"
CMAKE = DATA.parent / "src" / "cuda" / "CMakeLists.txt"

SUFFIX = re.compile(r"cu(\d+)(\d)")
VERSION = re.compile(r"\d+(\.\d+)+")
CODE = re.compile(r"(sm|compute)_\d{2,3}[af]?")
PYTHON = re.compile(r"3\.\d+t?")
STATUS = {"verified", "unverified"}

Row = dict[str, Any]
Problems = list[str]


def numbers(text: str) -> list[int]:
    """Give the order of versions, suffixes and compute capabilities."""
    return [int(number) for number in re.findall(r"\d+", text)]


class Table:
    """One file, with the problems that were found in it."""

    def __init__(self, name: str, problems: Problems) -> None:
        """Read the file; its text must fit a raw string literal in C++."""
        self.name = name
        self.problems = problems
        text = (DATA / f"{name}.json").read_text(encoding="ascii")
        self.expect(')json"' not in text, "ends the literal that it is compiled into")
        self.document: Row = json.loads(text)
        self.expect(bool(self.document.get("description")), "has no description")
        sources = self.document.get("sources", [])
        self.expect(bool(sources) and all(sources), "names no sources")

    def expect(self, holds: object, complaint: str) -> None:
        """Note a complaint unless the condition holds."""
        if not holds:
            self.problems.append(f"{self.name}.json: {complaint}")

    def rows(self, key: str, fields: dict[str, Callable[[Any], bool]], order: str) -> list[Row]:
        """Give the rows below a key; all have these fields, a status, and ascend by `order`."""
        rows: list[Row] = self.document.get(key, [])
        self.expect(bool(rows), f"has no {key}")
        known = {*fields, "status", "verified_fields", "note", "source"}
        for row in rows:
            where = f"{key} {row.get(order)}"
            for field, is_good in fields.items():
                self.expect(
                    field in row and is_good(row[field]), f"{where}: {field} {row.get(field)!r}"
                )
            self.expect(row.get("status") in STATUS, f"{where}: status {row.get('status')!r}")
            self.expect(row.keys() <= known, f"{where}: unread {sorted(row.keys() - known)}")
            verified = row.get("verified_fields", [])
            self.expect(set(verified) <= fields.keys(), f"{where}: verified_fields {verified}")
            self.expect(
                not (verified and row["status"] == "verified"), f"{where}: verified_fields too many"
            )
        self.ascend(key, (str(row.get(order)) for row in rows))
        return rows

    def ascend(self, key: str, texts: Iterable[str]) -> None:
        """Note where values are not in strictly ascending order."""
        values = list(texts)
        for before, after in zip(values, values[1:], strict=False):
            self.expect(numbers(before) < numbers(after), f"{key}: {after} is not after {before}")


def matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    """Give a test of texts."""
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def maybe(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Give a test that null passes too."""
    return lambda value: value is None or test(value)


def each(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Give a test of lists with at least one item, none of them twice."""
    return lambda value: (
        isinstance(value, list)
        and bool(value)
        and len(set(value)) == len(value)
        and all(map(test, value))
    )


def check_torch(problems: Problems) -> None:
    """Check the matrix of torch, its machine code and its family."""
    matrix = Table("torch_cuda", problems)
    suffix = matches(SUFFIX)
    indexes = matrix.rows("indexes", {"suffix": suffix, "cuda": matches(VERSION)}, "cuda")
    known = {row["suffix"] for row in indexes}
    for row in indexes:
        digits = ".".join(SUFFIX.fullmatch(row["suffix"]).groups())  # type: ignore[union-attr]
        matrix.expect(row["cuda"] == digits, f"{row['suffix']} is not CUDA {row['cuda']}")
    never = set(matrix.document["never_published"])
    matrix.expect(not known & never, f"published and never published: {sorted(known & never)}")
    matrix.expect(
        matrix.document["index_template"].count("{suffix}") == 1, "index_template has no suffix"
    )
    releases = matrix.rows(
        "releases",
        {
            "torch": matches(VERSION),
            "cuda": each(known.__contains__),
            "default_index_cuda": known.__contains__,
            "python": maybe(each(matches(PYTHON))),
            "linux_aarch64": maybe(each(known.__contains__)),
        },
        "torch",
    )
    for row in releases:
        where = f"releases {row['torch']}"
        matrix.ascend(f"{where}: cuda", row["cuda"])
        matrix.expect(row["default_index_cuda"] in row["cuda"], f"{where}: default is no index")
        matrix.expect(set(row["linux_aarch64"] or []) <= set(row["cuda"]), f"{where}: aarch64")
    used = {one for row in releases for one in row["cuda"]}
    matrix.expect(used == known, f"indexes without a release: {sorted(known ^ used)}")
    check_code(problems, releases, known)
    check_family(problems, releases)


def check_code(problems: Problems, releases: list[Row], known: set[str]) -> None:
    """Check that at most one row tells the machine code of a torch in an index."""
    table = Table("torch_arches", problems)
    for row in table.document["code"]:
        where = f"{row['torch_min']} {row['cuda']}"
        table.expect(row["cuda"] in known, f"{where}: unknown index")
        table.expect(numbers(row["torch_min"]) <= numbers(row["torch_max"]), f"{where}: empty")
        table.expect(row["status"] in STATUS, f"{where}: status")
        for field in ("linux_x86_64", "linux_aarch64"):
            table.expect(maybe(each(matches(CODE)))(row[field]), f"{where}: {field}")
    for release in releases:
        for suffix in release["cuda"]:
            found = [
                row
                for row in table.document["code"]
                if row["cuda"] == suffix
                and numbers(row["torch_min"])
                <= numbers(release["torch"])
                <= numbers(row["torch_max"])
            ]
            table.expect(len(found) <= 1, f"{release['torch']} {suffix}: {len(found)} rows")
    torches = {release["torch"] for release in releases}
    for row in table.document["code"]:
        for field in ("torch_min", "torch_max"):
            table.expect(row[field] in torches, f"{row[field]} is no release of torch")


def check_family(problems: Problems, releases: list[Row]) -> None:
    """Check that every torch has one row of companions, and that the package list is sorted."""
    table = Table("torch_family", problems)
    version = matches(VERSION)
    rows = table.rows(
        "families",
        {"torch": version, "torchvision": maybe(version), "torchaudio": maybe(version)},
        "torch",
    )
    table.expect(
        [row["torch"] for row in rows] == [row["torch"] for row in releases],
        "has not the releases of torch_cuda.json",
    )
    packages = Table("pytorch_index_packages", problems)
    names = packages.document["cuda_specific"]
    packages.expect(names == sorted(set(names)), "cuda_specific is not sorted")
    packages.expect({"torch", "torchvision", "torchaudio"} <= set(names), "torch is missing")


def check_drivers(problems: Problems) -> None:
    """Check drivers, PTX and GPUs."""
    version = matches(VERSION)
    driver = matches(re.compile(r"\d{3}(\.\d+){0,2}"))
    table = Table("cuda_driver", problems)
    floors = table.rows("floors", {"first_cuda": version, "driver": driver}, "first_cuda")
    table.ascend("floors: driver", (row["driver"] for row in floors))
    table.rows("toolkits", {"cuda": version, "driver": driver}, "cuda")
    branches = table.rows(
        "branches", {"branch": lambda value: isinstance(value, int), "max_cuda": version}, "branch"
    )
    table.ascend("branches: max_cuda", (row["max_cuda"] for row in branches))
    isas = Table("ptx_isa", problems).rows("isas", {"ptx": version, "cuda": version}, "ptx")
    table.ascend("isas: cuda", (row["cuda"] for row in isas))

    gpus = Table("gpu_compute_capability", problems)
    capability = matches(re.compile(r"\d+\.\d"))
    models = gpus.rows(
        "gpus",
        {
            "cc": capability,
            "gpus": each(lambda name: isinstance(name, str)),
            "tegra": lambda value: isinstance(value, bool),
        },
        "cc",
    )
    names = [name for row in models for name in row["gpus"]]
    gpus.expect(len(names) == len(set(names)), "names a GPU twice")
    known = {row["cc"] for row in models}
    gpus.rows("families", {"target": matches(CODE), "members": each(known.__contains__)}, "target")


def check_ecosystems(problems: Problems) -> None:
    """Check the packages that encode CUDA in other ways than torch."""
    table = Table("ecosystems", problems)
    text = lambda value: isinstance(value, str) and bool(value)  # noqa: E731
    texts = lambda value: value == [] or each(text)(value)  # noqa: E731
    families: list[Row] = table.document["families"]
    form: dict[str, Callable[[Any], bool]] = {
        "family": text,
        "names": each(text),
        "scheme": {"builds", "torch-pin", "torch-page", "torch-wheel", "advice"}.__contains__,
        "cuda_only": lambda value: isinstance(value, bool),
        "without_cuda": maybe(text),
        "default_cuda": maybe(matches(re.compile(r"\d+"))),
        "same_extras": lambda value: isinstance(value, dict),
        "other_extras": texts,
        "libraries": texts,
        "exclusive": lambda value: all(each(text)(group) for group in value),
        "index": maybe(matches(re.compile(r"https://[^/]+(/\S*)?"))),
        "torch": lambda value: all(row.keys() == {"versions", "torch"} for row in value),
        "page": maybe(text),
        "pages": lambda value: isinstance(value, list),
        "advice": maybe(text),
        "builds": lambda value: isinstance(value, list),
        "source": text,
    }
    for row in families:
        where = f"families {row.get('family')}"
        for field, is_good in form.items():
            table.expect(field in row and is_good(row[field]), f"{where}: {field}")
        table.expect(row.get("status") in STATUS, f"{where}: status")
        table.expect(row.keys() <= {*form, "status", "note"}, f"{where}: {sorted(row)}")
        table.expect(bool(row["builds"]) == (row["scheme"] == "builds"), f"{where}: builds")
        table.expect(bool(row["pages"]) == (row["scheme"] == "torch-page"), f"{where}: pages")
        check_builds(table, row)
        table.ascend(f"{where}: pages", (page["torch"] for page in row["pages"]))
        for page in row["pages"]:
            table.expect(each(text)(page["suffixes"]), f"{where}: page {page['torch']}")
            table.expect(page["status"] in STATUS, f"{where}: page {page['torch']}: status")
    names = [name for row in families for name in row["names"]]
    table.expect(len(names) == len(set(names)), "a name is in two families")
    rivals = [name for row in families for group in row["exclusive"] for name in group]
    table.expect(len(rivals) == len(set(rivals)), "a name is in two groups of rivals")


def check_builds(table: Table, family: Row) -> None:
    """Check that the builds of a family descend, and that releases of one name do not overlap."""
    version = matches(VERSION)
    release = maybe(matches(re.compile(r"\d+(\.\d+)*")))
    form: dict[str, Callable[[Any], bool]] = {
        "cuda": version,
        "suffix": lambda value: isinstance(value, str),
        "extras": lambda value: isinstance(value, list),
        "local_extras": maybe(lambda value: isinstance(value, list)),
        "local_cuda": maybe(version),
        "cudnn": maybe(lambda value: isinstance(value, str)),
        "least_gpu": maybe(version),
        "from": release,
        "below": release,
        "index": maybe(lambda value: value.startswith("https://")),
    }
    before: Row | None = None
    for row in family["builds"]:
        where = f"builds {family['family']} {row.get('cuda')} {row.get('from')}"
        for field, is_good in form.items():
            table.expect(field in row and is_good(row[field]), f"{where}: {field}")
        table.expect(row["status"] in STATUS, f"{where}: status")
        table.expect(
            row.keys() <= {*form, "status", "verified_fields", "note"}, f"{where}: {sorted(row)}"
        )
        table.expect(
            not row["local_extras"] or row["local_extras"] != row["extras"], f"{where}: local"
        )
        if before is not None:
            table.expect(numbers(before["cuda"]) >= numbers(row["cuda"]), f"{where}: not sorted")
            told_apart = before["suffix"] != row["suffix"] or (
                set(before["extras"]).isdisjoint(row["extras"]) and before["extras"]
                and row["extras"]
            )  # fmt: skip
            if not (told_apart or before["index"] or row["index"]):
                table.expect(
                    row["below"] is not None
                    and before["from"] is not None
                    and numbers(row["below"]) <= numbers(before["from"]),
                    f"{where}: overlaps the build before",
                )
        before = row


def check_ngc(problems: Problems) -> None:
    """Check the releases of NVIDIA's images."""
    table = Table("ngc_containers", problems)
    rows = table.document["pytorch"]
    table.ascend("pytorch", (row["tag"] for row in rows))
    for row in rows:
        table.expect(row["status"] in STATUS, f"{row['tag']}: status")
        table.expect(row["image"].endswith(f":{row['tag']}-py3"), f"{row['tag']}: image")


def main() -> None:
    """Check every table, and that every file is compiled in."""
    problems: Problems = []
    check_torch(problems)
    check_drivers(problems)
    check_ngc(problems)
    check_ecosystems(problems)
    files = {path.stem for path in DATA.glob("*.json")}
    embedded = set(
        re.findall(r"^  (\w+)\b", CMAKE.read_text().split("envpack_embed_json")[1], re.M)
    )
    if files != embedded:
        problems.append(f"not compiled in, or not there: {sorted(files ^ embedded)}")
    for problem in problems:
        print(problem)
    if problems:
        sys.exit(1)
    print(f"data: {len(files)} tables")


if __name__ == "__main__":
    main()
