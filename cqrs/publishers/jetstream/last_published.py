"""What a subject holds last: the guard against publishing again what the duplicate window has forgotten.

An event with a sequence has its subject to its aggregate. So it is stored already if the last message there has this
sequence or a later one; otherwise it is published on the condition that this message still is the last one
(`Nats-Expected-Last-Subject-Sequence`), so that of two relays that publish it at the same time one is refused.
"""

import base64
from collections import OrderedDict

import msgspec
from nats.aio.client import Client

from cqrs.publishers.jetstream.errors import RefusedByServer
from cqrs.publishers.jetstream.outgoing_message import KEY, SEQUENCE
from cqrs.publishers.jetstream.requests import MESSAGE_NOT_FOUND, ask
from cqrs.publishers.outgoing_event import OutgoingEvent

MOST_SUBJECTS = 50_000


class Last(msgspec.Struct, frozen=True, kw_only=True):
    """The last message of a subject: its place in the stream, and whose which event it is, where it says so."""

    place: int = 0
    ordering_key: str | None = None
    sequence: int = 0


NOTHING = Last()


class LastPublished:
    """Remembers the last message of the subjects published to lately. For the loop's thread."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        self._known: OrderedDict[str, Last] = OrderedDict()

    async def before(self, client: Client, event: OutgoingEvent) -> Last | None:
        """Return what the subject holds before `event`, or None where it cannot guard this event."""
        if event.sequence is None:
            return None
        known = self._known.get(event.subject)
        if known is not None and known.sequence < event.sequence:
            return known if known.ordering_key == event.ordering_key else None
        if known is None and event.sequence == 1:
            # Nothing comes before the first one. Where that is wrong, the server says so.
            return NOTHING
        return await self._look(client, event)

    def published(self, event: OutgoingEvent, place: int) -> None:
        """Remember what the server has acknowledged."""
        if event.sequence is None:
            return
        self._known[event.subject] = Last(place=place, ordering_key=event.ordering_key, sequence=event.sequence)
        self._known.move_to_end(event.subject)
        if len(self._known) > MOST_SUBJECTS:
            self._known.popitem(last=False)

    def forget(self, subject: str) -> None:
        """Look at the stream the next time."""
        self._known.pop(subject, None)

    async def look_again(self, client: Client, event: OutgoingEvent) -> Last | None:
        """Return what the stream says, whatever is remembered."""
        self.forget(event.subject)
        return await self._look(client, event)

    async def _look(self, client: Client, event: OutgoingEvent) -> Last | None:
        last = await last_of_subject(client, self._stream, event.subject)
        return last if last.ordering_key in (None, event.ordering_key) else None


async def last_of_subject(client: Client, stream: str, subject: str) -> Last:
    """Return the last message of a subject as the stream's leader knows it. Raises Unavailable, RefusedByServer."""
    try:
        answer = await ask(client, f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject})
    except RefusedByServer as error:
        if error.code == MESSAGE_NOT_FOUND:
            return NOTHING
        raise
    message = answer["message"]
    headers = parsed_headers(base64.b64decode(message.get("hdrs", "")))
    sequence = headers.get(SEQUENCE, "")
    return Last(
        place=message["seq"],
        ordering_key=headers.get(KEY),
        sequence=int(sequence) if sequence.isdecimal() else 0,
    )


def parsed_headers(raw: bytes) -> dict[str, str]:
    """Return the headers of a stored message: after the first line one a line, name and value around a colon."""
    lines = raw.decode("utf-8", "replace").split("\r\n")[1:]
    parts = (line.partition(":") for line in lines if line)
    return {name.strip(): value.strip() for name, _, value in parts}
