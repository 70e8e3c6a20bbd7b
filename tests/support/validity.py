"""Whether a solution is one: a second opinion, over the universe itself and by `packaging` alone.

The rules are pip's, and those for a base that is never changed. None of envpack's code is used.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from support.universes import Release, Universe

_PYTHON = ".".join(map(str, sys.version_info[:3]))

#: Built against each other: never added behind the user's back because a base package wants one.
TORCH_STACK = frozenset(
    ("torch", "torchvision", "torchaudio", "triton", "pytorch-triton", "xformers", "flash-attn",
     "apex", "vllm", "deepspeed", "transformer-engine")
)  # fmt: skip


def holds(requirement: Requirement, extra: str = "") -> bool:
    """Say whether the marker is true here, with ``extra`` asked for."""
    marker = requirement.marker
    return marker is None or marker.evaluate({"extra": extra})


def own(release: Release) -> Iterator[Requirement]:
    """Give the requirements in force without any extra."""
    for text in release.requires:
        requirement = Requirement(text)
        if holds(requirement):
            yield requirement


def of_extra(release: Release, extra: str) -> Iterator[Requirement]:
    """Give what the extra adds."""
    for text in release.requires:
        requirement = Requirement(text)
        if not holds(requirement) and holds(requirement, extra):
            yield requirement


def is_usable(release: Release) -> bool:
    """Say whether this Python could install the wheel."""
    python = release.requires_python
    return release.tag == "py3-none-any" and (
        python is None or SpecifierSet(python).contains(_PYTHON, prereleases=True)
    )


def base_limits(universe: Universe) -> Iterator[Requirement]:
    """Give what the packages of the base want of packages that it does not have."""
    for release in universe.base.values():
        for requirement in own(release):
            if canonicalize_name(requirement.name) not in universe.base:
                yield requirement


def faults(universe: Universe, added: dict[str, str]) -> list[str]:
    """List everything that is wrong with adding these versions to the base."""
    return _Check(universe, added).run()


def demands(universe: Universe, added: dict[str, str]) -> dict[str, SpecifierSet]:
    """Collect what everybody who takes part in this solution asks of each name."""
    check = _Check(universe, added)
    check.run()
    return check.demands


class _Check:
    def __init__(self, universe: Universe, added: dict[str, str]) -> None:
        self.universe = universe
        self.added = added
        self.found: list[str] = []
        self.reached: set[tuple[str, str]] = set()  # name and extra
        self.demands: dict[str, SpecifierSet] = {}

    def run(self) -> list[str]:
        for name in self.added.keys() & self.universe.base.keys():
            self.found.append(f"{name} of the base is replaced")
        if self.found:
            return self.found
        self._follow()
        for name in self.added.keys() - {name for name, _ in self.reached}:
            self.found.append(f"nobody wants {name}")
        for requirement in (
            *base_limits(self.universe),
            *(Requirement(text) for text in self.universe.constraints),
        ):
            if holds(requirement):
                self._demand("a constraint or the base", requirement)
        for name, version in self.added.items():
            self._check_admissible(name, version)
        return self.found

    def _follow(self) -> None:
        waiting: list[tuple[str, Requirement]] = [
            ("the request", requirement)
            for requirement in map(Requirement, self.universe.request)
            if holds(requirement)
        ]
        while waiting:
            who, requirement = waiting.pop()
            name = canonicalize_name(requirement.name)
            self._demand(who, requirement)
            if name not in self.added and name not in self.universe.base:
                self.found.append(f"{who} wants {requirement}, which is absent")
                continue
            for extra in ("", *requirement.extras):
                if (name, extra) not in self.reached:
                    self.reached.add((name, extra))
                    waiting += self._wanted_by(name, extra)

    def _wanted_by(self, name: str, extra: str) -> Iterable[tuple[str, Requirement]]:
        is_base = name in self.universe.base
        release = (
            self.universe.base[name] if is_base else self.universe.find(name, self.added[name])
        )
        for requirement in of_extra(release, extra) if extra else own(release):
            target = canonicalize_name(requirement.name)
            # What the base wants of itself is a fact; what it lacks comes in but for torch's.
            if is_base and not extra and (target in self.universe.base or target in TORCH_STACK):
                continue
            yield f"{name}[{extra}]" if extra else name, requirement

    def _demand(self, who: str, requirement: Requirement) -> None:
        name = canonicalize_name(requirement.name)
        self.demands[name] = self.demands.get(name, SpecifierSet()) & requirement.specifier
        base = self.universe.base.get(name)
        version = self.added.get(name, base.version if base else None)
        if version is not None and not requirement.specifier.contains(version, prereleases=True):
            self.found.append(f"{who} wants {requirement}, and {version} is there")

    def _check_admissible(self, name: str, version: str) -> None:
        """Pre-releases and yanked files, as pip decides on them."""
        releases = [r for r in self.universe.packages[name] if is_usable(r)]
        if version not in {r.version for r in releases}:
            self.found.append(f"{name} {version} cannot be installed here")
            return
        asked = self.demands[name]
        admitted = set(asked.filter([r.version for r in releases]))
        if version not in admitted:
            self.found.append(f"{name} {version} is not admitted by `{asked}`")
        if self.universe.find(name, version).yanked and not (
            all(r.yanked for r in releases if r.version in admitted)
            and any(
                s.operator == "===" or (s.operator == "==" and not s.version.endswith(".*"))
                for s in asked
            )
        ):
            self.found.append(f"{name} {version} is yanked, and `{asked}` does not pin it")
