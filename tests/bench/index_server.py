#!/usr/bin/env python3
"""Serve real project pages and METADATA on loopback, from a folder that fills itself.

    python tests/bench/index_server.py FOLDER [--latency MS] [--port N]

What the folder lacks is fetched once, from the index that the pip of this Python uses, and kept;
afterwards the network is not needed. Only what clients ask for is fetched: `simple/NAME/` and
`….whl.metadata`. Pages are served as JSON (PEP 691) with METADATA beside every wheel (PEP 658); an
index that speaks only HTML is translated, and METADATA that it does not serve is read out of the
wheel. URLs inside pages are rewritten to this server. Prints its own URL, and answers
`/-/stats` with requests and bytes per client since the last time that was asked, and
`/-/latency/MS` by waiting so long before each answer from then on.

One thread over asyncio, everything in memory after its first use: an answer takes about 0.1 ms, so
that the clients are what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import hashlib
import html.parser
import http.client
import io
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urljoin, urlsplit

_JSON = "application/vnd.pypi.simple.v1+json"
_METADATA = "application/octet-stream"


def upstream_url() -> str:
    """The simple API that the pip of this Python asks."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", "global.index-url"],
        capture_output=True,
        text=True,
        check=False,
    )
    configured = os.environ.get("PIP_INDEX_URL") or asked.stdout.strip()
    if configured:
        return configured.rstrip("/")
    default = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    asked = subprocess.run(
        [sys.executable, "-c", default], capture_output=True, text=True, check=True
    )
    return asked.stdout.strip().rstrip("/")


@dataclass
class Answer:
    """What one URL says, ready to be written."""

    status: int
    content_type: str = "text/plain"
    body: bytes = b""
    packed: bytes = b""
    etag: str = ""

    def __post_init__(self) -> None:
        """Pack once what will be sent many times."""
        self.etag = f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'
        self.packed = gzip.compress(self.body, 6, mtime=0)


@dataclass
class Counts:
    """What one client cost."""

    requests: int = 0
    bytes: int = 0
    pages: int = 0
    metadata: int = 0
    absent: int = 0


class Store:
    """The folder of recorded answers."""

    def __init__(self, folder: Path, own_url: str) -> None:
        self.folder = folder
        self.own_url = own_url
        self._ready: dict[str, Answer] = {}
        self._upstream = ""

    def get(self, path: str) -> Answer:
        """Give the answer for ``/simple/NAME/`` or ``/files/HOST/….metadata``."""
        if path not in self._ready:
            self._ready[path] = self._load(path)
        return self._ready[path]

    def has(self, path: str) -> bool:
        """Whether get() answers at once."""
        return path in self._ready

    def _load(self, path: str) -> Answer:
        parts = [part for part in path.split("/") if part]
        if ".." in parts or parts[:1] not in (["simple"], ["files"]):
            return Answer(404)
        is_page = parts[0] == "simple" and len(parts) == 2
        if not is_page and not path.endswith(".metadata"):
            return Answer(404)
        kept = self.folder.joinpath(*parts)
        kept = kept.with_name(kept.name + ".json") if is_page else kept
        if not kept.exists():
            try:
                self._fetch(parts, kept)
            except (OSError, ValueError, zipfile.BadZipFile) as error:
                print(f"{path}: {error}", file=sys.stderr)
                return Answer(502)
        body = kept.read_bytes()
        if not body:
            return Answer(404)
        if is_page:
            return Answer(200, _JSON, self._rewritten(body))
        return Answer(200, _METADATA, body)

    def _fetch(self, parts: list[str], kept: Path) -> None:
        if parts[0] == "simple":
            self._upstream = self._upstream or upstream_url()
            body = _page(f"{self._upstream}/{parts[1]}/")
        else:
            body = _metadata("https://" + "/".join(parts[1:]).removesuffix(".metadata"))
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_name(f"{kept.name}.{threading.get_ident()}")
        part.write_bytes(body)
        part.rename(kept)

    def _rewritten(self, body: bytes) -> bytes:
        page = json.loads(body)
        for file in page["files"]:
            url = urlsplit(file["url"])
            file["url"] = f"{self.own_url}/files/{url.netloc}{url.path}"
        return json.dumps(page, separators=(",", ":")).encode()


def _open(url: str, **headers: str) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers={"User-Agent": "envpack", **headers})
    answer: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=60)
    return answer


def _page(url: str) -> bytes:
    """Fetch a page as JSON; empty when there is none."""
    try:
        with _open(url, Accept=f"{_JSON}, text/html;q=0.1") as answer:
            body = answer.read()
            is_json = answer.headers.get_content_type() == _JSON
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return b""
    return body if is_json else _PageReader(url, body.decode()).json()


class _PageReader(html.parser.HTMLParser):
    """A PEP 503 page as PEP 691 would have it."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__()
        self._url = url
        self._files: list[dict[str, object]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in a link."""
        attributes = {name: value or "" for name, value in attrs}
        if tag != "a" or "href" not in attributes:
            return
        url, _, fragment = urljoin(self._url, attributes["href"]).partition("#")
        file: dict[str, object] = {
            "filename": unquote(url.rsplit("/", 1)[1]),
            "url": url,
            "hashes": dict([fragment.split("=", 1)]) if "=" in fragment else {},
            "core-metadata": url.endswith(".whl"),
        }
        for name in ("requires-python", "upload-time", "yanked"):
            if f"data-{name}" in attributes:
                file[name] = attributes[f"data-{name}"] or name == "yanked"
        self._files.append(file)

    def json(self) -> bytes:
        """Give the page."""
        name = self._url.rstrip("/").rsplit("/", 1)[1]
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": self._files}
        return json.dumps(page).encode()


class _RemoteFile(io.RawIOBase):
    """A file behind a URL; its last 128 KiB are fetched first."""

    def __init__(self, url: str) -> None:
        self._url = url
        with _open(url, Range="bytes=-131072") as answer:
            self._tail = answer.read()
            stated = answer.headers.get("Content-Range")
            self._size = int(stated.rsplit("/", 1)[1]) if stated else len(self._tail)
        self._position = 0

    def seekable(self) -> bool:
        """Ranges make it so."""
        return True

    def readable(self) -> bool:
        """Read only."""
        return True

    def tell(self) -> int:
        """Give the position."""
        return self._position

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move."""
        self._position = offset + (0, self._position, self._size)[whence]
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Read from the tail, or by a request."""
        end = self._size if size < 0 else min(self._size, self._position + size)
        begin, tail = self._position, self._size - len(self._tail)
        self._position = max(begin, end)
        if begin >= end:
            return b""
        if begin >= tail:
            return self._tail[begin - tail : end - tail]
        with _open(self._url, Range=f"bytes={begin}-{end - 1}") as answer:
            return bytes(answer.read())


def _metadata(wheel: str) -> bytes:
    """Fetch METADATA beside the wheel, or out of it."""
    try:
        with _open(wheel + ".metadata") as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
    with zipfile.ZipFile(_RemoteFile(wheel)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return archive.read(min(names, key=len))


class Server(asyncio.Protocol):
    """One connection; answers in the order of its requests."""

    store: Store
    latency = 0.0
    counts: ClassVar[dict[str, Counts]] = {}

    def __init__(self) -> None:
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._queue: list[bytes] = []
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take in requests."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._queue.append(head)
            if not self._waiting:
                self._next()

    def _next(self) -> None:
        self._waiting = bool(self._queue)
        if not self._queue:
            return
        head = self._queue.pop(0)
        asyncio.get_running_loop().call_later(Server.latency, self._begin, head)

    def _begin(self, head: bytes) -> None:
        path = head.decode("latin-1").split(" ", 2)[1]
        if path.startswith("/-/") or self.store.has(path):
            self._answer(head)
            return
        loop = asyncio.get_running_loop()
        fetched = loop.run_in_executor(None, self.store.get, path)
        fetched.add_done_callback(lambda _: self._answer(head))

    def _answer(self, head: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        if path.startswith("/-/"):
            self._write(method, self._control(path), headers, count=False)
        else:
            self._write(method, self.store.get(path), headers, count=True)
        self._next()

    def _control(self, path: str) -> Answer:
        if path.startswith("/-/latency/"):
            Server.latency = float(path.rsplit("/", 1)[1]) / 1000
        told = {name: vars(counts) for name, counts in Server.counts.items()}
        Server.counts = {}
        return Answer(200, "application/json", json.dumps(told).encode())

    def _write(self, method: str, answer: Answer, headers: dict[str, str], *, count: bool) -> None:
        assert self._transport is not None
        packs = "gzip" in headers.get("accept-encoding", "")
        body = answer.packed if packs else answer.body
        status, reason = answer.status, "OK" if answer.status == 200 else "Not Found"
        if status == 200 and headers.get("if-none-match") == answer.etag:
            status, reason, body = 304, "Not Modified", b""
        fields = [
            f"HTTP/1.1 {status} {reason}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(body)}",
            f"ETag: {answer.etag}",
            "Cache-Control: max-age=600, public",
            "Vary: Accept, Accept-Encoding",
        ]
        if packs and body:
            fields.append("Content-Encoding: gzip")
        if status == 304:
            fields.remove(f"Content-Length: {len(body)}")
        data = "\r\n".join(fields).encode() + b"\r\n\r\n"
        data += b"" if method == "HEAD" else body
        self._transport.write(data)
        if count:
            client = headers.get("user-agent", "?").split("/", 1)[0]
            counts = Server.counts.setdefault(client, Counts())
            counts.requests += 1
            counts.bytes += len(data)
            counts.pages += answer.content_type == _JSON
            counts.metadata += answer.content_type == _METADATA
            counts.absent += answer.status == 404


async def serve(folder: Path, port: int, latency: float) -> None:
    """Serve until standard input is closed."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(24))  # they wait for the network
    server = await loop.create_server(Server, "127.0.0.1", port, backlog=512)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    Server.store = Store(folder, url)
    Server.latency = latency
    print(url, flush=True)
    # The parent holds the other end, so that no server outlives its benchmark.
    await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Serve recorded project pages on loopback")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="milliseconds per request")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.folder, arguments.port, arguments.latency / 1000))


if __name__ == "__main__":
    main()
