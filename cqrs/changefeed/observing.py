"""What happens to a feed and somebody should know: told to whoever observes, for metrics and alarms."""

import logging
from collections.abc import Callable
from typing import Literal

import msgspec

logger = logging.getLogger(__name__)

Kind = Literal["resynchronising", "resynchronised", "dead_letter", "reconnecting", "reconnected", "behind"]


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a feed, or to the stream of a whole database (`feed` and `shard` are None then).

    `reason` says why a feed is resynchronised, or names the type of an error.
    """

    kind: Kind
    database: str
    feed: str | None = None
    shard: int | None = None
    reason: str | None = None


Observer = Callable[[Happening], None]


def tell(observer: Observer | None, happening: Happening) -> None:
    """Let the observer know. What it raises is logged and changes nothing."""
    if observer is None:
        return
    try:
        observer(happening)
    except Exception:
        logger.exception("observer failed", extra={"kind": happening.kind, "feed": happening.feed})
