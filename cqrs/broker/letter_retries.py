"""Handling dead letters again, where an operator has asked for that."""

from collections.abc import Callable
from functools import partial

import pymongo

from cqrs.broker import dead_letters
from cqrs.broker.circumstances import Circumstances
from cqrs.broker.failing import Failure, Persistence
from cqrs.broker.logs import Log
from cqrs.broker.message import ConsumerRecord
from cqrs.broker.positions import Claim

STORE_SECONDS = 3.0


def retry_letters(its: Circumstances, claim: Claim, persistence: Persistence, *, may_go_on: Callable[[], bool]) -> None:
    """Handle the letters of a partition that should be tried again; each that succeeds makes way for the next.

    Raises Interrupted where the partition has to be left, Fenced, Unavailable.
    """
    while may_go_on():
        with pymongo.timeout(STORE_SECONDS):
            letter = dead_letters.next_to_retry(its.store, claim)
        if letter is None:
            return
        failure = persistence.run(letter.record, partial(its.handling.handle_again, its.store, claim, letter))
        if failure is not None:
            dead_letters.park_again(its.store, claim, letter, failure)
            log_dead_letter(its.log, claim, letter.record, failure)


def log_dead_letter(log: Log, claim: Claim, record: ConsumerRecord, failure: Failure) -> None:
    """Say that a record was given up, and why."""
    fields = {
        "group": claim.group,
        "topic": claim.topic,
        "partition": claim.partition,
        "offset": record.offset,
        "error_type": type(failure.error).__name__,
        "attempts": len(failure.failed_at),
    }
    log.error("record became a dead letter", extra=fields)
