"""Which groups read a topic."""

from pymongo.client_session import ClientSession

from cqrs.broker.mongodb import translated_outside
from cqrs.broker.store import Store


def groups_of(store: Store, topic: str, *, session: ClientSession | None = None) -> tuple[str, ...]:
    """Return the groups that read the topic, sorted: those that have ever subscribed and were not removed.

    A group is one whether or not it has members now. With a session it is as its transaction sees it. Raises
    Unavailable.
    """
    with translated_outside(session):
        found = store.groups.find({"_id.topic": topic}, {"_id": 1}, session=session)
        return tuple(sorted(document["_id"]["group"] for document in found))
