"""What a person reads when a request has no solution, one kind of reason a row."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import envpack
from support.sdists import make_sdist
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}"
OWN_TAG = f"cp{sys.version_info[0]}{sys.version_info[1]}"


def text(*request: str, **options: Any) -> str:  # noqa: ANN401
    with pytest.raises(envpack.ResolutionImpossible) as caught:
        envpack.resolve(*request, **options)
    return str(caught.value).rstrip()


def page(folder: Path, wheels: Iterable[Path], attributes: str = "") -> str:
    """Write the index page of one project; return the URL of the index."""
    paths = list(wheels)
    name = paths[0].name.partition("-")[0]
    place = folder / name / "index.html"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(
        "".join(f'<a href="{path.as_uri()}"{attributes}>{path.name}</a>\n' for path in paths)
    )
    return folder.as_uri() + "/"


def test_another_python(tmp_path: Path) -> None:
    old = make_wheel(tmp_path / "files", "tool", "2.0", requires_python=">=3.98")
    new = make_wheel(tmp_path / "files", "tool", "3.0", requires_python=">=3.99")
    expected = f"""\
tool needs another Python than the target has

  command line  tool
  tool 3.0      needs Python >=3.99, the target has {PYTHON}
  tool 2.0      needs Python >=3.98, the target has {PYTHON}"""
    assert text("tool", find_links=[tmp_path / "files"], no_index=True) == expected
    limit = ' data-requires-python="&gt;=3.98"'
    assert (
        text("tool", index_url=page(tmp_path / "simple", [old, new], limit))
        == f"""\
tool needs another Python than the target has

  command line  tool
  tool 2.0, 3.0 needs Python >=3.98, the target has {PYTHON}"""
    )


@pytest.mark.parametrize(
    ("tag", "headline", "reason"),
    [
        (f"{OWN_TAG}-{OWN_TAG}-win_amd64", "the platform of the target",
         "this platform, {}, only for win_amd64"),
        ("cp27-cp27m-manylinux1_x86_64", "the Python of the target",
         f"this Python, {OWN_TAG}, only for cp27"),
    ],
)  # fmt: skip
def test_wheels_for_others(tmp_path: Path, tag: str, headline: str, reason: str) -> None:
    make_wheel(tmp_path, "tool", "1.0", tag=tag)
    machine = f"linux_{envpack.freeze('.').python.machine}"
    assert (
        text("tool", find_links=[tmp_path], no_index=True)
        == f"""\
tool has no wheel for {headline}

  command line  tool
  tool 1.0 has no wheel for {reason.format(machine)}"""
    )


def test_withdrawn(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "files", "tool", "1.5")
    index = page(tmp_path / "simple", [wheel], ' data-yanked="it deletes files"')
    assert (
        text("tool>=1", index_url=index)
        == """\
tool was withdrawn (yanked)

  command line  tool>=1
  tool 1.5 is yanked: it deletes files

  Ways out, smallest change first:
    1. the withdrawn tool 1.5 all the same
       envpack resolve … "tool==1.5\""""
    )
    lock = envpack.resolve("tool>=1", "tool==1.5", index_url=index)
    assert [p.name for p in lock.packages] == ["tool"]


def test_only_on_another_index(tmp_path: Path) -> None:
    first = page(tmp_path / "first", [make_wheel(tmp_path / "files", "tool", "2.0")])
    second = page(tmp_path / "second", [make_wheel(tmp_path / "files", "tool", "1.0")])
    options: dict[str, Any] = {"index_url": second, "extra_index_urls": [first]}
    assert (
        text("tool==1.0", **options)
        == f"""\
no version of tool fits

  command line  tool==1.0
  {first.rstrip("/")} has tool 2.0

  Ways out, smallest change first:
    1. a newer tool, 2.0
       envpack resolve … "tool==2.0"
    2. look for each version on all indexes, not only on the first that has the name: tool 1.0 is \
on {second.rstrip("/")}
       envpack resolve … --index-strategy unsafe-best-match"""
    )
    lock = envpack.resolve("tool==1.0", index_strategy="unsafe-best-match", **options)
    assert [str(p.version) for p in lock.packages] == ["1.0"]
    assert "unsafe-best-match" not in text("tool==3.0", **options)


def test_a_place_and_versions(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "here", "tool", "1.0")
    make_wheel(tmp_path / "files", "tool", "2.0")
    make_wheel(tmp_path / "files", "app", "1.0", requires=("tool>=2",))
    options: dict[str, Any] = {"find_links": [tmp_path / "files"], "no_index": True}
    assert (
        text(str(wheel), "app", **options)
        == f"""\
the requirements on tool exclude each other

  command line  app
  command line  {wheel}
  app 1.0       needs tool >=2"""
    )


def test_an_extra_that_needs_what_nobody_has(tmp_path: Path) -> None:
    make_wheel(tmp_path, "tool", "1.0", requires=("gone>=1; extra == 'gpu'",))
    assert (
        text("tool[gpu]", find_links=[tmp_path], no_index=True)
        == """\
no index has a project `gone`

  command line   tool[gpu]
  tool[gpu] 1.0  needs gone >=1
  no index has a project `gone`"""
    )


def test_a_way_out_that_cannot_be_built_is_none(tmp_path: Path) -> None:
    make_wheel(tmp_path / "files", "tool", "2.0")
    make_sdist(tmp_path / "files", "tool", "1.0", fails=True)
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("tool==2.0\n")
    said = text(
        "tool<2", constraint_files=[constraints], find_links=[tmp_path / "files"], no_index=True
    )
    assert said.startswith("what is asked of tool does not fit the constraints")
    assert re.findall(r"^    \d\. (.*)$", said, re.MULTILINE) == ["a newer tool, 2.0"]
    with pytest.raises(envpack.BuildFailed):
        envpack.resolve("tool<2", find_links=[tmp_path / "files"], no_index=True)
