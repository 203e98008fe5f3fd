"""Telling whoever counts what was appended, once it is committed."""

from collections.abc import Callable, Mapping

from django.db import transaction

Observer = Callable[[str, int], None]

_observers: list[Observer] = []


def observe_appends(observer: Observer) -> None:
    """Have `observer(stage, count)` called after each commit that appended events, in the thread that committed."""
    _observers.append(observer)


def tell_after_commit(counts: Mapping[str, int]) -> None:
    """Tell how many events of each stage were appended when the transaction commits; a rollback forgets them."""
    # Robust: what has been committed must not look like a failure because somebody could not count it.
    transaction.on_commit(lambda: _tell(counts), robust=True)


def _tell(counts: Mapping[str, int]) -> None:
    for observer in _observers:
        for stage, count in counts.items():
            observer(stage, count)
