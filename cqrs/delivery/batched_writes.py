"""Records that belong to no transaction: written within half a second, and again while MongoDB is away."""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from cqrs.errors import Unavailable

logger = logging.getLogger(__name__)

R = TypeVar("R")
W = TypeVar("W")

GATHER_SECONDS = 0.25
AGAIN_SECONDS = 1.0
AT_ONCE = 1000
# What a long outage may take of memory: then the newest are left out, and that is said.
MOST_WAITING = 100_000


class BatchedWrites(Generic[R, W]):
    """Gathers records and writes them in a thread of its own, which lives from the first one to `close`.

    `prepare` makes of a batch what `write` writes, all of it, or raises Unavailable to be given the same again. For any
    thread; after a fork the child has a thread of its own.
    """

    _thread: threading.Thread | None

    def __init__(self, prepare: Callable[[Sequence[R]], Sequence[W]], write: Callable[[Sequence[W]], None]) -> None:
        self._prepare = prepare
        self._write = write
        self._process = 0
        self._begin()

    def add(self, records: Iterable[R]) -> None:
        """Have them written soon; returns at once."""
        if self._process != os.getpid():
            self._begin()
        with self._changing:
            room = MOST_WAITING - len(self._waiting)
            given = list(records)
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
        self._waiting: deque[R] = deque()
        # Of so many records that wait: what an answer was lost of is written again as it was.
        self._in_hand: tuple[int, Sequence[W]] | None = None
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
            number = self._in_hand[0] if self._in_hand else min(len(self._waiting), AT_ONCE)
            try:
                self._write(self._taken_in_hand(number))
            except Unavailable:
                return False
            except Exception:
                # Whatever is wrong with them, others should be written.
                logger.exception("records of deliveries cannot be written", extra={"records": number})
            self._in_hand = None
            for _ in range(number):
                self._waiting.popleft()
        return True

    def _taken_in_hand(self, number: int) -> Sequence[W]:
        if self._in_hand is None:
            with self._changing:
                records = list(islice(self._waiting, number))
            self._in_hand = number, self._prepare(records)
        return self._in_hand[1]
