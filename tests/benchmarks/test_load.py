"""Both load generators send each request exactly once and tell failures apart."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from benchmarks.load import Answered, post, send_once
from benchmarks.python_load import send_with_python

REQUESTS = 200
CONNECTIONS = 8


def with_wrk(url: str, requests: Sequence[bytes]) -> Answered:
    return send_once(url, requests, connections=CONNECTIONS)


def with_python(url: str, requests: Sequence[bytes]) -> Answered:
    return Answered(**send_with_python(url, requests, CONNECTIONS))


generators = pytest.mark.parametrize("send", [with_wrk, with_python])


@contextmanager
def server(status: Callable[[int], int]) -> Iterator[tuple[str, Counter[int]]]:
    """A server that counts the numbers that are posted to it and answers with `status` of each."""
    seen: Counter[int] = Counter()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            number = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["number"]
            with lock:
                seen[number] += 1
            self.send_response(status(number))
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_address[1]}", seen
        finally:
            http.shutdown()
            thread.join()


def numbered(url: str) -> list[bytes]:
    return [post(f"{url}/numbers?seed=a", json.dumps({"number": number}).encode()) for number in range(REQUESTS)]


@generators
def test_each_request_is_sent_exactly_once(send: Callable[[str, Sequence[bytes]], Answered]) -> None:
    with server(lambda _: 201) as (url, seen):
        answered = send(url, numbered(url))

    assert seen == Counter(range(REQUESTS))
    assert (answered.sent, answered.answered, answered.failed) == (REQUESTS, REQUESTS, 0)
    assert 0 < answered.first_request <= answered.last_answer


@generators
def test_a_refused_request_counts_as_failed(send: Callable[[str, Sequence[bytes]], Answered]) -> None:
    with server(lambda number: 503 if number < 3 else 201) as (url, _):
        answered = send(url, numbered(url))

    assert (answered.sent, answered.failed) == (REQUESTS, 3)
