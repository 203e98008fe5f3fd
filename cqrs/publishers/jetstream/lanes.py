"""One lane for each key: what is in it is worked on one after the other, lanes side by side."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Works on items in the order in which they are put, one at a time of each key. For the loop's thread."""

    def __init__(self, work: Callable[[T], Awaitable[None]]) -> None:
        self._work = work
        self._waiting: dict[str, deque[T]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, key: str, item: T) -> None:
        """Have the item worked on when everything before it in its lane is done."""
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append(item)
            return
        self._waiting[key] = deque([item])
        task = asyncio.ensure_future(self._run(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def clear(self) -> list[T]:
        """Take out everything that is not being worked on, and return it."""
        taken: list[T] = []
        for waiting in self._waiting.values():
            taken += waiting
            waiting.clear()
        return taken

    async def join(self) -> None:
        """Return when all lanes are empty."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def cancel(self) -> None:
        """End the lanes, also within what they are at."""
        for task in self._tasks:
            task.cancel()

    async def _run(self, key: str) -> None:
        waiting = self._waiting[key]
        try:
            while waiting:
                await self._work(waiting.popleft())
        finally:
            del self._waiting[key]
