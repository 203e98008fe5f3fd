"""Where a shard of a feed gets its changes from: a scan, a stream of its own while it is behind, the shared stream."""

import logging
import threading
import time
from typing import Literal

from pymongo.database import Database

from cqrs.broker.mongodb import Document
from cqrs.broker.store import Store
from cqrs.changefeed import database_stream
from cqrs.changefeed.change import OPERATIONS, Change, Event, age, change_of, wall_time_of
from cqrs.changefeed.config import FeedConfig
from cqrs.changefeed.errors import HistoryLost
from cqrs.changefeed.filtering import Filter
from cqrs.changefeed.handled_keys import HandledKeys
from cqrs.changefeed.inbox import Inbox, Sized, concerns
from cqrs.changefeed.observing import Happening, Observer, tell
from cqrs.changefeed.resume_point import Point, Reason, Scan
from cqrs.changefeed.scanning import Found, Scanner
from cqrs.changefeed.share import Share
from cqrs.changefeed.stream import Stream, token_now

logger = logging.getLogger(__name__)

Mode = Literal["scan", "own stream", "shared stream"]
# Short, because whoever reads has more to do than to wait.
OWN_AWAIT_MS = 20
# As much is taken at once at the most, if it is more than one change.
PAGE_BYTES = 4 * 1024 * 1024
# After so long without a word of MongoDB it is not known what there is.
UNHEARD_SECONDS = 5.0

ENDS: dict[str, Reason] = {"drop": "collection dropped", "dropDatabase": "collection dropped"}


class Source:
    """Reads on behind `point`. For one thread but `close`; `signal` is set when there may be something to take."""

    def __init__(
        self,
        feed: FeedConfig,
        share: Share,
        store: Store,
        database: Database[Document],
        point: Point,
        *,
        signal: threading.Event,
        observer: Observer | None,
    ) -> None:
        self.point = point
        self._former = point.former
        self._feed = feed
        self._share = share
        self._database = database
        self._signal = signal
        self._observer = observer
        self._filter = Filter(feed, database)
        handled = HandledKeys(store, feed.name)
        self._scanner = Scanner(feed, share, database[feed.collection], self._filter, handled)
        self._own: Stream | None = None
        self._inbox: Inbox | None = None
        self._has_joined = False
        self._is_near_end = False
        self._heard_at = 0.0

    @property
    def mode(self) -> Mode:
        if self.point.scan is not None:
            return "scan"
        return "shared stream" if self._has_joined else "own stream"

    def behind(self) -> float | None:
        """Return the age in seconds of what has not been taken yet; None where that is unknown."""
        inbox = self._inbox if self._has_joined else None
        heard_at = self._heard_at if inbox is None else inbox.heard_at
        if time.monotonic() - heard_at > UNHEARD_SECONDS:
            return None
        if inbox is not None:
            oldest = inbox.oldest
            return 0.0 if oldest is None and not inbox.is_cut else age(oldest or wall_time_of(self.point.token))
        return 0.0 if self._is_near_end and self.point.scan is None else age(wall_time_of(self.point.token))

    def take(self, limit: int) -> list[Found]:
        """Return what comes next, at least a place to go on from where that has moved. Raises Unavailable.

        Where the history is lost, or the collection has ended, that place begins a scan.
        """
        if self.point.scan is not None:
            found = self._scan(limit)
        elif self._has_joined:
            found = self._take_shared(limit)
        else:
            found = self._take_own(limit)
        if found:
            self.point = found[-1].point
        self._heard_at = time.monotonic()
        return found

    def close(self) -> None:
        """Give back streams."""
        self._leave()
        self._close_own()

    def _scan(self, limit: int) -> list[Found]:
        scan = self.point.scan
        found = self._scanner.page(self.point, limit)
        if found[-1].point.scan is None and scan is not None and scan.is_repair:
            logger.warning("change feed resynchronised", extra={**self._fields(), "reason": scan.reason})
            self._tell("resynchronised", scan.reason)
        return found

    def _take_shared(self, limit: int) -> list[Found]:
        assert self._inbox is not None
        events, token = self._inbox.take(limit, PAGE_BYTES)
        if not events and self._inbox.is_cut:
            logger.info("change feed is behind, on a stream of its own", extra=self._fields())
            self._tell("behind", None)
            self._leave()
            return []
        # It may have read further on its own stream than the shared one had come.
        found = self._found([one for one in events if one[0]["_id"]["_data"] > self.point.token])
        if token is not None and token > (found[-1].point if found else self.point).token:
            return self._and_then(found, token)
        return found

    def _take_own(self, limit: int) -> list[Found]:
        try:
            events, token, is_near_end = self._read_own(limit)
        except HistoryLost as error:
            self._close_own()
            self._leave()
            return [self._begin_scan("history lost", token_now(self._database), detail=error.reason)]
        except BaseException:
            self._close_own()
            raise
        self._is_near_end = is_near_end
        found = self._found(events)
        if token > (found[-1].point if found else self.point).token:
            found = self._and_then(found, token)
        if self._inbox is not None and self._inbox.is_cut and self._inbox.since is None:
            # The shared stream began anew before it had come to this one.
            self._leave()
        if is_near_end and self._inbox is None:
            self._join()
        return found

    def _read_own(self, limit: int) -> tuple[list[Sized], str, bool]:
        """Return events, a token behind which to go on, and whether it has nearly caught up."""
        if self._own is None:
            wanted = {self._feed.collection: self._feed.operations}
            self._own = Stream(self._database, wanted, after=self.point.token, await_ms=OWN_AWAIT_MS)
        events: list[Sized] = []
        room = PAGE_BYTES
        # What has been read should not wait for what comes.
        deadline = time.monotonic() + OWN_AWAIT_MS / 1000
        while len(events) < limit and room > 0 and self._own.is_alive and (not events or time.monotonic() < deadline):
            event = self._own.next()
            since = None if self._inbox is None else self._inbox.since
            if since is not None and self._own.token >= since:
                return self._switched(events, None if event is None else (event, self._own.size), since)
            if event is None:
                break
            events.append((event, self._own.size))
            room -= self._own.size
        token = self._own.token
        is_near_end = self._own.is_near_end
        if not self._own.is_alive:
            # Invalidated: the next one goes on behind that.
            self._close_own()
        return events, token, is_near_end

    def _switched(self, events: list[Sized], last: Sized | None, since: str) -> tuple[list[Sized], str, bool]:
        """Go on with the shared stream: what is behind `since` comes from there."""
        if last is not None and last[0]["_id"]["_data"] <= since:
            events.append(last)
        self._close_own()
        self._has_joined = True
        self._signal.set()
        return events, since, False

    def _found(self, events: list[Sized]) -> list[Found]:
        """Return what the events tell this shard, up to one that ends the collection."""
        changes: list[tuple[Change, int]] = []
        for event, size in events:
            if event["operationType"] not in OPERATIONS:
                if concerns(event, self._feed.collection):
                    begun = self._begin_scan(self._why(event), event["_id"]["_data"])
                    self._leave()
                    self._close_own()
                    return [*self._passed(changes), begun]
                continue
            change = change_of(self._feed.name, self._share, event)
            if self._share.has(change.document_id, change.document) and not self._was_handled(change):
                changes.append((change, size))
        return self._passed(changes)

    def _passed(self, changes: list[tuple[Change, int]]) -> list[Found]:
        return [
            Found(point=self._at(change.resume_point), change=result.change, refusal=result.refusal, size=size)
            for (change, size), result in zip(changes, self._filter.passing([one for one, _ in changes]), strict=True)
        ]

    def _and_then(self, found: list[Found], token: str) -> list[Found]:
        if found and found[-1].point.scan is not None:
            return found
        return [*found, Found(point=self._at(token))]

    def _at(self, token: str) -> Point:
        if self._former is not None and token >= self._former.until:
            self._former = None
        return Point(token=token, former=self._former)

    def _was_handled(self, change: Change) -> bool:
        is_of_all = self._share.is_of_all(change.document)
        return self._former is not None and self._former.has_handled(change, is_of_all=is_of_all)

    def _begin_scan(self, reason: Reason, token: str, *, detail: str | None = None) -> Found:
        # Loud: what was promised as a stream was interrupted, and a scan takes its time and delivers things again.
        logger.error(
            "change feed has to be resynchronised by a scan",
            extra={**self._fields(), "reason": reason, "detail": detail, "lost_behind": self.point.token},
        )
        self._tell("resynchronising", reason)
        # The scan finds all of that as well.
        self._former = None
        return Found(point=Point(token=token, scan=Scan(reason=reason)))

    def _why(self, event: Event) -> Reason:
        if event["operationType"] == "rename":
            away = event["ns"]["coll"] == self._feed.collection
            return "collection renamed" if away else "collection replaced"
        return ENDS[event["operationType"]]

    def _join(self) -> None:
        self._inbox = Inbox(self._feed.collection, self._feed.operations, self._share, signal=self._signal)
        database_stream.join(self._database, self._inbox, self._observer)

    def _leave(self) -> None:
        inbox, self._inbox = self._inbox, None
        self._has_joined = False
        if inbox is not None:
            database_stream.leave(self._database, inbox)

    def _close_own(self) -> None:
        own, self._own = self._own, None
        if own is not None:
            own.close()

    def _tell(self, kind: Literal["resynchronising", "resynchronised", "behind"], reason: str | None) -> None:
        happening = Happening(
            kind=kind, database=self._database.name, feed=self._feed.name, shard=self._share.shard, reason=reason
        )
        tell(self._observer, happening)

    def _fields(self) -> dict[str, object]:
        return {"feed": self._feed.name, "shard": self._share.shard}
