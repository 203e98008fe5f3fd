"""One lane for each key: what is in it is worked on one after the other, lanes side by side."""

import asyncio
from bisect import insort
from collections.abc import Awaitable, Callable

from cqrs.publishers.jetstream.incoming_event import Delivery

Work = Callable[[Delivery], Awaitable[None]]


class Lanes:
    """Works on deliveries in the order of their places, one at a time of each key. For the loop's thread.

    Nothing is begun while the gate is closed, nor what `is_fresh` does not let pass: that is asked right before.
    """

    def __init__(self, work: Work, *, gate: asyncio.Event, is_fresh: Callable[[Delivery], bool]) -> None:
        self._work = work
        self._gate = gate
        self._is_fresh = is_fresh
        self._waiting: dict[str, list[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, key: str, delivery: Delivery) -> None:
        """Have the delivery worked on when everything before it in its lane is done."""
        waiting = self._waiting.get(key)
        if waiting is not None:
            insort(waiting, delivery, key=lambda one: one.place)
            return
        self._waiting[key] = [delivery]
        task = asyncio.ensure_future(self._run(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def clear(self) -> list[Delivery]:
        """Take out everything that is not being worked on, and return it."""
        taken: list[Delivery] = []
        for waiting in self._waiting.values():
            taken += waiting
            waiting.clear()
        return taken

    async def join(self) -> None:
        """Return when all lanes are empty; opens the gate for that."""
        self._gate.set()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(self, key: str) -> None:
        waiting = self._waiting[key]
        try:
            while waiting:
                await self._gate.wait()
                if waiting and self._is_fresh(waiting[0]):
                    await self._work(waiting.pop(0))
        finally:
            del self._waiting[key]
