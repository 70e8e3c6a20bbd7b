"""Errors of the native library as Python exceptions."""

from __future__ import annotations

import errno
import pickle
from pathlib import Path

import pytest

import envpack
from envpack import errors, packaging


@pytest.mark.parametrize(
    ("make", "text", "expected"),
    [
        (packaging.Version, "1.x", errors.InvalidVersion),
        (packaging.SpecifierSet, "=>1", errors.InvalidSpecifier),
        (packaging.Requirement, "numpy=1", errors.InvalidRequirement),
        (packaging.Marker, "python_version <", errors.InvalidMarker),
    ],
)
def test_a_malformed_text_has_its_own_class_and_names_the_place(
    make: type, text: str, expected: type[errors.ParseError]
) -> None:
    with pytest.raises(expected) as caught:
        make(text)
    assert isinstance(caught.value, ValueError)
    assert caught.value.text == text
    assert 0 <= caught.value.offset <= len(text)


def test_requirements_in_a_list_are_told_how_to_be_given() -> None:
    with pytest.raises(TypeError, match=r"not a list: resolve\('a', 'b'\)"):
        envpack.resolve(["numpy", "six"])  # type: ignore[arg-type]


def test_a_missing_source_is_a_lookup_error_with_the_path() -> None:
    with pytest.raises(errors.NotFound) as caught:
        envpack.freeze("dir:/no/such/folder")
    assert isinstance(caught.value, LookupError)
    assert caught.value.filename == "/no/such/folder"


def test_every_code_of_the_library_has_a_class() -> None:
    details = {"rule": "some.rule", "hint": "do this", "path": "/x", "errno": errno.EACCES}
    for code, cls in errors._CLASSES.items():  # noqa: SLF001 - the table itself is under test
        error = errors._from_native(code, "ParseError", "text", dict(details))  # noqa: SLF001
        assert type(error) is cls
        if isinstance(error, errors.EnvpackError):
            assert error.rule == "some.rule"
            assert error.hint == "do this"
    refused = errors._from_native("io_error", "ParseError", "text", details)  # noqa: SLF001
    assert isinstance(refused, OSError)
    assert (refused.errno, refused.filename) == (errno.EACCES, "/x")


def test_values_and_conflicts_survive_pickling() -> None:
    for value in (
        packaging.Version("1.0rc1+cu121"),
        packaging.SpecifierSet(">=1,<2"),
        packaging.Requirement("a[b]>=1; os_name == 'posix'"),
        packaging.Marker("os_name == 'posix'"),
        packaging.Tag("cp311", "cp311", "linux_x86_64"),
    ):
        assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own bytes
    conflict = errors.ResolutionImpossible("no", {"packages": ["a"]})
    assert pickle.loads(pickle.dumps(conflict)).conflict == conflict.conflict  # noqa: S301


def test_a_path_object_is_a_source(tmp_path: Path) -> None:
    with pytest.raises(errors.EnvpackError, match=tmp_path.name):
        envpack.freeze(tmp_path / "absent")
