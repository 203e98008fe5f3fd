"""Mending what a check has found, guarded by what it saw."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from cqrs.eventlog import triage
from cqrs.eventlog.database import translated
from cqrs.eventlog.triage import Selection
from cqrs.isolate import isolate
from cqrs.management.check import Finding
from cqrs.management.projections import Projection, Refusal
from cqrs.messages import Recorded


def repair(projection: Projection, findings: Sequence[Finding]) -> list[Refusal]:
    """Write the documents that should be there, delete those that should not, append the confirmations missing.

    A document that has changed since it was read is left alone: somebody else has written it. Parked events of what is
    mended are tried again, which takes them out. Returns what was refused. Raises Unavailable.
    """
    mendings = [finding.mending for finding in findings if finding.mending]
    refusals = projection.documents.mend(mendings)
    refusals += _confirm(projection, [event for finding in findings for event in finding.unconfirmed])
    for aggregate_id in {finding.difference.id for finding in findings if finding.difference.parked_at}:
        triage.retry(projection.name, Selection(aggregate_id=UUID(aggregate_id)))
    return refusals


def _confirm(projection: Projection, events: Sequence[Recorded]) -> list[Refusal]:
    """Carry events through the live process again: documents that are there stay, and are confirmed."""

    def attempt(batch: Sequence[Recorded]) -> None:
        with translated(), transaction.atomic():
            projection.handle(batch)

    return [Refusal(id=str(event.aggregate_id), cause=str(error)) for event, error in isolate(events, attempt)]
