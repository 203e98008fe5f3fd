"""The load generator where wrk is missing: one thread, one system call to send and usually one to receive."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from benchmarks.percentiles import percentile

_END_OF_HEAD = b"\r\n\r\n"
_FIRST_ERROR = 400
_TIMEOUT_SECONDS = 60


def send_with_python(base_url: str, requests: Sequence[bytes], connections: int) -> dict[str, Any]:
    """Send each request exactly once and return the fields of `Answered` but its generator.

    A broken connection counts its request as failed and sends no more.
    """
    rest = iter(requests)
    selector = selectors.DefaultSelector()
    address = urlsplit(base_url)
    first_request = time.time()
    for _ in range(min(connections, len(requests))):
        client = _Connection(address.hostname or "", address.port or 80)
        client.send(next(rest))
        selector.register(client.socket, selectors.EVENT_READ, client)
    statuses, milliseconds = _exchange(selector, rest)
    last_answer = time.time()
    return {
        "sent": len(requests),
        "answered": len(statuses),
        "failed": len(requests) - sum(status < _FIRST_ERROR for status in statuses),
        "first_request": first_request,
        "last_answer": last_answer,
        "seconds": last_answer - first_request,
        **{f"p{share}": percentile(milliseconds, share) for share in (50, 95, 99)},
    }


def _exchange(selector: selectors.BaseSelector, rest: Iterator[bytes]) -> tuple[list[int], list[float]]:
    statuses: list[int] = []
    milliseconds: list[float] = []
    while selector.get_map():
        ready = selector.select(_TIMEOUT_SECONDS)
        if not ready:
            break
        for key, _ in ready:
            client: _Connection = key.data
            try:
                status = client.receive()
            except OSError:
                selector.unregister(client.socket)
                continue
            if status is None:
                continue
            statuses.append(status)
            milliseconds.append((time.perf_counter() - client.sent_at) * 1000)
            request = next(rest, None)
            if request is None:
                selector.unregister(client.socket)
            else:
                client.send(request)
    return statuses, milliseconds


class _Connection:
    def __init__(self, host: str, port: int) -> None:
        self.socket = socket.create_connection((host, port), _TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._received = b""

    def send(self, request: bytes) -> None:
        self._received = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Return the status once the whole answer is there. Raises OSError where the connection is closed."""
        chunk = self.socket.recv(65_536)
        if not chunk:
            raise ConnectionResetError
        self._received += chunk
        head, end, body = self._received.partition(_END_OF_HEAD)
        if not end or len(body) < _length(head):
            return None
        return int(head[9:12])


def _length(head: bytes) -> int:
    _, _, after = head.lower().partition(b"\r\ncontent-length:")
    return int(after.partition(b"\r\n")[0] or 0)
