"""Comparing both stores with the log, in batches of bounded size, while everything goes on.

Nothing that is under way is taken for a difference. A snapshot is taken first, and the subscription given time to pass
it: from then on a document has at least the version that was visible there. A document that does not look like the
newest event is read once more, and then its version decides which event it has to look like.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

import msgspec
from django.db import connection, transaction

from cqrs.errors import CqrsError, RecordError
from cqrs.eventlog import triage
from cqrs.eventlog.states import History, Range, histories, newest_states, unconfirmed_states
from cqrs.eventlog.unread import count_unread, has_passed
from cqrs.eventlog.window import take_snapshot
from cqrs.management.differences import Difference, Kind, compare_document, compare_row, is_version
from cqrs.management.projections import Document, Mending, Projection, Row
from cqrs.messages import Recorded

V = TypeVar("V")

BATCH = 500
POLL_SECONDS = 0.1
# Rows and log in one snapshot; nothing is written.
SEE_ONE_MOMENT = "set transaction isolation level repeatable read, read only"


class StillBehind(CqrsError):
    """The subscription did not get as far as the log was when the check began, so nothing can be said yet."""

    def __init__(self, subscription: str, unread: int, seconds: float) -> None:
        super().__init__(
            f"subscription {subscription!r} still has {unread} events to read after {seconds:g} s: does its worker run?"
        )


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A difference, and what would mend it: a document to write, events to carry through the process again."""

    difference: Difference
    mending: Mending | None = None
    unconfirmed: tuple[Recorded, ...] = ()


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What one batch has shown: how many aggregates it held and what is wrong with them."""

    aggregates: int
    findings: list[Finding]


def check(projection: Projection, *, wait_seconds: float) -> Iterator[Checked]:
    """Compare everything, in order of the ids.

    Raises StillBehind where the subscription does not get up to date in time, SubscriptionError, Unavailable.
    """
    snapshot = _wait_until_passed(projection, wait_seconds)
    for document in projection.documents.strangers():
        yield Checked(aggregates=0, findings=[_stray(document)])
    after: UUID | None = None
    while True:
        batch = _read_batch(projection, after)
        yield _Comparison(projection, snapshot).compare(batch)
        if batch.ids.until is None:
            return
        after = batch.ids.until


class _Batch(msgspec.Struct, frozen=True, kw_only=True):
    """All that there is in a range of ids."""

    ids: Range
    newest: dict[UUID, Recorded]
    rows: dict[UUID, Row]
    documents: dict[UUID, Document]


def _wait_until_passed(projection: Projection, seconds: float) -> str:
    snapshot = take_snapshot()
    scope = {"aggregate_type": projection.aggregate_type, "upto": snapshot}
    deadline = time.monotonic() + seconds
    while not has_passed(projection.name, **scope):
        if time.monotonic() > deadline:
            raise StillBehind(projection.name, count_unread(projection.name, **scope), seconds)
        time.sleep(POLL_SECONDS)
    return snapshot


def _read_batch(projection: Projection, after: UUID | None) -> _Batch:
    # Documents first: whatever they were built from is in the log by then.
    documents = {document["_id"]: document for document in projection.documents.page(after, BATCH)}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SEE_ONE_MOMENT)
        states = newest_states(projection.aggregate_type, after=after, limit=BATCH)
        newest = {state.aggregate_id: state for state in states}
        rows = projection.rows.page(after, BATCH)
    # A full page may have more behind it, so the batch ends where the first of the full pages does.
    until = min((max(page) for page in (documents, newest, rows) if len(page) == BATCH), default=None)
    return _Batch(
        ids=Range(after=after, until=until),
        newest=_up_to(until, newest),
        rows=_up_to(until, rows),
        documents=_up_to(until, documents),
    )


def _up_to(until: UUID | None, page: Mapping[UUID, V]) -> dict[UUID, V]:
    return {key: value for key, value in page.items() if until is None or key <= until}


class _Comparison:
    """Judges batches with the knowledge that the subscription has passed a snapshot."""

    def __init__(self, projection: Projection, snapshot: str) -> None:
        self._projection = projection
        self._documents = projection.documents
        self._snapshot = snapshot

    def compare(self, batch: _Batch) -> Checked:
        ids = sorted({*batch.newest, *batch.documents, *batch.rows})
        suspects = [key for key in ids if not self._as_expected(batch.newest.get(key), batch.documents.get(key))]
        findings = [
            *self._row_findings(ids, batch),
            *self._document_findings(suspects),
            *self._unconfirmed_findings(batch.ids),
        ]
        return Checked(aggregates=len(batch.newest), findings=self._with_parked(findings))

    def _as_expected(self, newest: Recorded | None, found: Document | None) -> bool:
        if newest is None or found is None:
            return newest is None and found is None
        try:
            return self._compare(newest, found) is None
        except RecordError:
            return False

    def _compare(self, event: Recorded, found: Document | None) -> Difference | None:
        expected = self._documents.expected(event)
        return compare_document(str(event.aggregate_id), expected, found, incidental=self._documents.incidental)

    def _row_findings(self, ids: Sequence[UUID], batch: _Batch) -> Iterator[Finding]:
        for key in ids:
            newest, row = batch.newest.get(key), batch.rows.get(key)
            try:
                expected = None if newest is None else self._projection.rows.expected(newest)
            except RecordError:
                continue
            if difference := compare_row(str(key), expected, row):
                yield Finding(difference=difference)

    def _document_findings(self, suspects: Sequence[UUID]) -> Iterator[Finding]:
        if not suspects:
            return
        again = {document["_id"]: document for document in self._documents.find(suspects)}
        known = histories(self._projection.aggregate_type, suspects, snapshot=self._snapshot)
        for key in suspects:
            finding = self._judge(known.get(key), again.get(key))
            if finding:
                yield finding

    def _judge(self, history: History | None, found: Document | None) -> Finding | None:
        if history is None:
            return None if found is None else _stray(found)
        event = self._must_look_like(history, found)
        if event is None:
            return None
        key = str(event.aggregate_id)
        try:
            difference = self._compare(event, found)
            wanted = self._documents.expected(event)
        except RecordError as error:
            return Finding(difference=Difference(id=key, kind=Kind.UNREADABLE, cause=str(error)))
        if found is not None and _is_ahead(history, found):
            difference = Difference(id=key, kind=Kind.AHEAD, expected=event.version, found=found["version"])
        return Finding(difference=difference, mending=Mending(wanted=wanted, found=found)) if difference else None

    def _must_look_like(self, history: History, found: Document | None) -> Recorded | None:
        """Return the event that the document must have been built from; None where it need not be there yet."""
        if found is None:
            return history.settled
        settled = history.settled.version or 0 if history.settled else 0
        if is_version(found) and found["version"] >= settled:
            built_from = [state for state in history.states if state.version == found["version"]]
            return built_from[0] if built_from else history.states[-1]
        return history.settled or history.states[-1]

    def _unconfirmed_findings(self, ids: Range) -> Iterator[Finding]:
        events: dict[UUID, list[Recorded]] = {}
        for event in unconfirmed_states(self._projection.aggregate_type, ids, snapshot=self._snapshot):
            events.setdefault(event.aggregate_id, []).append(event)
        for key, missing in events.items():
            versions = tuple(event.version or 0 for event in missing)
            difference = Difference(id=str(key), kind=Kind.UNCONFIRMED, versions=versions)
            yield Finding(difference=difference, unconfirmed=tuple(missing))

    def _with_parked(self, findings: Sequence[Finding]) -> list[Finding]:
        if not findings:
            return []
        parked = triage.first_parked(self._projection.name, {finding.difference.id for finding in findings})
        return [
            msgspec.structs.replace(
                finding,
                difference=msgspec.structs.replace(finding.difference, parked_at=parked.get(finding.difference.id)),
            )
            for finding in findings
        ]


def _is_ahead(history: History, found: Document) -> bool:
    return is_version(found) and found["version"] > (history.states[-1].version or 0)


def _stray(found: Document) -> Finding:
    return Finding(
        difference=Difference(id=str(found["_id"]), kind=Kind.STRAY), mending=Mending(wanted=None, found=found)
    )
