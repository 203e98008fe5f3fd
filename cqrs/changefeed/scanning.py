"""Reading a collection for what the stream does not tell: what was there before it, and what was lost of it.

The token of the stream was taken before the scan begins, and the scan reads behind it (causally), so that there is no
gap between them. A document that changes meanwhile comes twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import pymongo
from bson import Timestamp, decode
from bson.raw_bson import RawBSONDocument
from pymongo import ASCENDING
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from cqrs.broker.mongodb import Document, translated
from cqrs.changefeed.change import Change, Operation, scanned, time_of
from cqrs.changefeed.config import FeedConfig
from cqrs.changefeed.filtering import Filter
from cqrs.changefeed.handled_keys import HandledKeys, digest
from cqrs.changefeed.resume_point import Point, Scan
from cqrs.changefeed.share import Share, key_of

SECONDS = 10.0
# Of documents, read at once; one at least is read.
PAGE_BYTES = 4 * 1024 * 1024
BY_ID = [("_id", ASCENDING)]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A place that was reached, and the point to go on from; `change` is what was found there.

    It is to be delivered, or only noted as handled where it is no news; with a `refusal` its pipeline failed. `size` is
    about its bytes.
    """

    point: Point
    change: Change | None = None
    is_news: bool = True
    refusal: Exception | None = None
    size: int = 0


class Scanner:
    """Scans for one shard of a feed. Not for several threads; raises Unavailable."""

    def __init__(
        self, feed: FeedConfig, share: Share, collection: Collection[Document], passing: Filter, handled: HandledKeys
    ) -> None:
        self._feed = feed
        self._share = share
        self._collection = collection
        self._filter = passing
        self._handled = handled

    def page(self, point: Point, limit: int) -> list[Found]:
        """Return what comes behind `point`, which has a scan; with the last one the scan may be over."""
        assert point.scan is not None
        with translated(), pymongo.timeout(SECONDS):
            if point.scan.phase == "documents":
                return self._documents(point.token, point.scan, limit)
            return self._missing(point.token, point.scan, limit)

    def _documents(self, token: str, scan: Scan, limit: int) -> list[Found]:
        documents = self._read(scan, time_of(token), limit)
        if not documents:
            ends = Scan(reason=scan.reason, phase="missing") if scan.is_repair and self._feed.remember else None
            return [Found(point=Point(token=token, scan=ends))]
        feed, share = self._feed.name, self._share
        changes = [
            (scanned(feed, share, document["_id"], document=document, operation="insert", token=token), size)
            for document, size in documents
            if share.has(document["_id"], document)
        ]
        last = msgspec.structs.replace(scan, after={"_id": documents[-1][0]["_id"]})
        return [*self._news(changes, scan, token), Found(point=Point(token=token, scan=last))]

    def _news(self, changes: Sequence[tuple[Change, int]], scan: Scan, token: str) -> list[Found]:
        passed = self._filter.passing([change for change, _ in changes])
        keys = [one.change.document_key for one in passed if one.change is not None]
        known = self._handled.known(keys) if self._feed.remember and keys else {}
        found = []
        for (_, size), one in zip(changes, passed, strict=True):
            if one.change is None:
                continue
            operation = self._operation(one.change, known)
            if operation is None:
                continue
            point = Point(token=token, scan=msgspec.structs.replace(scan, after={"_id": one.change.document_id}))
            change = msgspec.structs.replace(one.change, operation=operation)
            is_news = scan.reason != "learning"
            found.append(Found(point=point, change=change, is_news=is_news, refusal=one.refusal, size=size))
        return found

    def _operation(self, change: Change, known: Mapping[str, bytes]) -> Operation | None:
        """Return what has happened to a document since it was handled; None for nothing that is wanted."""
        if change.document_key not in known:
            return "insert"
        is_changed = "update" in self._feed.operations and known[change.document_key] != digest(change.document)
        return "update" if is_changed else None

    def _missing(self, token: str, scan: Scan, limit: int) -> list[Found]:
        after = None if scan.after is None else scan.after["key"]
        keys = self._handled.page(after, limit)
        if not keys:
            return [Found(point=Point(token=token))]
        present = self._present([document_id for _, document_id in keys], time_of(token))
        found = []
        for key, document_id in keys:
            if key not in present and self._share.has_key(key):
                point = Point(token=token, scan=msgspec.structs.replace(scan, after={"key": key}))
                change = scanned(
                    self._feed.name, self._share, document_id, document=None, operation="delete", token=token
                )
                found.append(Found(point=point, change=change, is_news="delete" in self._feed.operations))
        last = msgspec.structs.replace(scan, after={"key": keys[-1][0]})
        return [*found, Found(point=Point(token=token, scan=last))]

    def _read(self, scan: Scan, since: Timestamp, limit: int) -> list[tuple[Document, int]]:
        with self._session(since) as session:
            codec = self._collection.codec_options
            raw = self._collection.with_options(codec_options=codec.with_options(document_class=RawBSONDocument))
            found = raw.find(session=session).sort(BY_ID).hint(BY_ID)
            if scan.after is not None:
                # A comparison in a query would find values of the same type only.
                found = found.min([("_id", scan.after["_id"])])
            # The one that is there already may be among them.
            return self._page_of(found.limit(limit + 1), scan.after)

    def _page_of(self, found: Iterable[RawBSONDocument], after: Mapping[str, Any] | None) -> list[tuple[Document, int]]:
        page: list[tuple[Document, int]] = []
        room = PAGE_BYTES
        for raw in found:
            document = decode(raw.raw, self._collection.codec_options)
            if after is not None and document["_id"] == after["_id"]:
                continue
            page.append((document, len(raw.raw)))
            room -= len(raw.raw)
            if room <= 0:
                break
        return page

    def _present(self, ids: Sequence[Any], since: Timestamp) -> set[str]:
        with self._session(since) as session:
            found = self._collection.find({"_id": {"$in": list(ids)}}, {"_id": 1}, session=session)
            return {key_of(one["_id"]) for one in found}

    def _session(self, since: Timestamp) -> ClientSession:
        session = self._collection.database.client.start_session(causal_consistency=True)
        session.advance_operation_time(since)
        return session
