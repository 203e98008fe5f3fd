"""Where a shard of a feed goes on: a token of the change stream and, before that, the rest of a scan."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

# `beginning` delivers what was there before the feed; `learning` only remembers it, for a feed that starts with what
# comes; the others say what went wrong.
Reason = Literal[
    "beginning",
    "learning",
    "history lost",
    "collection dropped",
    "collection renamed",
    "collection replaced",
]
Phase = Literal["documents", "missing"]


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """A scan that is not finished: of the collection's documents, then of remembered keys that are missing there.

    `after` is the last place of the phase that is done: {"_id": …}, {"key": …}, or None at its beginning.
    """

    reason: Reason
    phase: Phase = "documents"
    after: Mapping[str, Any] | None = None

    @property
    def is_repair(self) -> bool:
        """Whether the history was lost, so that it looks for what was missed."""
        return self.reason not in {"beginning", "learning"}


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """After the scan, if there is one, the stream is read behind `token`, which is older than the scan's beginning."""

    token: str
    scan: Scan | None = None


def stored(point: Point) -> dict[str, Any]:
    """Return the point as it is stored."""
    scan = point.scan
    if scan is None:
        return {"token": point.token, "scan": None}
    after = None if scan.after is None else dict(scan.after)
    return {"token": point.token, "scan": {"reason": scan.reason, "phase": scan.phase, "after": after}}


def point_of(document: Mapping[str, Any]) -> Point:
    """Return the point that a stored document holds."""
    scan = document["scan"]
    return Point(
        token=document["token"],
        scan=None if scan is None else Scan(reason=scan["reason"], phase=scan["phase"], after=scan["after"]),
    )
