"""Ctrl-C, the stop button and failing callbacks end a call that waits for the network."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import envpack
from support.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("no_index")


@pytest.fixture(autouse=True)
def _sigint_interrupts() -> Iterator[None]:
    """Undo what a runner in the background hands down: there, shells ignore SIGINT."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


@pytest.fixture
def silent_server() -> Iterator[tuple[str, threading.Event]]:
    """A loopback server that takes requests and never answers; the event tells of the first."""
    asked = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    connections = []

    def serve() -> None:
        try:
            while True:
                connection, _ = listener.accept()
                connections.append(connection)
                asked.set()
        except OSError:
            return  # the listener was closed: the test is over

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/simple", asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(timeout=10)
    for connection in connections:
        connection.close()


def test_sigint_becomes_keyboard_interrupt_within_a_second(
    silent_server: tuple[str, threading.Event],
) -> None:
    url, asked = silent_server
    sent = []

    def interrupt() -> None:
        assert asked.wait(timeout=30)
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        envpack.resolve("anything", index_url=url)
    ended = time.monotonic()
    thread.join()
    assert ended - sent[0] < 1.0


def test_the_gil_is_free_while_envpack_waits(silent_server: tuple[str, threading.Event]) -> None:
    url, asked = silent_server
    counted: list[int] = []

    def count() -> None:
        assert asked.wait(timeout=30)
        counted.extend(range(1000))
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=count)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        envpack.resolve("anything", index_url=url)
    thread.join()
    assert len(counted) == 1000


def test_an_exception_in_the_progress_callback_arrives_as_itself(base: str, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def progress(subject: str, done: int, total: int | None) -> None:
        raise Stop(subject, done, total)

    make_wheel(tmp_path / "wheels", "one", "1.0")
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        envpack.resolve("one", base=base, find_links=[tmp_path / "wheels"], no_index=True).to_toml()
    )
    with pytest.raises(Stop):
        envpack.build(lock, f"oci:{tmp_path / 'image'}", progress=progress)
    assert not (tmp_path / "image").exists()


def test_progress_is_told_in_order(base: str, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int | None]] = []
    make_wheel(tmp_path / "wheels", "one", "1.0")
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        envpack.resolve("one", base=base, find_links=[tmp_path / "wheels"], no_index=True).to_toml()
    )
    envpack.build(
        lock,
        f"oci:{tmp_path / 'image'}",
        progress=lambda subject, done, total: seen.append((subject, done, total)),
    )
    assert seen
    for subject in {row[0] for row in seen}:
        done = [row[1] for row in seen if row[0] == subject]
        assert done == sorted(done), subject
