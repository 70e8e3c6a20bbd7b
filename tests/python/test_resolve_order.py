"""The order in which inputs are given does not matter: the same lock, byte for byte."""

from __future__ import annotations

import random
import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

import envpack
from support.universes import Place, Shelf, Universe, make_universe, write_universe
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")

SEEDS = range(5000, 5080)
#: Of each universe, beside the one as it was drawn.
SHUFFLES = 3


def _answer(
    universe: Universe, place: Place, constraints: list[Path], where: dict[str, Any]
) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", envpack.EnvpackWarning)
            return envpack.resolve(
                *universe.request, base=place.base, constraint_files=constraints, **where
            ).to_toml()
    except envpack.ResolutionImpossible:
        return "conflict"


def _one_file_each(universe: Universe, folder: Path) -> list[Path]:
    """Write each constraint to a file of its own: a lock names them by file and line."""
    paths = []
    for text in (*universe.pins(), *universe.constraints):
        path = folder / f"{text.encode().hex()[:80]}.txt"
        path.write_text(text + "\n")
        paths.append(path)
    return paths


def _shuffled(universe: Universe, draw: random.Random) -> Universe:
    packages = {
        name: tuple(draw.sample(releases, len(releases)))
        for name, releases in draw.sample(sorted(universe.packages.items()), len(universe.packages))
    }
    request = tuple(draw.sample(universe.request, len(universe.request)))
    return replace(universe, packages=packages, request=request)


def test_the_order_of_requirements_constraints_and_pages_does_not_matter(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "wheels")
    locks = 0
    for seed in SEEDS:
        universe = make_universe(seed)
        draw = random.Random(seed)
        (tmp_path / "constraints").mkdir()
        constraints = _one_file_each(universe, tmp_path / "constraints")
        answers = []
        for world in (universe, *(_shuffled(universe, draw) for _ in range(SHUFFLES))):
            place = write_universe(world, tmp_path / "universe", shelf)
            answers.append(_answer(world, place, constraints, {"index_url": place.index_url}))
            draw.shuffle(constraints)
            shutil.rmtree(tmp_path / "universe")
        assert len(set(answers)) == 1, f"{universe}\n" + "\n".join(sorted(set(answers)))
        locks += answers[0] != "conflict"
        shutil.rmtree(tmp_path / "constraints")
    assert locks > len(SEEDS) // 4


def test_the_order_of_find_links_does_not_matter(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "wheels")
    for seed in SEEDS[:30]:
        universe = make_universe(seed)
        draw = random.Random(seed)
        place = write_universe(universe, tmp_path / "universe", shelf)
        folders = [tmp_path / f"links-{i}" for i in range(3)]
        for folder in folders:
            folder.mkdir()
        for name, releases in universe.packages.items():
            for release in releases:
                # A folder of files has no place for these two.
                if release.yanked or release.requires_python:
                    continue
                wheel = Path(unquote(urlsplit(shelf.wheel(name, release)[0]).path))
                shutil.copy(wheel, draw.choice(folders))
        constraints = [place.constraints]
        answers = set()
        for _ in range(SHUFFLES):
            draw.shuffle(folders)
            where = {"find_links": list(folders), "no_index": True}
            answers.add(_answer(universe, place, constraints, where))
        assert len(answers) == 1, f"{universe}\n" + "\n".join(sorted(answers))
        for folder in (*folders, tmp_path / "universe"):
            shutil.rmtree(folder)


def test_spellings_and_files_that_are_equally_good(tmp_path: Path) -> None:
    one = make_wheel(tmp_path / "files", "one", "1.0.0", tag="py2.py3-none-any")
    two = make_wheel(tmp_path / "files", "one", "1.0", tag="py3.py2-none-any")
    texts = set()
    for order in ((one, two), (two, one)):
        page = tmp_path / "simple" / "one" / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("".join(f'<a href="{path.as_uri()}">{path.name}</a>\n' for path in order))
        lock = envpack.resolve("one", index_url=(tmp_path / "simple").as_uri() + "/")
        texts.add(lock.to_toml())
    assert len(texts) == 1
