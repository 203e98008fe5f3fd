"""Where a shard of a feed goes on: a token of the change stream and, before that, the rest of a scan."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from cqrs.changefeed.change import Change
from cqrs.changefeed.share import shard_of

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


class Former(msgspec.Struct, frozen=True, kw_only=True):
    """What was handled when the feed got another number of shards: by the former shard `n` all up to `tokens[n]`.

    `earlier` is what was handled beyond that by the shards before those.
    """

    tokens: tuple[str, ...]
    earlier: "Former | None" = None

    @property
    def until(self) -> str:
        """Behind this token nothing was handled."""
        last = max(self.tokens)
        return last if self.earlier is None else max(last, self.earlier.until)

    def has_handled(self, change: Change, *, is_of_all: bool) -> bool:
        """Whether a change of the stream was handled by its former shard, or by one where it was every shard's."""
        token = max(self.tokens) if is_of_all else self.tokens[shard_of(change.key, len(self.tokens))]
        if change.resume_point <= token:
            return True
        return self.earlier is not None and self.earlier.has_handled(change, is_of_all=is_of_all)


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """After the scan, if there is one, the stream is read behind `token`, which is older than the scan's beginning.

    `former` tells what behind that was handled already.
    """

    token: str
    scan: Scan | None = None
    former: Former | None = None


def stored(point: Point) -> dict[str, Any]:
    """Return the point as it is stored."""
    former = {} if point.former is None else {"former": _stored_former(point.former)}
    scan = point.scan
    if scan is None:
        return {"token": point.token, "scan": None, **former}
    after = None if scan.after is None else dict(scan.after)
    return {"token": point.token, "scan": {"reason": scan.reason, "phase": scan.phase, "after": after}, **former}


def point_of(document: Mapping[str, Any]) -> Point:
    """Return the point that a stored document holds."""
    scan = document["scan"]
    return Point(
        token=document["token"],
        scan=None if scan is None else Scan(reason=scan["reason"], phase=scan["phase"], after=scan["after"]),
        former=_former_of(document.get("former")),
    )


def _stored_former(former: Former) -> dict[str, Any]:
    earlier = None if former.earlier is None else _stored_former(former.earlier)
    return {"tokens": list(former.tokens), "earlier": earlier}


def _former_of(document: Mapping[str, Any] | None) -> Former | None:
    if document is None:
        return None
    return Former(tokens=tuple(document["tokens"]), earlier=_former_of(document["earlier"]))
