"""What a group should have done with records that may fail: pure, and as short as the rules are."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cqrs.broker.dead_letters import State

MAX_RETRIES = 2
FOR_EVER = 1_000_000

Place = tuple[int, int]


@dataclass(slots=True)
class Sent:
    """A record: its place, value and key, and how often handling it still fails."""

    place: Place
    value: str
    key: str | None
    fails: int

    @property
    def partition(self) -> int:
        return self.place[0]


@dataclass(slots=True)
class Model:
    """`letters` is what should be listed; `committed` where each partition should go on.

    Handling a record again that was not committed changes nothing of this: it has succeeded before, and a letter of its
    key that came later would have committed it.
    """

    partitions: int
    commits_with_effect: bool
    sent: dict[Place, Sent] = field(default_factory=dict)
    handled: set[Place] = field(default_factory=set)
    discarded: set[Place] = field(default_factory=set)
    letters: dict[Place, State] = field(default_factory=dict)
    failures: Counter[Place] = field(default_factory=Counter)
    position: dict[int, int] = field(init=False)
    committed: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.position = dict.fromkeys(range(self.partitions), 0)
        self.committed = dict.fromkeys(range(self.partitions), 0)

    def work(self) -> None:
        """Do all that there is to do: letters that should be tried again first, then what is new."""
        for partition in range(self.partitions):
            while place := self._first(partition, lambda _, state: state == "retrying"):
                self._try_again(place)
            while record := self.sent.get((partition, self.position[partition])):
                self._take(record)

    def commit(self) -> None:
        self.committed |= self.position

    def retry(self, wanted: Callable[[Sent], bool]) -> int:
        chosen = [one for one, state in self.letters.items() if state == "parked" and wanted(self.sent[one])]
        self.letters |= dict.fromkeys(chosen, "retrying")
        return len(chosen)

    def discard(self, place: Place) -> None:
        self.discarded.add(place)
        self._take_out(place)

    def before(self, record: Sent) -> set[Place]:
        """Return the earlier records of its key in its partition."""
        partition, end = record.place
        earlier = ((partition, offset) for offset in range(end))
        return {place for place in earlier if self.sent[place].key == record.key}

    def _take(self, record: Sent) -> None:
        partition, offset = record.place
        if record.key is not None and any(True for _ in self._of_key(record)):
            self.letters[record.place] = "waiting"
        elif self._fails(record):
            self.letters[record.place] = "parked"
        else:
            self.handled.add(record.place)
        self.position[partition] = offset + 1
        if record.place in self.letters or self.commits_with_effect:
            self.committed[partition] = offset + 1

    def _try_again(self, place: Place) -> None:
        if self._fails(self.sent[place]):
            self.letters[place] = "parked"
        else:
            self.handled.add(place)
            self._take_out(place)

    def _take_out(self, place: Place) -> None:
        state, record = self.letters.pop(place), self.sent[place]
        behind = [one for one in self._of_key(record) if self.letters[one] == "waiting"]
        if state != "waiting" and record.key is not None and behind:
            self.letters[min(behind)] = "retrying"

    def _fails(self, record: Sent) -> bool:
        """Whether it is given up, after as many attempts as there may be."""
        failures = min(record.fails, MAX_RETRIES)
        record.fails -= failures
        self.failures[record.place] += failures
        return failures == MAX_RETRIES

    def _of_key(self, record: Sent) -> Iterator[Place]:
        return (
            one
            for one in self.letters
            if one[0] == record.partition and one != record.place and self.sent[one].key == record.key
        )

    def _first(self, partition: int, wanted: Callable[[Place, State], bool]) -> Place | None:
        return min(
            (one for one, state in self.letters.items() if one[0] == partition and wanted(one, state)), default=None
        )
