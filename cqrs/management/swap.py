"""The moment in which a rebuilt collection takes the place of the live one.

PostgreSQL holds every shard of the live projection for one short transaction. In it both subscriptions are brought to
one snapshot, in the fresh collection; then comes the rename, then the live checkpoints, then the commit. Whoever dies
after the rename leaves checkpoints that are too old, and a replay against the version guard changes nothing.

Only one thing could do harm: a rename that MongoDB still has in hand while its sender is dead and its locks are free.
A live worker would go on in the old collection, and the rename would then throw away what it wrote. So the live
subscription is paused first, on the database's clock, for longer than a rename may take.
"""

from django.db import transaction

from cqrs.errors import CqrsError
from cqrs.eventlog import checkpoint as checkpoints
from cqrs.eventlog import standstill, triage
from cqrs.eventlog.subscription import Subscription
from cqrs.eventlog.unread import has_passed
from cqrs.eventlog.window import take_snapshot
from cqrs.management.projections import Fresh, Projection
from cqrs.management.rebuild_failures import require_accepted

# Half of the pause has to be left when the rename begins, and MongoDB has to give it up well within that half.
PAUSE_SECONDS = 20.0


class SwapPutOff(CqrsError):
    """Too much had come in meanwhile to bring both sides to one snapshot quickly; nothing has changed."""

    def __init__(self, projection: str) -> None:
        super().__init__(f"the projection {projection!r} is too busy to be swapped now; nothing has changed")


def swap(
    projection: Projection, copying: Subscription, fresh: Fresh, *, accept_failures: int, pause_seconds: float
) -> None:
    """Let `fresh`, which `copying` has filled so far, take the place of the live collection.

    `pause_seconds` is for how long the live projection stands still where the swap does not end that itself.
    The live subscription is at the same snapshot afterwards, everything up to there is confirmed, and whatever either
    of the two could not project is parked for it and tried again.
    Raises SwapPutOff, FailuresNotAccepted, Unavailable. After the last, drop `fresh` before anything else.
    """
    standstill.pause(projection.name, pause_seconds)
    with transaction.atomic():
        shards = standstill.own_all(projection.name)
        # Before this transaction writes anything, so before it has an id.
        upto = take_snapshot()
        live = Subscription(
            projection.name,
            aggregate_type=projection.aggregate_type,
            handle=fresh.fill_and_confirm,
            heeds_pause=False,
        )
        for subscription in (copying, live):
            _bring_to(subscription, upto)
        require_accepted(copying.name, accept_failures)
        fresh.take_place(lambda: _require_time(projection.name, pause_seconds / 2))
        triage.bequeath(copying.name, projection.name)
        standstill.place(projection.name, shards=len(shards), read=upto)
        checkpoints.forget(copying.name)


def _bring_to(subscription: Subscription, snapshot: str) -> None:
    subscription.drain_to(snapshot)
    if not has_passed(subscription.name, aggregate_type=subscription.aggregate_type, upto=snapshot):
        raise SwapPutOff(subscription.name)


def _require_time(subscription: str, seconds: float) -> None:
    if not standstill.paused_for(subscription, seconds):
        raise SwapPutOff(subscription)
