"""Telling that a change became a dead letter: by the log, and to the observer."""

from cqrs.broker.failing import Failure
from cqrs.broker.positions import Claim
from cqrs.changefeed.change import Change
from cqrs.changefeed.circumstances import Circumstances
from cqrs.changefeed.observing import Happening, tell


def note_dead_letter(its: Circumstances, claim: Claim, change: Change, failure: Failure) -> None:
    """Say that nobody tries this change any more."""
    feed, reason = its.feed, type(failure.error).__name__
    its.log.error(
        "change became a dead letter",
        extra={
            "feed": feed.name,
            "shard": claim.partition,
            "epoch": claim.epoch,
            "resume_point": change.resume_point,
            "error_type": reason,
            "attempts": len(failure.failed_at),
        },
    )
    tell(
        its.observer,
        Happening(kind="dead_letter", database=feed.database, feed=feed.name, shard=claim.partition, reason=reason),
    )
