"""Calling a feed's handler in the threads of its pool, and bringing back what came of it."""

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

import msgspec

from cqrs.broker.mongodb import translated
from cqrs.changefeed.change import Change
from cqrs.changefeed.circumstances import Circumstances

T = TypeVar("T")


class Outcome(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What came of handing over `what`: the handler was called and raised `error` or nothing, or was not called."""

    what: T
    error: Exception | None = None
    was_called: bool = True


class Hands(Generic[T]):
    """Up to `parallel` calls at once for one shard. `busy` counts them; `outcomes` empties what has come back.

    Just before each call `may_handle` is asked: between handing over and calling, the shard may have been lost.
    """

    def __init__(
        self, circumstances: Circumstances, *, may_handle: Callable[[], bool], signal: threading.Event
    ) -> None:
        self.busy = 0
        self._its = circumstances
        self._may_handle = may_handle
        self._signal = signal
        self._outcomes: SimpleQueue[Outcome[T]] = SimpleQueue()

    @property
    def is_free(self) -> bool:
        return self.busy < self._its.feed.parallel

    def hand_over(self, what: T, changes: Sequence[Change]) -> None:
        """Have the changes handled: as a list where the feed wants lists, else there is one."""
        self.busy += 1
        self._its.pool.submit(self._work, what, changes)

    def outcomes(self) -> list[Outcome[T]]:
        """Return what has come back since."""
        back: list[Outcome[T]] = []
        while True:
            try:
                back.append(self._outcomes.get_nowait())
            except Empty:
                self.busy -= len(back)
                return back

    def _work(self, what: T, changes: Sequence[Change]) -> None:
        thread = threading.current_thread()
        self._its.handling.add(thread)
        try:
            outcome = self._call(what, changes)
        except BaseException as error:  # noqa: BLE001 - also one that would end the thread is held against the change
            outcome = Outcome(what=what, error=error if isinstance(error, Exception) else RuntimeError(repr(error)))
        finally:
            self._its.handling.discard(thread)
        self._outcomes.put(outcome)
        self._signal.set()

    def _call(self, what: T, changes: Sequence[Change]) -> Outcome[T]:
        if not self._may_handle():
            return Outcome(what=what, was_called=False)
        feed = self._its.feed
        with translated():
            feed.handler(list(changes) if feed.batch else changes[0])
        return Outcome(what=what)
