"""The stubs and the native module list the same names."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import envpack
from envpack import _core

STUB = Path(envpack.__file__).with_name("_core.pyi")
#: Parts of it in files of their own, whose names it imports.
PARTS = sorted(STUB.parent.glob("_core_*.pyi"))
#: What pybind11 and object give every class; stubs inherit them from `object`.
IMPLICIT = {
    "__module__", "__doc__", "__new__", "__init__", "__getstate__", "__setstate__", "__repr__",
    "__str__", "_pybind11_conduit_v1_", "__ne__", "__eq__", "__hash__",
}  # fmt: skip


def stubbed() -> dict[str, set[str]]:
    """Names of the stub: functions and variables with no members, classes with theirs."""
    found: dict[str, set[str]] = {}
    for node in (n for stub in (STUB, *PARTS) for n in ast.parse(stub.read_text()).body):
        if isinstance(node, ast.ClassDef):
            found[node.name] = {m.name for m in node.body if isinstance(m, ast.FunctionDef)} | {
                m.target.id
                for m in node.body
                if isinstance(m, ast.AnnAssign) and isinstance(m.target, ast.Name)
            }
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = set()
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = set()
    return found


def test_stub_and_module_agree() -> None:
    stub = stubbed()
    module = {name for name in vars(_core) if not name.startswith("__")} | {"__version__"}
    assert set(stub) == module
    for name, members in stub.items():
        native = getattr(_core, name)
        if inspect.isclass(native):
            assert members - IMPLICIT == set(vars(native)) - IMPLICIT, name


def test_parts_of_the_stub_are_imported_whole() -> None:
    for part in PARTS:
        names = {
            node.name
            for node in ast.parse(part.read_text()).body
            if isinstance(node, (ast.ClassDef, ast.FunctionDef))
        }
        imported = {
            alias.name
            for node in ast.parse(STUB.read_text()).body
            if isinstance(node, ast.ImportFrom) and node.module == f"envpack.{part.stem}"
            for alias in node.names
        }
        assert imported == names, part


def test_everything_public_is_documented() -> None:
    for name in stubbed():
        native = getattr(_core, name)
        if inspect.isclass(native) or inspect.isroutine(native):
            assert (native.__doc__ or "").strip(), name


def test_the_package_is_typed() -> None:
    assert STUB.with_name("py.typed").exists()
    assert all(hasattr(envpack, name) for name in envpack.__all__)
