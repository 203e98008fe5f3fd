"""The provider of the benchmark: takes every notification over HTTP/1.1, and remembers when each came."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

HOST = "127.0.0.1"
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class AlertProvider:
    """`arrivals` are the bodies in the order of their arrival, each with the time of day in Unix seconds."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[float, bytes]] = []
        self.url = ""
        self._arrived = threading.Condition()

    def take(self, body: bytes) -> None:
        """Remember a notification that has arrived."""
        with self._arrived:
            self.arrivals.append((time.time(), body))
            self._arrived.notify_all()

    def wait_for(self, number: int, *, seconds: float) -> bool:
        """Return whether so many are there after `seconds` at the most, or as soon as they are."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self.arrivals) >= number, seconds)


@contextmanager
def alert_provider() -> Iterator[AlertProvider]:
    """Serve on a free port from a thread, until the block ends."""
    provider = AlertProvider()
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Connection(provider), HOST, 0))
    provider.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}/notify"
    thread = threading.Thread(target=loop.run_forever, name="alert-provider", daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Connection(asyncio.Protocol):
    def __init__(self, provider: AlertProvider) -> None:
        self._provider = provider
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, rest = self._received.partition(_END_OF_HEAD)
        while end and len(rest) >= (length := _length(head)):
            self._provider.take(rest[:length])
            assert self._transport is not None
            self._transport.write(_TAKEN)
            self._received = rest[length:]
            head, end, rest = self._received.partition(_END_OF_HEAD)


def _length(head: bytes) -> int:
    _, _, after = head.lower().partition(_LENGTH)
    return int(after.partition(b"\r\n")[0] or 0)
