"""Changing the number of shards of a subscription while its workers run."""

from django.db import transaction

from cqrs.errors import SubscriptionError
from cqrs.eventlog.buckets import shard_ranges
from cqrs.eventlog.standstill import own_all, place
from cqrs.eventlog.subscription import Subscription
from cqrs.eventlog.unread import has_passed
from cqrs.eventlog.window import take_snapshot


def reshard(subscription: Subscription, shards: int) -> int:
    """Give a subscription another number of shards, in one transaction, and return the former one.

    Every shard is first brought to one snapshot, so no event falls between the old ranges and the new ones. Workers
    wait meanwhile, then see the new number and go on. Parked events keep their place: they belong to buckets.
    Raises UnknownSubscription, SubscriptionError, Unavailable; then nothing has changed.
    """
    shard_ranges(shards)
    with transaction.atomic():
        former = own_all(subscription.name)
        # Before this transaction writes anything, so before it has an id.
        upto = take_snapshot()
        subscription.drain_to(upto)
        if not has_passed(subscription.name, aggregate_type=subscription.aggregate_type, upto=upto):
            raise SubscriptionError(f"subscription {subscription.name!r} is paused; try again in a minute")
        place(subscription.name, shards=shards, read=upto)
    return len(former)
