"""Many questions to the real pip, without starting a Python for each.

One process imports pip once and forks for every question, so that each is answered by a pip in
its first state. A question ends by its use of processor time, not by the clock, so that a busy
machine gets the same answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

#: Seconds of processor time that pip may think; it needs a tenth of one for nearly all.
LIMIT = 6

_SERVER = """\
import importlib, json, os, resource, sys, tempfile
LIMIT = int(sys.argv[1])
STANDARD = [path for path in sys.path if "site-packages" not in path]
from pip._internal.cli.main import main


def answer(site, arguments):
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, LIMIT))
    sys.path[:] = [site, *STANDARD]
    with tempfile.NamedTemporaryFile("r", suffix=".json") as report, \\
            tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        code = main([*arguments, "--report", report.name])
        sys.stdout.flush()
        sys.stderr.flush()
        output.seek(0)
        text = output.read().decode()
        chosen = {}
        if code == 0:
            for item in json.load(report)["install"]:
                chosen[item["metadata"]["name"]] = item["metadata"]["version"]
    return {"code": code, "output": text, "chosen": chosen, "modules": sorted(sys.modules)}


for line in sys.stdin:
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receive)
        with os.fdopen(send, "w") as out:
            json.dump(answer(*json.loads(line)), out)
        os._exit(0)
    os.close(send)
    with os.fdopen(receive) as source:
        text = source.read()
    status = os.waitpid(child, 0)[1]
    reply = json.loads(text) if status == 0 else {"code": None, "output": f"status {status}"}
    for name in reply.pop("modules", ()):  # the next child then has them already
        if name.startswith("pip.") and name not in sys.modules:
            importlib.import_module(name)
    print(json.dumps(reply), flush=True)
"""


@dataclass(frozen=True)
class Question:
    """A request to pip: the folder of what is installed, and its arguments."""

    site: Path
    index_url: str
    constraints: Path
    request: Sequence[str]


@dataclass(frozen=True)
class Verdict:
    """What pip said; ``satisfiable`` is None when it did not come to an end."""

    satisfiable: bool | None
    chosen: dict[str, str]
    output: str


def ask_pip(questions: Sequence[Question]) -> list[Verdict]:
    """Ask the pip that is installed beside pytest, on all processors."""
    if not questions:
        return []
    processes = min(os.cpu_count() or 1, len(questions))
    with ThreadPoolExecutor(processes) as pool:
        parts = list(pool.map(_ask, [questions[i::processes] for i in range(processes)]))
    return [parts[i % processes][i // processes] for i in range(len(questions))]


def _ask(questions: Sequence[Question]) -> list[Verdict]:
    lines = [json.dumps([str(q.site), _arguments(q)]) for q in questions]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    environment["PIP_CONFIG_FILE"] = os.devnull
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _SERVER, str(LIMIT)],
        input="".join(f"{line}\n" for line in lines),
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    return [_verdict(json.loads(line)) for line in result.stdout.splitlines()]


def _arguments(question: Question) -> list[str]:
    return [
        "install", "--dry-run", "--quiet", "--isolated", "--no-cache-dir", "--no-input",
        "--disable-pip-version-check", "--only-binary=:all:", "--index-url", question.index_url,
        "-c", str(question.constraints), *question.request,
    ]  # fmt: skip


#: How pip words "no solution". Anything else that fails is a mistake of the test.
_NO_SOLUTION = (
    "ResolutionImpossible",
    "No matching distribution found",
    "requires a different Python",
)
#: pip gives up, or runs in circles while it prunes the packages of a solution that it has found.
_NO_ANSWER = ("resolution-too-deep", "RecursionError: maximum recursion depth exceeded")


def _verdict(reply: dict[str, object]) -> Verdict:
    output = str(reply["output"])
    if reply["code"] == 0:
        chosen = reply["chosen"]
        assert isinstance(chosen, dict)
        return Verdict(
            satisfiable=True,
            chosen={_normal(name): version for name, version in chosen.items()},
            output=output,
        )
    if reply["code"] is None or any(text in output for text in _NO_ANSWER):
        return Verdict(satisfiable=None, chosen={}, output=output)
    assert any(text in output for text in _NO_SOLUTION), output
    return Verdict(satisfiable=False, chosen={}, output=output)


def _normal(name: str) -> str:
    return name.lower().replace("_", "-")
