"""A real provider on a port of its own, which does what a test wants, and tells what it got."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, NamedTuple

Headers = Mapping[str, str]
# A dripping answer takes ten seconds.
PIECES, PAUSE = 100, 0.1


class Got(NamedTuple):
    """A request: its path, headers in lower case, and body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["idempotency-key"]

    @property
    def text(self) -> str:
        text: str = json.loads(self.body)["text"]
        return text


class Answering(NamedTuple):
    """A status, with headers; `hang` answers nothing until the server ends, `close` closes the connection.

    `drip` says where an answer comes piece by piece, so that each of them is in time and the whole is not. One that is
    `bare` does not say how long it is.
    """

    status: int = 204
    headers: Headers = {}
    hang: bool = False
    close: bool = False
    drip: Literal["head", "body"] | None = None
    bare: bool = False


class ProviderServer:
    """`answering` says how each request is answered; `taken` are those that were answered with success.

    `connections` counts those that were made, `cut` the dripping answers whose connection was given up.
    """

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.taken: list[Got] = []
        self.connections = 0
        self.cut = 0
        self.answering: Callable[[Got], Answering] = lambda _: Answering()
        self.ended = threading.Event()
        self._server = _server_of(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/notify?by=sms"

    def texts_of(self, sensor: str) -> list[str]:
        return [got.text for got in self.taken if sensor in got.text]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def provider_server() -> Iterator[ProviderServer]:
    """A provider that takes everything until it is told otherwise."""
    server = ProviderServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Handler(BaseHTTPRequestHandler):
    provider: ProviderServer
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        self.provider.connections += 1
        super().setup()

    def do_POST(self) -> None:
        self.do_PUT()

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.provider.got.append(got)
        answer = self.provider.answering(got)
        if answer.hang:
            self.provider.ended.wait(60)
        if answer.hang or answer.close:
            self.close_connection = True
            return
        if 200 <= answer.status < 300:
            self.provider.taken.append(got)
        if answer.drip is not None:
            self._drip(answer)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if not answer.bare:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def _drip(self, answer: Answering) -> None:
        self.wfile.write(f"HTTP/1.1 {answer.status} OK\r\nContent-Length: {PIECES}\r\n".encode())
        self.wfile.write(b"X-Head: " if answer.drip == "head" else b"\r\n")
        self.close_connection = True
        try:
            for _ in range(PIECES):
                self.provider.ended.wait(PAUSE)
                self.wfile.write(b"x")
            self.wfile.write(b"\r\n\r\n" + b"x" * PIECES if answer.drip == "head" else b"")
        except OSError:
            self.provider.cut += 1

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests look at what it got."""


def _server_of(provider: ProviderServer) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"provider": provider})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server
