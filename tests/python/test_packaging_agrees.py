"""envpack.packaging beside PyPA's packaging, on texts that nobody chose by hand."""

from __future__ import annotations

import packaging.requirements
import packaging.specifiers
import packaging.version
from hypothesis import given, settings
from hypothesis import strategies as st

from envpack.packaging import Requirement, SpecifierSet, Version, canonicalize_name

_number = st.integers(0, 30).map(str)
_release = st.lists(_number, min_size=1, max_size=4).map(".".join)
_version = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "1!"]),
        _release,
        st.sampled_from(["", "a1", ".b2", "-rc3", "c4", "alpha", ".preview.5"]),
        st.sampled_from(["", ".post1", "-2", ".rev3", "r4"]),
        st.sampled_from(["", ".dev0", "dev5", "_dev1"]),
        st.sampled_from(["", "+cu121", "+Ubuntu.1", "+4fdf.nv24-04"]),
    ),
)
_clause = st.builds(
    lambda operator, version: operator + version,
    st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~=", "==="]),
    _version,
)


@given(_version, _version)
@settings(max_examples=1000, deadline=None)
def test_versions_are_spelled_and_ordered_alike(a: str, b: str) -> None:
    ours, theirs = (
        (Version(a), Version(b)),
        (packaging.version.Version(a), packaging.version.Version(b)),
    )
    assert [str(v) for v in ours] == [str(v) for v in theirs]
    assert (ours[0] < ours[1]) == (theirs[0] < theirs[1])
    assert (ours[0] == ours[1]) == (theirs[0] == theirs[1])
    if ours[0] == ours[1]:
        assert hash(ours[0]) == hash(ours[1])


@given(st.lists(_clause, min_size=1, max_size=3), _version)
@settings(max_examples=2000, deadline=None)
def test_specifiers_accept_the_same_versions(clauses: list[str], version: str) -> None:
    text = ",".join(clauses)
    try:
        theirs = packaging.specifiers.SpecifierSet(text)
    except packaging.specifiers.InvalidSpecifier:
        return
    ours = SpecifierSet(text)
    for prereleases in (None, True, False):
        expected = theirs.contains(version, prereleases=prereleases)
        assert ours.contains(version, prereleases=prereleases) == expected, (text, version)


def test_requirements_say_the_same() -> None:
    for text in (
        "numpy",
        "numpy>=1.16,<2",
        "requests[socks,security]~=2.8 ; python_version < '3.8'",
        "pip @ https://index.example/pip-1.3.1-py3-none-any.whl",
        "A.B-C_d",
    ):
        ours, theirs = Requirement(text), packaging.requirements.Requirement(text)
        assert ours.name == canonicalize_name(theirs.name)
        assert ours.extras == theirs.extras
        assert str(ours.specifier) == str(theirs.specifier)
        assert ours.url == theirs.url
        assert str(ours.marker) == str(theirs.marker)
