"""A package index on loopback over a folder of files, optionally behind a name and a password."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class SimpleIndex:
    """Where a running index is, and what it was asked for."""

    host: str
    user: str | None
    #: ``STATUS PATH`` of every request, in order.
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The root of its pages, with the name and password that it wants."""
        userinfo = f"{self.user}@" if self.user else ""
        return f"http://{userinfo}{self.host}/simple/"

    @property
    def bare_url(self) -> str:
        """The same without them."""
        return f"http://{self.host}/simple/"


def _answer(folder: Path, path: str) -> tuple[int, str, bytes]:
    if path.startswith("/simple/"):
        name = path.removeprefix("/simple/").strip("/")
        files = sorted(
            file
            for file in folder.iterdir()
            if file.is_file() and file.name.partition("-")[0].replace("_", "-") == name
        )
        if not files:
            return 404, "text/plain", b"no such project"
        links = "".join(
            f'<a href="/files/{file.name}#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}">'
            f"{file.name}</a>\n"
            for file in files
        )
        return 200, "text/html", links.encode()
    file = folder / path.removeprefix("/files/")
    if path.startswith("/files/") and file.is_file() and file.parent == folder:
        return 200, "application/octet-stream", file.read_bytes()
    return 404, "text/plain", b"no such file"


@contextlib.contextmanager
def simple_index(folder: Path, *, user: str | None = None) -> Iterator[SimpleIndex]:
    """Serve ``folder``; with ``user`` (``name:password``) only to those who say so."""
    wanted = None if user is None else "Basic " + base64.b64encode(user.encode()).decode()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if wanted is not None and self.headers.get("Authorization") != wanted:
                status, kind, body = 401, "text/plain", b"who are you"
            else:
                status, kind, body = _answer(folder, self.path)
            index.requests.append(f"{status} {self.path}")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        index = SimpleIndex(f"127.0.0.1:{server.server_address[1]}", user)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()
