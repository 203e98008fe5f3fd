"""Group commit: commands that are in flight at the same moment share one transaction.

One thread leads: it takes everything that has gathered and has it handled at once; the others find their result ready,
and the first of those who came meanwhile leads next. Who is alone is handled without delay. Where the last group had
more than one item, the next is given two milliseconds to gather: a transaction costs far more than an item in it. It
goes at once when as many are there as came lately, since those who wait for an answer send nothing more until they have
it. The ideas are those of write-ahead logs: group commit, `commit_delay`, `commit_siblings`.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from cqrs.errors import CqrsError, Unavailable

PROCESS = "process"
GATHER_SECONDS = 0.002
# How much fewer each group lets the next one expect: after a crowd, a score of groups wait in vain for a whole one.
FEWER_EACH_TIME = 0.05

T = TypeVar("T")
R = TypeVar("R")


class WrongNumberOfResults(CqrsError):
    """The handler of a group did not return one result per item, so nobody knows whose they are."""

    def __init__(self, *, items: int, results: int) -> None:
        self.items = items
        self.results = results
        super().__init__(f"{items} items were handled with {results} results")


class GroupCommit(Generic[T, R]):
    """Gathers items from many threads into groups of at most `limit` for `handle`.

    `handle` must be all or nothing and return one result per item, in order. Where a group fails, its items are run
    again one by one, so that nobody gets another one's error; only Unavailable goes to all of them at once, and to all
    who have come meanwhile. Where the thread that handles a group is ended (KeyboardInterrupt, SystemExit), the others
    get Unavailable: whether their items took effect is not known. The same is told after `patience` seconds to whoever
    waits for another thread, and at once to whoever comes while a group takes longer than that: a store that hangs
    holds one thread and not, one after the other, all of them.
    """

    def __init__(
        self,
        handle: Callable[[Sequence[T]], Sequence[R]],
        *,
        limit: int = 256,
        patience: float = 3.0,
        gather: float = GATHER_SECONDS,
    ) -> None:
        self._handle = handle
        self._limit = limit
        self._patience = patience
        self._gather = gather
        self._gathering = threading.Lock()
        self._waiting: list[_Place[T, R]] = []
        self._is_led = False
        self._led_since = 0.0
        self._expected = 1.0
        self._is_complete = threading.Event()

    def submit(self, item: T) -> R:
        """Return the result of `item`, handled with whatever else is in flight. Raises what `handle` raises for it."""
        place = _Place[T, R](item)
        with self._gathering:
            leads = self._join(place)
        if not leads and not place.wait(self._patience):
            self._give_up(place)
        if not place.done:
            self._lead()
        return place.outcome()

    def _join(self, place: "_Place[T, R]") -> bool:
        """Take a place in the queue; say whether its thread leads. Raises Unavailable where the leader is overdue."""
        now = time.monotonic()
        if self._is_led:
            if now - self._led_since > self._patience:
                raise Unavailable(PROCESS)
        else:
            self._led_since = now
        self._waiting.append(place)
        if len(self._waiting) >= self._expected:
            self._is_complete.set()
        leads, self._is_led = not self._is_led, True
        return leads

    def _give_up(self, place: "_Place[T, R]") -> None:
        """Leave the queue. Raises Unavailable, unless the place was woken at the last moment."""
        with self._gathering:
            # Turns are given under this lock, so none can be lost here.
            if place.wait(0):
                return
            if place in self._waiting:
                self._waiting.remove(place)
        raise Unavailable(PROCESS)

    def _lead(self) -> None:
        """Handle what has gathered, with this thread's own item; then let the first of those who came later lead."""
        group: list[_Place[T, R]] = []
        try:
            if self._expected > 1:
                self._is_complete.wait(self._gather)
            group = self._take()
            self._run(group)
        finally:
            # Whatever has ended this thread, nobody waits for ever.
            group = group or self._take()
            _fail([place for place in group if not place.done], Unavailable(PROCESS))
            for place in group:
                place.wake()
            self._hand_over()

    def _take(self) -> list["_Place[T, R]"]:
        with self._gathering:
            group, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            self._expect(len(group))
        return group

    def _expect(self, size: int) -> None:
        """Expect as many as came at most lately; whoever was alone waits for nobody."""
        self._expected = max(size, self._expected - FEWER_EACH_TIME) if size > 1 else 1.0
        self._is_complete.clear()
        if len(self._waiting) >= self._expected:
            self._is_complete.set()

    def _hand_over(self) -> None:
        with self._gathering:
            if self._waiting:
                self._led_since = time.monotonic()
                self._waiting[0].wake()
            else:
                self._is_led = False

    def _run(self, group: list["_Place[T, R]"]) -> None:
        try:
            results = self._handle([place.item for place in group])
        except Unavailable as error:
            # Who has gathered meanwhile would only wait as long again for the same answer.
            group += self._take()
            _fail(group, error)
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits for it
            self._run_apart(group, error)
        else:
            _settle(group, results)

    def _run_apart(self, group: list["_Place[T, R]"], error: Exception) -> None:
        if len(group) == 1:
            group[0].fail(error)
            return
        for index, place in enumerate(group):
            try:
                results = self._handle([place.item])
            except Unavailable as unavailable:
                _fail(group[index:], unavailable)
                return
            except Exception as own_error:  # noqa: BLE001 - handed to the thread that waits for it
                place.fail(own_error)
            else:
                _settle([place], results)


def _settle(group: Sequence["_Place[T, R]"], results: Sequence[R]) -> None:
    if len(results) != len(group):
        # They may have taken effect, so they are not run again.
        for place in group:
            place.fail(WrongNumberOfResults(items=len(group), results=len(results)))
        return
    for place, result in zip(group, results, strict=True):
        place.succeed(result)


def _fail(group: Sequence["_Place[T, R]"], error: Unavailable) -> None:
    for place in group:
        # One each: an exception carries the traceback of the thread that raises it.
        own = Unavailable(error.store, retry_after=error.retry_after)
        own.__cause__ = error.__cause__
        place.fail(own)


class _Place(Generic[T, R]):
    """One thread's place in the queue: its item, and later its result or its error."""

    __slots__ = ("_error", "_result", "_woken", "done", "item")

    def __init__(self, item: T) -> None:
        self.item = item
        self.done = False
        # A lock that is held is the lightest thing to wait for.
        self._woken = threading.Lock()
        self._woken.acquire()
        self._result: R | None = None
        self._error: Exception | None = None

    def wait(self, seconds: float) -> bool:
        """Return True when this place is done or its thread's turn to lead has come, False after `seconds`."""
        return self._woken.acquire(timeout=seconds)

    def wake(self) -> None:
        self._woken.release()

    def succeed(self, result: R) -> None:
        self._result = result
        self.done = True

    def fail(self, error: Exception) -> None:
        self._error = error
        self.done = True

    def outcome(self) -> R:
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]  # done without an error means that a result was set
