"""Writes that belong to no transaction: made within half a second, many at once, and again while MongoDB is away."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec
from pymongo import UpdateOne

from cqrs.errors import Unavailable

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.25
AGAIN_SECONDS = 1.0
AT_ONCE = 1000
# What a long outage may take of memory: then the newest are left out, and that is said.
MOST_WAITING = 100_000


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """A write to a collection, which may be made again."""

    collection: str
    change: UpdateOne


class BatchedWrites:
    """Gathers writes and gives them to `write` in a thread of its own, which lives from the first one to `close`.

    `write` makes all of them, or raises Unavailable to be given them again. For any thread; after a fork the child has
    a thread of its own.
    """

    _thread: threading.Thread | None

    def __init__(self, write: Callable[[Sequence[Write]], None]) -> None:
        self._write = write
        self._process = 0
        self._begin()

    def add(self, writes: Iterable[Write]) -> None:
        """Have them written soon; returns at once."""
        if self._process != os.getpid():
            self._begin()
        with self._changing:
            room = MOST_WAITING - len(self._waiting)
            given = list(writes)
            self._waiting.extend(given[:room])
            if self._thread is None:
                self._closing = threading.Event()
                self._thread = threading.Thread(target=self._run, args=(self._closing,), name="delivery", daemon=True)
                self._thread.start()
        self._wanted.set()
        if len(given) > room:
            logger.error("records of deliveries are lost, too many wait", extra={"records": len(given) - room})

    def close(self) -> None:
        """Return when what waits is written, or could not be at the first attempt: that is lost, and said."""
        with self._changing:
            thread, self._thread = self._thread, None
        if thread is None or self._process != os.getpid():
            return
        self._closing.set()
        self._wanted.set()
        thread.join()
        if self._waiting:
            logger.error("records of deliveries are lost at the end", extra={"records": len(self._waiting)})
            self._waiting.clear()

    def _begin(self) -> None:
        # Locks and threads of a parent are of no use to its child; what waits there is the parent's to write.
        self._process = os.getpid()
        self._changing = threading.Lock()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._waiting: deque[Write] = deque()
        self._thread = None

    def _run(self, closing: threading.Event) -> None:
        while not closing.is_set():
            self._wanted.wait()
            self._wanted.clear()
            closing.wait(GATHER_SECONDS)
            while self._waiting and not self._wrote() and not closing.wait(AGAIN_SECONDS):
                pass
        self._wrote()

    def _wrote(self) -> bool:
        """Write all that waits; say whether that was possible."""
        while self._waiting:
            with self._changing:
                batch = list(islice(self._waiting, AT_ONCE))
            try:
                self._write(batch)
            except Unavailable:
                return False
            except Exception:
                # Whatever is wrong with them, others should be written.
                logger.exception("records of deliveries cannot be written", extra={"records": len(batch)})
            for _ in batch:
                self._waiting.popleft()
        return True
