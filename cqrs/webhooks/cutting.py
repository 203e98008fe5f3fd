"""Ending a connection that takes too long altogether: timeouts of sockets count anew with each piece that comes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def cut_after(seconds: float, connected: socket.socket | None) -> Iterator[None]:
    """Shut the socket down where the block takes longer, so that whoever reads from it finds its end.

    Raises TimeoutError then: the head of an answer that ends too early may look whole.
    """
    was_cut = threading.Event()
    timer = threading.Timer(seconds, _cut, [connected, was_cut])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if was_cut.is_set():
        raise TimeoutError


def _cut(connected: socket.socket | None, was_cut: threading.Event) -> None:
    was_cut.set()
    # It may have been closed meanwhile.
    with suppress(OSError):
        if connected is not None:
            connected.shutdown(socket.SHUT_RDWR)
