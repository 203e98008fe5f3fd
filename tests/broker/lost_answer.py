"""A proxy before MongoDB that lets commits of transactions through and loses the answers to them."""

import contextlib
import math
import os
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.project.store_proxy import PIECE, StoreProxy

# The first element of the command's document (bsonspec.org): an int32, its name, NUL.
COMMIT = b"\x10commitTransaction\0"


class LostAnswers(StoreProxy):
    """What is `lost` is counted: commits that MongoDB has answered and whose answer the client never got."""

    def __init__(self, host: str, port: int) -> None:
        self.lost = 0
        self._left = 0.0
        self._every = 1
        self._commits = 0
        self._asked: set[socket.socket] = set()
        self._then_cut = False
        self._counting = threading.Lock()
        super().__init__(host, port)

    def lose(self, times: float = math.inf, *, every: int = 1, then_cut: bool = False) -> None:
        """Lose the answer to every so many-th commit from now on, so many times, and end its connection.

        With `then_cut` no other connection is left then, and none can be made, until `mend`.
        """
        with self._counting:
            self._left, self._every, self._commits, self._then_cut = times, every, 0, then_cut

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                if self._is_lost(source):
                    break
                if COMMIT in piece:
                    self._count(target)
                self._passing.wait()
                target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _count(self, store: socket.socket) -> None:
        with self._counting:
            self._commits += 1
            if self._left >= 1 and self._commits % self._every == 0:
                self._left -= 1
                self._asked.add(store)

    def _is_lost(self, store: socket.socket) -> bool:
        """Whether what came from there answers a commit and is to be lost."""
        with self._counting:
            if store not in self._asked:
                return False
            self._asked.discard(store)
            self.lost += 1
        if self._then_cut:
            self.cut()
        return True


@contextlib.contextmanager
def lost_answers() -> Iterator[LostAnswers]:
    """Stand before the MongoDB of the tests; nothing is lost until that is asked for."""
    address = urlsplit(os.environ["MONGODB_URI"])
    with LostAnswers(address.hostname or "127.0.0.1", address.port or 27017) as proxy:
        yield proxy
