"""Changes that a feed could not handle, and the later ones of their documents, which wait behind them in order.

They are dead letters as the broker has them, filed under the feed's name: `listing`, `get`, `retry` and `discard` of
`cqrs.broker.dead_letters` do the work, and the broker's command line can show them.
"""

from typing import Any

from bson import encode

from cqrs.broker import dead_letters
from cqrs.broker.checking import LARGEST_MESSAGE
from cqrs.broker.dead_letters import DeadLetter
from cqrs.broker.message import ConsumerRecord, Message
from cqrs.broker.positions import Claim
from cqrs.broker.store import CODEC, Store
from cqrs.changefeed.change import Change
from cqrs.changefeed.config import FeedConfig

# A document that nearly fills what MongoDB allows does not fit into a letter: a retry then reads it anew.
LEFT_OUT = "documentLeftOut"
# The feed's pipeline failed for the change: a retry runs it first.
REFUSED = "refusedByPipeline"


def listing(store: Store, feed: str, *, key: str | None = None, limit: int = 100) -> list[DeadLetter]:
    """Return the letters of a feed by shard and order; `change_of_letter` tells what is in one. Raises Unavailable."""
    return dead_letters.listing(store, group=feed, key=key, limit=limit)


def get(store: Store, letter_id: str) -> DeadLetter | None:
    """Return one letter, or None. Raises Unavailable."""
    return dead_letters.get(store, letter_id)


def retry(store: Store, feed: FeedConfig, *, key: str | None = None, letter_id: str | None = None) -> int:
    """Have parked changes tried again, and behind each what waits for it; return how many were parked.

    The owner of the shard does it within a second or so, or whoever owns it next. Raises Unavailable.
    """
    return dead_letters.retry(store, group=feed.name, topic=feed.topic, key=key, letter_id=letter_id)


def discard(store: Store, letter_id: str) -> bool:
    """Give a change up for good; what waits behind it is tried next. False where there is no such letter.

    Raises Unavailable.
    """
    return dead_letters.discard(store, letter_id)


def record_of(change: Change, claim: Claim, number: int, *, is_refused: bool = False) -> ConsumerRecord:
    """Return the change as the broker's record: what letters hold."""
    value: dict[str, Any] = {
        "operation": change.operation,
        "documentId": change.document_id,
        "document": change.document,
        "clusterTime": change.cluster_time,
        "wallTime": change.wall_time,
        "resumePoint": change.resume_point,
        "origin": change.origin,
    }
    if change.document is not None and len(encode(value, codec_options=CODEC)) > LARGEST_MESSAGE:
        value |= {"document": None, LEFT_OUT: True}
    if is_refused:
        value[REFUSED] = True
    return ConsumerRecord(
        topic=claim.topic,
        partition=claim.partition,
        offset=number,
        message=Message(key=change.key, value=value, timestamp=change.wall_time),
        timestamp=change.wall_time,
    )


def change_of_letter(letter: DeadLetter) -> Change:
    """Return the change that is in a letter; its document is None where it was too large to be kept there."""
    value = letter.record.message.value
    assert letter.record.message.key is not None
    return Change(
        feed=letter.group,
        operation=value["operation"],
        key=letter.record.message.key,
        document_id=value["documentId"],
        document=value["document"],
        cluster_time=value["clusterTime"],
        wall_time=value["wallTime"],
        resume_point=value["resumePoint"],
        origin=value["origin"],
    )


def lacks_document(letter: DeadLetter) -> bool:
    """Whether the document was too large for the letter."""
    return LEFT_OUT in letter.record.message.value


def was_refused(letter: DeadLetter) -> bool:
    """Whether the feed's pipeline failed for the change."""
    return REFUSED in letter.record.message.value
