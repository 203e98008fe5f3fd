"""A proxy before NATS that loses acknowledgements of what was stored."""

import contextlib
import re
import socket
import threading

from tests.project.store_proxy import PIECE, StoreProxy

ACKNOWLEDGEMENT = re.compile(rb'\{"stream":"[^"]+", ?"(seq|domain)":')


class LostAcknowledgements(StoreProxy):
    """Forwards everything but, while that is asked for, every so many-th piece with acknowledgements in it.

    `then_cut` also ends the connection, as the loss of the network would; otherwise it stays as it is.
    """

    def __init__(self, host: str, port: int) -> None:
        self.lost = 0
        self._every = 0
        self._then_cut = False
        self._seen = 0
        self._counting = threading.Lock()
        super().__init__(host, port)

    def lose(self, *, every: int, then_cut: bool) -> None:
        """Begin to lose; `every` 0 ends it."""
        with self._counting:
            self._every, self._then_cut = every, then_cut

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(PIECE):
                if ACKNOWLEDGEMENT.search(piece) and self._is_lost():
                    if self._then_cut:
                        break
                    continue
                self._passing.wait()
                target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _is_lost(self) -> bool:
        with self._counting:
            self._seen += 1
            is_lost = self._every > 0 and self._seen % self._every == 0
            self.lost += is_lost
            return is_lost
