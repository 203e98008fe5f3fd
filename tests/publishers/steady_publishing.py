"""Somebody who publishes without end what is next of many things, and begins a call again when it is not taken."""

import threading
from collections.abc import Sequence
from itertools import compress
from types import TracebackType
from typing import Self

from cqrs.errors import Unavailable
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Published, Publisher, Refused, Withheld
from tests.publishers.heard import event_of
from tests.publishers.stream_view import Stored

THINGS = 20


class SteadyPublishing:
    """Publishes in a thread of its own, the next event of every thing in each call, until it is told to stop."""

    def __init__(self, publisher: Publisher, stream: str) -> None:
        self.done = 0
        self.outages = 0
        self.repeated = 0
        self._publisher = publisher
        self._stream = stream
        self._stopping = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """Let it finish the call that it is at, and begin that again until all of it is taken."""
        self._stopping.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the last call is never taken"
        if self._error is not None:
            raise self._error

    def require_each_once_in_order(self, messages: Sequence[Stored]) -> None:
        """Fail unless these are all events that were published, each once, those of a thing in order."""
        by_thing: dict[str, list[int]] = {}
        for message in messages:
            by_thing.setdefault(message.subject, []).append(int(message.headers["Event-Sequence"]))
        expected = list(range(1, self.done + 1))
        assert by_thing == {f"{self._stream}.{thing}": expected for thing in range(THINGS)}

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._publish([event_of(self._stream, str(thing), self.done + 1) for thing in range(THINGS)])
                self.done += 1
        except BaseException as error:  # noqa: BLE001 - for the thread that waits
            self._error = error

    def _publish(self, events: Sequence[OutgoingEvent]) -> None:
        while events:
            try:
                outcomes = self._publisher.publish(events)
            except Unavailable:
                self.outages += 1
                # What a relay does: its back-off; a full stream answers at once.
                self._stopping.wait(0.05)
                continue
            assert not any(isinstance(outcome, Refused) for outcome in outcomes), outcomes
            self.repeated += sum(isinstance(outcome, Published) and outcome.duplicate for outcome in outcomes)
            withheld = [isinstance(outcome, Withheld) for outcome in outcomes]
            self.outages += any(withheld)
            events = list(compress(events, withheld))
