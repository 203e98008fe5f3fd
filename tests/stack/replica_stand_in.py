"""What stands behind nginx in the tests of its configuration: answers by path, and remembers what reached it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONG = {"text": "long enough to be worth compressing " * 100}


class ReplicaStandIn:
    """One upstream on a loopback port; `requests` holds `METHOD /path` of each request that arrived whole."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[str] = []
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, stand_in: ReplicaStandIn) -> None:
        self.stand_in = stand_in
        super().__init__(("127.0.0.1", stand_in.port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.stand_in.requests.append(f"{self.command} {self.path}")
        if self.path.startswith("/problem"):
            self._answer(503, {"title": "The application's own"}, "application/problem+json", {"Retry-After": "7"})
        elif self.path.startswith("/echo"):
            self._answer(200, {name.lower(): value for name, value in self.headers.items()})
        elif not self.path.startswith("/vanish"):
            self._answer(200, LONG, headers={"ETag": '"1"'})

    do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = do_LINK = do_GET

    def _answer(
        self, status: int, content: object, kind: str = "application/json", headers: dict[str, str] | None = None
    ) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The tests say what they need to."""
