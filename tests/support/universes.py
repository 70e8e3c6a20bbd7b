"""Random package worlds: an index, a base, constraints and a request, all from one seed.

A universe is small enough to be read by a person and has what makes resolving hard: pre-releases,
post, dev and local versions, yanked files, extras, markers, Requires-Python, wheels for other
platforms, cycles, and a base with vendor versions whose packages want each other.
"""

from __future__ import annotations

import hashlib
import html
import random
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

#: Names of packages that only the index has.
_NAMES = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay", "koi", "lynx")
#: Names and versions of packages as vendors' images have them.
_BASE = {
    "torch": ("2.3.0a0+6ddf5cf85e.nv24.4", "2.6.0+cu124", "2.2.2"),
    "numpy": ("1.24.4", "1.26.4"),
    "triton": ("2.3.0", "3.0.0+nv24.8"),
    "pyyaml": ("6.0.1",),
    "apex": ("0.1",),
    "ml-tools": ("1.5.dev3", "1.5.post1", "1.4rc2"),
}
_EXTRAS = ("fast", "gpu")
_TRUE_MARKERS = (
    "python_version >= '3.8'",
    "sys_platform == 'linux'",
    "os_name == 'posix' and python_full_version >= '3.8.1'",
    "platform_system != 'Windows' or extra == 'never'",
    "implementation_name in 'cpython pypy'",
)
_FALSE_MARKERS = (
    "sys_platform == 'win32'",
    "python_version < '3.8'",
    "platform_machine == 's390x'",
    "os_name == 'nt' and python_version >= '3.8'",
)
_TAGS = (f"cp{PYTHON.replace('.', '')}-cp{PYTHON.replace('.', '')}-win_amd64", "cp27-cp27m-any")


@dataclass(frozen=True)
class Release:
    """One version of a project: one wheel of an index, or one installed distribution."""

    version: str
    requires: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    requires_python: str | None = None
    yanked: bool = False
    tag: str = "py3-none-any"

    def metadata(self, name: str) -> str:
        """Give the core metadata, version 2.1."""
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {self.version}"]
        lines += [f"Requires-Dist: {requirement}" for requirement in self.requires]
        lines += [f"Provides-Extra: {extra}" for extra in self.extras]
        if self.requires_python is not None:
            lines.append(f"Requires-Python: {self.requires_python}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class Universe:
    """What there is and what is wanted."""

    seed: int
    packages: dict[str, tuple[Release, ...]]
    base: dict[str, Release]
    constraints: tuple[str, ...]  # beside the pins of the base
    request: tuple[str, ...]

    def pins(self) -> tuple[str, ...]:
        """Say what freezing the base gives."""
        return tuple(f"{name}=={release.version}" for name, release in sorted(self.base.items()))

    def find(self, name: str, version: str) -> Release:
        """Look up the one release of the index that has this version."""
        return next(r for r in self.packages[name] if r.version == version)

    def __str__(self) -> str:
        """Write all of it out, for the report of a difference."""
        lines = [f"seed {self.seed}", f"request     {list(self.request)}"]
        lines.append(f"constraints {list(self.constraints)}")
        for title, packages in (
            ("base ", {name: (release,) for name, release in self.base.items()}),
            ("index", self.packages),
        ):
            for name, releases in packages.items():
                for r in releases:
                    notes = [f"Python {r.requires_python}"] if r.requires_python else []
                    notes += ["yanked"] if r.yanked else []
                    notes += [r.tag] if r.tag != "py3-none-any" else []
                    lines.append(f"{title} {name} {r.version} {list(r.requires)} {' '.join(notes)}")
        return "\n".join(lines)


def make_universe(seed: int) -> Universe:
    """Draw the universe of ``seed``: the same each time, on every machine."""
    return _Maker(seed).make()


@dataclass
class _Maker:
    """The draws of one universe, and what was drawn so far."""

    seed: int
    random: random.Random = field(init=False)
    versions: dict[str, list[str]] = field(default_factory=dict)
    base: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def make(self) -> Universe:
        draw = self.random
        names = draw.sample(_NAMES, draw.randint(4, 10))
        for name in draw.sample(sorted(_BASE), draw.randint(0, 4)):
            self.base[name] = draw.choice(_BASE[name])
        self.versions = {name: self._versions() for name in names}
        # Indexes have other versions of what the base has, and of what it lacks.
        for name in _BASE:
            if draw.random() < 0.5:
                self.versions[name] = self._versions_around(name)
        targets = [*names, *self.base, *(n for n in self.versions if n in _BASE)]
        packages = {
            name: tuple(self._release(version, name, targets) for version in versions)
            for name, versions in self.versions.items()
        }
        base = {
            name: Release(version, self._base_requires(name), extras=_EXTRAS)
            for name, version in self.base.items()
        }
        wanted = draw.sample(targets, min(len(targets), draw.randint(1, 4)))
        request = [self._requirement(name, loose=0.6) for name in dict.fromkeys(wanted)]
        if draw.random() < 0.15:
            request.append(self._requirement(wanted[0], loose=0.3))
        constraints = [
            self._requirement(name, loose=0.0, extras=False)
            for name in draw.sample(names, draw.choice((0, 0, 0, 1, 2)))
        ]
        return Universe(self.seed, packages, base, tuple(constraints), tuple(request))

    def _versions(self) -> list[str]:
        """Draw the versions of one project, no two equal; ascending but for their last part."""
        draw = self.random
        found: list[str] = []
        major, minor = draw.randint(0, 2), 0
        only_prereleases = draw.random() < 0.1
        for _ in range(draw.choice((1, 2, 3, 3, 4, 4, 5, 6))):
            if draw.random() < 0.4:
                major, minor = major + 1, 0
            else:
                minor += 1
            text = f"{major}.{minor}" + (".0" if draw.random() < 0.2 else "")
            if only_prereleases or draw.random() < 0.15:
                text += draw.choice(("a1", "b2", "rc1", ".dev3", "a1.dev2"))
            elif draw.random() < 0.1:
                text += ".post1"
            found.append(text)
            if draw.random() < 0.08:
                found.append(f"{text}+cu{draw.choice((118, 121))}")
        return found

    def _versions_around(self, name: str) -> list[str]:
        """Draw released versions beside those that the base may have."""
        every = {
            "torch": ["2.1.0", "2.2.2", "2.3.0", "2.3.0+cu121", "2.4.0rc1", "2.6.0"],
            "numpy": ["1.22.0", "1.26.4", "2.0.0rc1", "2.1.0"],
            "triton": ["2.2.0", "3.0.0", "3.1.0"],
            "pyyaml": ["5.4", "6.0.1", "7.0"],
            "apex": ["0.0.9", "0.2"],
            "ml-tools": ["1.3", "1.4", "1.5", "1.6a1"],
        }[name]
        kept = [version for version in every if self.random.random() < 0.7]
        return kept or [every[0]]

    def _release(self, version: str, name: str, targets: list[str]) -> Release:
        draw = self.random
        requires = [
            self._requirement(target)
            for target in draw.sample(targets, min(len(targets), draw.choice((0, 0, 1, 1, 2, 3))))
            if target != name or draw.random() < 0.1
        ]
        extras = _EXTRAS if draw.random() < 0.5 else ()
        for extra in extras:
            target = draw.choice([*targets, name])
            requirement = self._requirement(target, loose=0.5)
            if target == name:  # `all = [name[fast], …]`
                requirement = f"{name}[{draw.choice(_EXTRAS)}]"
            requires.append(_with_marker(requirement, f"extra == '{extra}'"))
        python = None
        if draw.random() < 0.15:
            python = draw.choice((">=3.8", "<3.9", ">=3.99", "!=3.12.*", ">=3.8,<4"))
        return Release(
            version,
            tuple(requires),
            extras,
            python,
            yanked=draw.random() < 0.1,
            tag=draw.choice(_TAGS) if draw.random() < 0.06 else "py3-none-any",
        )

    def _base_requires(self, name: str) -> tuple[str, ...]:
        """Draw what a base package wants: mostly what is there, sometimes what is not."""
        draw = self.random
        requires = [
            self._requirement(target, loose=0.5)
            for target in draw.sample(sorted(self.versions), min(2, len(self.versions)))
            if target not in self.base and draw.random() < 0.4
        ]
        for target in self.base:
            if target != name and draw.random() < 0.3:
                broken = draw.random() < 0.15
                requires.append(self._requirement(target) if broken else target)
        if draw.random() < 0.3:
            target = draw.choice(sorted(self.versions))
            requires.append(_with_marker(self._requirement(target), "extra == 'gpu'"))
        return tuple(requires)

    def _requirement(self, name: str, *, loose: float = 0.3, extras: bool = True) -> str:
        """Draw a requirement on ``name``; with the chance ``loose``, on any version."""
        draw = self.random
        text = name
        if extras and draw.random() < 0.15:
            text += f"[{draw.choice((*_EXTRAS, 'fast,gpu'))}]"
        if draw.random() >= loose:
            text += self._specifiers(name)
        if draw.random() < 0.12:
            text = _with_marker(text, draw.choice(_TRUE_MARKERS))
        elif draw.random() < 0.08:
            text = _with_marker(text, draw.choice(_FALSE_MARKERS))
        return text

    def _specifiers(self, name: str) -> str:
        """Draw specifiers around a version that exists."""
        draw = self.random
        known = [*self.versions.get(name, ())]
        if name in self.base and (not known or draw.random() < 0.7):
            known = [self.base[name]]
        version = draw.choice(known) if known else "1.0"
        public = version.partition("+")[0]
        release = public.partition("a")[0].partition("b")[0].partition("rc")[0]
        release = release.partition(".dev")[0].partition(".post")[0]
        series = release.rpartition(".")[0] or release
        forms = (
            [f">={public}"] * 5
            + [f"<={public}"] * 3
            + [f"<{public}", f">{public}", f"=={version}", f"=={public}", f"==={version}"]
            + [f"=={series}.*"] * 2
            + [f"~={release}", f"!={public}", f">={release}", f"<{release}.9", f"!={series}.*"]
        )
        text = draw.choice(forms)
        if text.startswith(">=") and draw.random() < 0.3:
            text += draw.choice((",<9", ",<3", f",!={public}", f",<{int(release[0]) + 1}"))
        return text


def _with_marker(requirement: str, marker: str) -> str:
    body, _, present = requirement.partition(";")
    return f"{body.strip()}; ({present.strip()}) and {marker}" if present else f"{body}; {marker}"


class Shelf:
    """The wheels of all universes of a run: equal ones are written once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made: dict[str, tuple[str, str]] = {}

    def wheel(self, name: str, release: Release) -> tuple[str, str]:
        """Give the URL and the sha256 digest of a wheel without modules."""
        metadata = release.metadata(name)
        stem = name.replace("-", "_")
        filename = f"{stem}-{release.version}-{release.tag}.whl"
        key = hashlib.sha256(f"{release.tag}\n{metadata}".encode()).hexdigest()[:20]
        if key not in self._made:
            path = self.folder / key / filename
            path.parent.mkdir(parents=True)
            info = f"{stem}-{release.version}.dist-info"
            files = {
                f"{info}/METADATA": metadata,
                f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                f"Tag: {release.tag}\n",
            }
            record = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
            with zipfile.ZipFile(path, "w") as archive:
                for member, text in {**files, f"{info}/RECORD": record}.items():
                    archive.writestr(zipfile.ZipInfo(member, (2024, 1, 1, 0, 0, 0)), text)
            self._made[key] = (path.as_uri(), hashlib.sha256(path.read_bytes()).hexdigest())
        return self._made[key]


@dataclass(frozen=True)
class Place:
    """A universe as files."""

    base: Path
    site: Path
    index_url: str
    constraints: Path


def write_universe(universe: Universe, folder: Path, shelf: Shelf) -> Place:
    """Write a simple index, a prefix that looks like a virtual environment, and a -c file."""
    for name, releases in universe.packages.items():
        _write_page(folder / "simple" / name, name, releases, shelf)
    prefix = folder / "base"
    site = prefix / f"lib/python{PYTHON}/site-packages"
    site.mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin/python").symlink_to(Path(sys.executable).resolve())
    (prefix / "bin/python3").symlink_to("python")
    (prefix / "pyvenv.cfg").write_text(
        f"home = {Path(sys.executable).resolve().parent}\n"
        f"include-system-site-packages = false\nversion = {PYTHON}.{sys.version_info[2]}\n"
    )
    for name, release in universe.base.items():
        info = site / f"{name.replace('-', '_')}-{release.version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(release.metadata(name))
        (info / "INSTALLER").write_text("pip\n")
        (info / "RECORD").write_text("")
    constraints = folder / "constraints.txt"
    constraints.write_text(
        "".join(f"{line}\n" for line in (*universe.pins(), *universe.constraints))
    )
    return Place(prefix, site, (folder / "simple").as_uri() + "/", constraints)


def _write_page(folder: Path, name: str, releases: Iterable[Release], shelf: Shelf) -> None:
    links = []
    for release in releases:
        url, digest = shelf.wheel(name, release)
        attributes = f' href="{url}#sha256={digest}"'
        if release.requires_python is not None:
            attributes += f' data-requires-python="{html.escape(release.requires_python)}"'
        if release.yanked:
            attributes += ' data-yanked="broken"'
        links.append(f"<a{attributes}>{url.rpartition('/')[2]}</a>\n")
    folder.mkdir(parents=True)
    (folder / "index.html").write_text(
        f"<!DOCTYPE html><html><body>\n{''.join(links)}</body></html>"
    )
