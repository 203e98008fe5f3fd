"""The work at hand: which instance does it, for which run, caused by what, within which trace, in what time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

DEFAULT_APP_ID = "STANDALONE"


@dataclass(frozen=True)
class Context:
    """What every command, event and log line carries along.

    `app_id` names the instance, `seed` the run (correlation), `causation_id` the message that caused this one,
    `traceparent` the W3C trace and `request_id` the HTTP request, where there is one. `patience` is the seconds that
    somebody who waits for this work grants a store for one answer.
    """

    app_id: str
    seed: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None
    request_id: str | None = None
    patience: float | None = None


_STANDALONE = Context(app_id=DEFAULT_APP_ID)
_current: ContextVar[Context] = ContextVar("cqrs_context", default=_STANDALONE)


def current() -> Context:
    """The context of this thread or task; outside any, a standalone one."""
    return _current.get()


@contextmanager
def use(context: Context) -> Iterator[Context]:
    """Make `context` the current one within the block; the former returns afterwards, also after an error."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
