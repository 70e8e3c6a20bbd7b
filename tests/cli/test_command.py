"""The command itself: version, help, formats, and its Python twin."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

import envpack as package
from support.command import COMMAND, envpack
from support.wheels import make_wheel


def test_version_and_help() -> None:
    assert envpack("--version").stdout == f"envpack {package.__version__}\n"
    for verb in ("freeze", "resolve", "build", "inspect", "diff", "verify"):
        assert verb in envpack("--help").stdout
        assert "Usage" in envpack(verb, "--help").stdout


def test_an_option_takes_one_value_and_arguments_follow(tmp_path: Path) -> None:
    make_wheel(tmp_path, "lib", "1.0")
    for options in (
        ("--no-index", "--find-links", tmp_path),
        ("--index-url", tmp_path / "none", "--offline", "--extra-index-url", tmp_path / "none"),
        ("--no-index", "--constraint", os.devnull, "--find-links", tmp_path, "--unfreeze", "other"),
    ):
        run = envpack("resolve", *options, "lib", status=None)
        assert "nothing to resolve" not in run.stderr, options


def test_python_dash_m_is_the_same_command() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "envpack", "--version"], capture_output=True, text=True, check=True
    )
    assert run.stdout == envpack("--version").stdout
    failed = subprocess.run(
        [sys.executable, "-m", "envpack", "freeze", "/no/such/path"],
        capture_output=True,
        check=False,
    )
    assert failed.returncode == 3


def test_command_and_python_say_the_same(base: str) -> None:
    inventory = package.freeze(base)
    assert envpack("freeze", base, "--constraints").stdout == inventory.constraints()
    assert envpack("freeze", base).stdout == inventory.requirements()
    assert json.loads(envpack("freeze", base, "--format", "json").stdout) == inventory.to_dict()


def test_output_goes_to_the_file_whole(base: str, tmp_path: Path) -> None:
    out = tmp_path / "constraints.txt"
    assert envpack("freeze", base, "--constraints", "-o", out).stdout == ""
    assert out.read_text() == envpack("freeze", base, "--constraints").stdout
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_the_interpreter_in_use_is_the_default_source() -> None:
    here = Path(sys.prefix)
    env = {"VIRTUAL_ENV": str(here), "PATH": f"{here / 'bin'}:{os.environ['PATH']}"}
    document = json.loads(envpack("freeze", "--format", "json", env=env).stdout)
    assert document["python"]["prefix"] == str(here)


def test_a_named_interpreter_is_read_and_no_other_one_started(tmp_path: Path) -> None:
    started = tmp_path / "started"
    (tmp_path / "shims").mkdir()
    shim = tmp_path / "shims" / "python3"
    shim.write_text(f"#!/bin/sh\ntouch {started}\nexit 1\n")
    shim.chmod(0o755)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    environment = {"PATH": f"{shim.parent}:{os.environ['PATH']}", "VIRTUAL_ENV": ""}
    for words in (["--python", "venv/bin/python"], ["python:venv/bin/python"]):
        result = envpack("freeze", *words, "--format", "json", cwd=tmp_path, env=environment)
        assert json.loads(result.stdout)["python"]["prefix"] == str(tmp_path / "venv")
    assert not started.exists()


@pytest.mark.usefixtures("no_index")
def test_an_interrupt_ends_the_command_with_130() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/simple"
        process = subprocess.Popen(
            [COMMAND, "resolve", "anything", "-i", url], stderr=subprocess.PIPE, text=True
        )
        listener.settimeout(30)
        connection, _ = listener.accept()  # it waits for an answer now
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        _, errors = process.communicate(timeout=30)
        connection.close()
    assert process.returncode == 130
    assert time.monotonic() - sent < 1.0
    assert errors == "error: interrupted\n"


def test_a_closed_pipe_is_a_failure_and_no_crash(base: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command: list[str | Path] = [COMMAND, "freeze", base, "--format", "json"]
    result = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert result.returncode == 3
    assert "standard output" in result.stderr
