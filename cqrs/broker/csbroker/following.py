"""Reading topics without a group: nothing is committed, so nobody's place moves."""

import threading
from collections.abc import Callable, Iterator, Mapping

from cqrs.broker import reading
from cqrs.broker.message import ConsumerRecord
from cqrs.broker.reading import Purged
from cqrs.broker.store import Store

POLL_SECONDS = 0.2
PAGE = 500


def follow(
    store: Store,
    *,
    topic: str,
    offsets: Mapping[int, int],
    until: Mapping[int, int] | None,
    on_purged: Callable[[int, Purged], None],
) -> Iterator[ConsumerRecord]:
    """Yield the records from the given offsets by partition on, in order within each; for ever, unless `until`.

    Purged offsets are told to `on_purged` and passed over. Raises Unavailable.
    """
    places = dict(offsets)
    never = threading.Event()
    while True:
        if until is not None and all(places[partition] >= until[partition] for partition in places):
            return
        more = _with_more(store, topic, places)
        for partition in more:
            page = reading.read(store, topic=topic, partition=partition, offset=places[partition], limit=PAGE)
            if page.purged is not None:
                on_purged(partition, page.purged)
            yield from (one for one in page.records if until is None or one.offset < until[partition])
            places[partition] = page.next_offset
        if not more:
            never.wait(POLL_SECONDS)


def _with_more(store: Store, topic: str, places: Mapping[int, int]) -> list[int]:
    ends = reading.latest_of_all(store, topic=topic)
    return [partition for partition, place in places.items() if ends.get(partition, 0) > place]
