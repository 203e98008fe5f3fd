"""A proxy before a store that a test can cut or silence, without anything happening to the store itself."""

import contextlib
import os
import socket
import threading
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

PIECE = 65_536


class StoreProxy:
    """Forwards TCP connections from `port` to a store.

    `cut` ends all connections and refuses new ones, as a store that has died does; `silence` keeps connections and
    accepts new ones but passes nothing on, as a store that is frozen or behind a broken network does; `mend` undoes
    both. What was silenced is passed on then.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._passing = threading.Event()
        self._passing.set()
        self._sockets: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._listener: socket.socket | None = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accept_in_background(self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.cut()
        self._passing.set()

    def cut(self) -> None:
        """Refuse new connections and end those that are open."""
        if self._listener is not None:
            # Wakes the thread that accepts; closing alone would leave it there.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        with self._guard:
            sockets, self._sockets = self._sockets, set()
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def silence(self) -> None:
        """Pass nothing on."""
        self._passing.clear()

    def mend(self) -> None:
        """Work again."""
        self._passing.set()
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._accept_in_background(self._listener)

    def _accept_in_background(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                store = socket.create_connection(self._target)
                with self._guard:
                    self._sockets |= {client, store}
                for source, target in ((client, store), (store, client)):
                    threading.Thread(target=self._forward, args=(source, target), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                self._passing.wait()
                target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def before_mongodb() -> StoreProxy:
    """Return a proxy before the MongoDB of the tests."""
    address = urlsplit(os.environ["MONGODB_URI"])
    return StoreProxy(address.hostname or "127.0.0.1", address.port or 27017)
