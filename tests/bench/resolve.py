"""Resolving real requirement sets beside uv and pip, all from one local index server."""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from bench.requirement_sets import BASE, ON_BASE, SETS

_HERE = Path(__file__).resolve().parent
_TOOLS = Path(sys.executable).parent
_PIP_LIMIT = 900  # seconds


class IndexServer:
    """The server as a process of its own."""

    def __init__(self, folder: Path) -> None:
        script = str(_HERE / "index_server.py")
        self._process = subprocess.Popen(
            [sys.executable, script, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        self.simple = f"{self.url}/simple"

    def _ask(self, path: str) -> dict[str, dict[str, int]]:
        with urllib.request.urlopen(self.url + path) as answer:
            told: dict[str, dict[str, int]] = json.load(answer)
        return told

    def stats(self) -> dict[str, dict[str, int]]:
        """Requests and bytes per client since the last call."""
        return self._ask("/-/stats")

    def set_latency(self, milliseconds: float) -> None:
        """Wait before each answer."""
        self._ask(f"/-/latency/{milliseconds}")

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


@dataclass
class Run:
    """One run of a command."""

    wall: float
    cpu: float
    output: str


@dataclass
class Case:
    """A requirement set as files."""

    name: str
    requirements: Path
    constraints: Path | None = None

    def pins(self) -> list[str]:
        """Give the options that name the constraints."""
        return ["-c", str(self.constraints)] if self.constraints else []


class Contenders:
    """The commands of one case, each with its own cache."""

    def __init__(self, work: Path, server: IndexServer, envpack: str) -> None:
        self.work = work
        self.server = server
        self.environment = {
            "PATH": f"{_TOOLS}:{os.environ['PATH']}",
            "HOME": str(work),
            "PIP_CONFIG_FILE": os.devnull,
            "ENVPACK_CACHE_DIR": str(work / "envpack"),
            "UV_CACHE_DIR": str(work / "uv"),
            "PIP_CACHE_DIR": str(work / "pip"),
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        self.envpack_command = envpack

    def command(self, who: str, case: Case) -> list[str]:
        """Give the command line."""
        python, index = sys.executable, ["--index-url", self.server.simple]
        needs = ["-r", str(case.requirements), *case.pins()]
        if who == "envpack":
            options = ["--no-build", "--format", "requirements", "--python", python]
            return [self.envpack_command, "-q", "resolve", *options, *index, *needs]
        if who == "uv":
            uv = [str(_TOOLS / "uv"), "pip", "compile", "--quiet", "--no-build", "--no-header"]
            return [
                *uv,
                "--no-annotate",
                "--python",
                python,
                *index,
                str(case.requirements),
                *case.pins(),
            ]
        pip = [python, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        return [*pip, "--only-binary", ":all:", "--report", "-", *index, *needs]

    def forget(self, who: str) -> None:
        """Remove the cache of one contender."""
        shutil.rmtree(self.work / who, ignore_errors=True)

    def run(self, who: str, case: Case) -> Run:
        """Run to the end."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        begin = time.perf_counter()
        result = subprocess.run(
            self.command(who, case),
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.work,
            timeout=_PIP_LIMIT,
        )
        wall = time.perf_counter() - begin
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if result.returncode != 0:
            sys.exit(f"{' '.join(self.command(who, case))} failed: {result.stderr[-3000:]}")
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Run(wall, cpu, result.stdout)


def versions(who: str, output: str) -> dict[str, str]:
    """Read what was chosen."""
    if who == "pip":
        installed = json.loads(output)["install"]
        pairs = [(item["metadata"]["name"], item["metadata"]["version"]) for item in installed]
    else:
        lines = [line.split(";")[0].split("\\")[0] for line in output.splitlines()]
        pairs = [(name, rest) for name, found, rest in (s.partition("==") for s in lines) if found]
    return {
        name.strip().split("[")[0].lower().replace("_", "-").replace(".", "-"): version.strip()
        for name, version in pairs
    }


def _base_pins(work: Path, contenders: Contenders) -> Path:
    """300 pins that go with each other, as a large image has them."""
    folder = work / "base-pins"
    folder.mkdir(exist_ok=True)
    requirements = folder / "requirements.txt"
    requirements.write_text("\n".join(BASE) + "\n")
    command = contenders.command("uv", Case("base", requirements))
    text = subprocess.run(
        command,
        env=contenders.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if text.returncode != 0:
        sys.exit(f"no base pins: {text.stderr[-3000:]}")
    pins = [line for line in text.stdout.splitlines() if "==" in line]
    file = folder / "constraints.txt"
    file.write_text("\n".join(pins[:300]) + "\n")
    return file


def _cases(work: Path, contenders: Contenders) -> list[Case]:
    cases = []
    for name, requirements in SETS.items():
        file = work / f"{name}.txt"
        file.write_text("\n".join(requirements) + "\n")
        cases.append(Case(name, file))
    file = work / "base.txt"
    file.write_text("\n".join(ON_BASE) + "\n")
    cases.append(Case("300 pins", file, _base_pins(work, contenders)))
    return cases


def _differences(ours: dict[str, str], theirs: dict[str, str]) -> str:
    names = sorted({*ours, *theirs})
    differing = [name for name in names if ours.get(name) != theirs.get(name)]
    shown = [
        f"{name} {ours.get(name, 'none')} / {theirs.get(name, 'none')}" for name in differing[:8]
    ]
    more = f", and {len(differing) - 8} more" if len(differing) > 8 else ""
    return f"{len(differing)} of {len(names)} differ" + (
        f" (envpack / uv): {', '.join(shown)}{more}" if differing else ""
    )


def _timed(contenders: Contenders, case: Case, rounds: int, *, cold: bool) -> dict[str, list[Run]]:
    runs: dict[str, list[Run]] = {"envpack": [], "uv": []}
    for _ in range(rounds):
        for who, done in runs.items():
            if cold:
                contenders.forget(who)
            done.append(contenders.run(who, case))
    return runs


def _report(title: str, runs: dict[str, list[Run]]) -> None:
    wall = {who: statistics.median(run.wall for run in done) for who, done in runs.items()}
    cpu = {who: statistics.median(run.cpu for run in done) for who, done in runs.items()}
    print(
        f"  {title}: envpack {wall['envpack'] * 1000:7.1f} ms, uv {wall['uv'] * 1000:7.1f} ms, "
        f"ratio {wall['envpack'] / wall['uv']:5.2f};  cpu {cpu['envpack'] * 1000:.0f} / "
        f"{cpu['uv'] * 1000:.0f} ms"
    )


def _report_pip(contenders: Contenders, case: Case, ours: list[Run]) -> None:
    """Once with what the run before left in pip's cache; it is slow enough for that."""
    try:
        contenders.run("pip", case)
        pip = contenders.run("pip", case)
    except subprocess.TimeoutExpired:
        print(f"  pip: no answer within {_PIP_LIMIT} s")
        return
    own = statistics.median(run.wall for run in ours)
    print(f"  pip warm  : {pip.wall * 1000:.0f} ms, {pip.wall / own:.0f} times envpack's")


def bench_resolve(work: Path, folder: Path, envpack: str, names: list[str], rounds: int) -> None:
    """Warm and cold resolves of every set."""
    server = IndexServer(folder)
    try:
        contenders = Contenders(work / "resolve", server, envpack)
        contenders.work.mkdir()
        for case in _cases(contenders.work, contenders):
            if names and case.name.split()[0] not in names:
                continue
            for who in ("envpack", "uv", "envpack", "uv"):  # records, then fills the caches
                contenders.run(who, case)
            last = {name: contenders.run(name, case) for name in ("envpack", "uv")}
            chosen = {who: versions(who, run.output) for who, run in last.items()}
            print(f"\nresolve {case.name}: {len(chosen['uv'])} packages (median of {rounds})")
            print(f"  {_differences(chosen['envpack'], chosen['uv'])}")
            warm = _timed(contenders, case, rounds, cold=False)
            _report("warm      ", warm)
            _report_pip(contenders, case, warm["envpack"])
            server.set_latency(20)
            cold = _timed(contenders, case, max(3, rounds // 3), cold=True)
            server.stats()
            _report("cold 20 ms", cold)
            for who in ("envpack", "uv"):
                contenders.forget(who)
                contenders.run(who, case)
                counts = next(iter(server.stats().values()), {})
                print(
                    f"  {who:8}{counts.get('requests', 0):5} requests "
                    f"({counts.get('pages', 0)} pages, {counts.get('metadata', 0)} METADATA), "
                    f"{counts.get('bytes', 0):,} bytes"
                )
            server.set_latency(0)
    finally:
        server.close()
