"""Which change may be handled when: one of a key at a time, in order, different keys side by side. Pure.

Changes leave at the front, in the order in which they came, once they are finished: handled, given up, or to wait
behind a dead letter of their key. So what lies before a stored position is always finished.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from enum import Enum, auto

from cqrs.broker.failing import Attempts, Failure
from cqrs.changefeed.change import Change
from cqrs.changefeed.resume_point import Point


class State(Enum):
    """What has become of a change."""

    QUEUED = auto()
    RUNNING = auto()
    DONE = auto()
    PARKED = auto()
    WAITING = auto()


class Entry:
    """A change on its way. `number` counts the changes of the shard; `following` is that of the next one."""

    __slots__ = (
        "attempts",
        "change",
        "failure",
        "following",
        "is_alone",
        "number",
        "point",
        "refusal",
        "size",
        "state",
    )

    def __init__(self, number: int, following: int, point: Point, change: Change | None, state: State) -> None:
        self.number = number
        self.following = following
        self.point = point
        self.change = change
        self.state = state
        self.size = 0
        self.failure: Failure | None = None
        # Why it must not be handled, and has to be given up when its turn comes.
        self.refusal: Exception | None = None
        self.attempts: Attempts | None = None
        # Handled by itself, after a batch with it has failed.
        self.is_alone = False


class Schedule:
    """The changes of one shard between being read and being committed. Not for several threads."""

    def __init__(self, number: int, held: Iterable[str]) -> None:
        self._next = number
        self._held = set(held)
        self._window: deque[Entry] = deque()
        # Of the changes that are here, about.
        self.bytes = 0
        self._queues: dict[str, deque[Entry]] = {}
        self._ready: deque[str] = deque()
        self._delayed: list[tuple[float, int, str]] = []
        # So that nobody has to look through the window for it.
        self._unfinished = 0
        # Once closed: the last one that may be handed out.
        self._last: int | None = None

    def __len__(self) -> int:
        return len(self._window)

    @property
    def is_finished(self) -> bool:
        """Whether nothing that is here has to be handled still."""
        return self._unfinished == 0

    @property
    def oldest(self) -> Change | None:
        """The first change that is not finished."""
        unfinished = (State.QUEUED, State.RUNNING)
        return next((entry.change for entry in list(self._window) if entry.state in unfinished), None)

    @property
    def is_ready(self) -> bool:
        """Whether there is something to hand out now."""
        return any(self._may_begin(self._queues[key][0]) for key in self._ready)

    def close(self) -> None:
        """Hand out only what came before something that was handed out: then all that was handled can be stored."""
        begun = {State.RUNNING, State.DONE, State.PARKED}
        self._last = max((entry.number for entry in self._window if entry.change and entry.state in begun), default=-1)

    def add(self, change: Change, point: Point, refusal: Exception | None = None, *, size: int = 0) -> None:
        """Take a change on, behind those of its key; one with a refusal is handed out by itself, to be given up."""
        queue = self._queues.setdefault(change.key, deque())
        waits = queue[-1].state in {State.PARKED, State.WAITING} if queue else change.key in self._held
        entry = Entry(self._next, self._next + 1, point, change, State.WAITING if waits else State.QUEUED)
        self._unfinished += not waits
        entry.refusal, entry.is_alone, entry.size = refusal, refusal is not None, size
        self.bytes += size
        self._next += 1
        self._window.append(entry)
        queue.append(entry)
        if len(queue) == 1 and not waits:
            self._ready.append(change.key)

    def pass_over(self, point: Point, noted: Change | None = None) -> None:
        """Move on to `point` without handling anything; `noted` is a change that counts as handled already."""
        last = self._window[-1] if self._window else None
        if noted is None and last is not None and last.state is State.DONE and last.change is None:
            last.point = point
        else:
            self._window.append(Entry(self._next, self._next, point, noted, State.DONE))

    def take(self, limit: int) -> list[Entry]:
        """Return up to `limit` changes to handle together now, in order: none where none may."""
        taken: list[Entry] = []
        for _ in range(len(self._ready)):
            if len(taken) >= limit:
                break
            queue = self._queues[self._ready[0]]
            if not self._may_begin(queue[0]):
                self._ready.rotate(-1)
                continue
            if queue[0].is_alone:
                if taken:
                    break
                self._ready.popleft()
                queue[0].state = State.RUNNING
                return [queue[0]]
            self._ready.popleft()
            taken += self._begin(queue, limit - len(taken))
        return sorted(taken, key=_number)

    def done(self, entries: Sequence[Entry]) -> None:
        """These were handled; the next of their keys may be."""
        self._unfinished -= len(entries)
        for entry in entries:
            entry.state = State.DONE
            self._queues[_key(entry)].popleft()
        self._go_on({_key(entry) for entry in entries})

    def again(self, entries: Sequence[Entry], *, alone: bool = False) -> None:
        """These were not handled, or not together: they may be tried at once."""
        for entry in entries:
            entry.state = State.QUEUED
            entry.is_alone = entry.is_alone or alone
        self._go_on({_key(entry) for entry in entries})

    def later(self, entries: Sequence[Entry], at: float, *, alone: bool) -> None:
        """Try these again at the monotonic time `at`, each by itself or as they come; those of their keys wait."""
        for entry in entries:
            entry.state = State.QUEUED
            entry.is_alone = entry.is_alone or alone
            if self._queues[_key(entry)][0] is entry:
                heapq.heappush(self._delayed, (at, entry.number, _key(entry)))

    def wake(self, now: float) -> None:
        """Have those tried whose time has come."""
        while self._delayed and self._delayed[0][0] <= now:
            self._ready.append(heapq.heappop(self._delayed)[2])

    @property
    def due(self) -> float | None:
        """The monotonic time of the next attempt that is put off."""
        return self._delayed[0][0] if self._delayed else None

    def give_up(self, entry: Entry, failure: Failure) -> None:
        """Make this one a dead letter; those of its key that are here wait behind it."""
        entry.failure = failure
        entry.state = State.PARKED
        queue = self._queues[_key(entry)]
        self._unfinished -= len(queue)
        for later in list(queue)[1:]:
            later.state = State.WAITING

    def front(self, limit: int) -> list[Entry]:
        """Return the entries at the front that are finished."""
        finished: list[Entry] = []
        for entry in self._window:
            if entry.state in {State.QUEUED, State.RUNNING} or len(finished) >= limit:
                break
            finished.append(entry)
        return finished

    def committed(self, entries: Sequence[Entry]) -> None:
        """These, at the front, are stored: letters hold their keys from now on."""
        for entry in entries:
            self._window.popleft()
            self.bytes -= entry.size
            if entry.state is State.DONE:
                continue
            key = _key(entry)
            self._held.add(key)
            self._queues[key].popleft()
            if not self._queues[key]:
                del self._queues[key]

    def release(self, entry: Entry) -> None:
        """The key's letters are gone, so this one, at the front, and those behind it need not wait."""
        key = _key(entry)
        self._held.discard(key)
        self._unfinished += len(self._queues[key])
        for waiting in self._queues[key]:
            waiting.state = State.QUEUED
        self._ready.append(key)

    def hold(self, keys: Iterable[str]) -> None:
        """These keys have letters, and no others."""
        self._held = set(keys)

    def _may_begin(self, entry: Entry) -> bool:
        return self._last is None or entry.number <= self._last

    def _begin(self, queue: deque[Entry], limit: int) -> list[Entry]:
        begun: list[Entry] = []
        for entry in queue:
            is_next = entry.state is State.QUEUED and not entry.is_alone and self._may_begin(entry)
            if len(begun) >= limit or not is_next:
                break
            entry.state = State.RUNNING
            begun.append(entry)
        return begun

    def _go_on(self, keys: set[str]) -> None:
        for key in sorted(keys):
            queue = self._queues[key]
            if not queue:
                del self._queues[key]
            elif queue[0].state is State.QUEUED:
                self._ready.append(key)


def _key(entry: Entry) -> str:
    assert entry.change is not None
    return entry.change.key


def _number(entry: Entry) -> int:
    return entry.number
