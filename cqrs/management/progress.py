"""How far a long command has got: a bar on a terminal, a plain line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.core.management.base import OutputWrapper
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 5.0


class Meter:
    """Counts what is done of what there is to do, and has it shown after each change."""

    def __init__(self, show: Callable[[int, int], None]) -> None:
        self._show = show
        self.done = 0
        self.total = 0

    def expect(self, more: int) -> None:
        """So much has come in addition to what is done."""
        self.total = self.done + more
        self._show(self.done, self.total)

    def advance(self, by: int) -> None:
        """So much more is done."""
        self.done += by
        self.total = max(self.total, self.done)
        self._show(self.done, self.total)


@contextmanager
def metered(title: str, out: OutputWrapper) -> Iterator[Meter]:
    """Yield a meter that is shown on `out`."""
    if out.isatty():
        with _bar() as bar:
            task = bar.add_task(title, total=None)
            yield Meter(lambda done, total: bar.update(task, completed=done, total=total))
    else:
        meter = Meter(_lines(title, out))
        yield meter
        out.write(f"{title}: {meter.done} of {meter.total}\n")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns)


def _lines(title: str, out: OutputWrapper) -> Callable[[int, int], None]:
    last = time.monotonic()

    def show(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            out.write(f"{title}: {done} of {total}\n")

    return show
