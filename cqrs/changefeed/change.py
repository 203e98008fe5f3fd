"""What a feed delivers: one change of one document."""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from bson import Timestamp

from cqrs.changefeed.share import Share, key_of

Operation = Literal["insert", "update", "delete"]
Origin = Literal["stream", "scan"]
Event = dict[str, Any]

# A replacement is an update whose description is the whole document.
OPERATIONS: dict[str, Operation] = {"insert": "insert", "update": "update", "replace": "update", "delete": "delete"}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a document.

    `document` is the whole document: as it was inserted or replaced, for an update as it was when the stream looked it
    up (so perhaps newer than the change), None after a deletion. `key` is what order is kept by, as text:
    `document_id`, or the value that the feed is ordered by.
    `cluster_time` and `wall_time` (aware, milliseconds) are the server's. `resume_point` is the stream's token behind
    which to go on. `origin` says `scan` where the document was found in the collection, with the time and the token of
    the scan's beginning.
    """

    feed: str
    operation: Operation
    key: str
    document_id: Any
    document: dict[str, Any] | None
    cluster_time: Timestamp
    wall_time: datetime
    resume_point: str
    origin: Origin = "stream"

    @property
    def document_key(self) -> str:
        """`document_id` as text."""
        return key_of(self.document_id)


def change_of(feed: str, share: Share, event: Event) -> Change:
    """Return the change that an event of a change stream tells of."""
    document_id, document = event["documentKey"]["_id"], event.get("fullDocument")
    return Change(
        feed=feed,
        operation=OPERATIONS[event["operationType"]],
        key=share.key(document_id, document),
        document_id=document_id,
        document=document,
        cluster_time=event["clusterTime"],
        wall_time=event["wallTime"],
        resume_point=event["_id"]["_data"],
    )


def scanned(
    feed: str, share: Share, document_id: Any, *, document: dict[str, Any] | None, operation: Operation, token: str
) -> Change:
    """Return the change that a scan has found, which began at `token`."""
    return Change(
        feed=feed,
        operation=operation,
        key=share.key(document_id, document),
        document_id=document_id,
        document=document,
        cluster_time=time_of(token),
        wall_time=wall_time_of(token),
        resume_point=token,
        origin="scan",
    )


def time_of(token: str) -> Timestamp:
    """Return the cluster time of a resume token.

    Tokens are hexadecimal and compare as their places in the history do ("Change Streams", MongoDB manual); they begin
    with a byte for the type and the eight of the cluster time.
    """
    return Timestamp(int(token[2:10], 16), int(token[10:18], 16))


def age(moment: datetime) -> float:
    """Return how many seconds ago the server's time was, by this machine's clock; never less than none."""
    return max(0.0, (datetime.now(UTC) - moment).total_seconds())


def wall_time_of(token: str) -> datetime:
    """Return the cluster time of a resume token as a time of the wall clock, to the second."""
    return datetime.fromtimestamp(time_of(token).time, UTC)
