"""Dead letters of a listener: a stream of their own, in which the events of a key stand in their order.

The first letter of a key is the event that failed. What comes later for that key is parked behind it; each letter is
put on the condition that the key's last letter is still there, so that nothing is parked behind what has just been
handled, and nothing overtakes what is still parked.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from nats.aio.client import Client

from cqrs.clock import now
from cqrs.publishers.jetstream.errors import RefusedByServer
from cqrs.publishers.jetstream.incoming_event import Delivery, IncomingEvent, event_from
from cqrs.publishers.jetstream.last_published import last_of_subject, parsed_headers
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.publishers.jetstream.outgoing_message import MESSAGE_ID
from cqrs.publishers.jetstream.publisher import EXPECTED_LAST, WRONG_LAST_SEQUENCE
from cqrs.publishers.jetstream.requests import MESSAGE_NOT_FOUND, SECONDS, STREAM_NOT_FOUND, answered, ask

STATE, ERROR, ERROR_TYPE = "Letter-State", "Letter-Error", "Letter-Error-Type"
ATTEMPTS, PLACE, EVENT_ID, AT = "Letter-Attempts", "Letter-Place", "Letter-Event-Id", "Letter-At"
OURS = "Letter-"
SERVERS = "Nats-"
FAILED, WAITING = "failed", "waiting"
LONGEST_ERROR = 500


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A parked event: `number` is its place among the letters, `place` that of the event in its stream.

    `state` is `failed` with the cause, or `waiting` behind an earlier one of its subject.
    """

    number: int
    subject: str
    event_id: str
    place: int
    state: str
    attempts: int
    error_type: str
    error: str
    parked_at: str
    headers: Mapping[str, str]
    payload: bytes
    stored_at: datetime

    def event(self) -> IncomingEvent:
        """Return the event. Raises msgspec.DecodeError where its payload is no JSON."""
        return event_from(
            subject=self.subject,
            headers={**self.headers, MESSAGE_ID: self.event_id},
            payload=self.payload,
            place=self.place,
            deliveries=1,
            stored_at=self.stored_at,
        )


async def numbers(client: Client, settings: ListenerSettings) -> dict[str, int]:
    """Return how many letters there are of each subject that has some. Raises Unavailable, RefusedByServer."""
    found: dict[str, int] = {}
    while True:
        question = {"subjects_filter": f"{settings.letter_prefix}>", "offset": len(found)}
        answer = await ask(client, f"STREAM.INFO.{settings.letters.name}", question)
        page = answer["state"].get("subjects") or {}
        found |= {subject.removeprefix(settings.letter_prefix): number for subject, number in page.items()}
        if not page or len(found) >= answer.get("total", len(found)):
            return found


async def last_letter(client: Client, settings: ListenerSettings, subject: str) -> int:
    """Return the number of the last letter of a subject, 0 where there is none. Raises Unavailable."""
    return (await last_of_subject(client, settings.letters.name, settings.letter_prefix + subject)).place


async def park(
    client: Client, settings: ListenerSettings, delivery: Delivery, cause: Mapping[str, str], *, behind: int
) -> bool:
    """Park a delivery behind that letter, 0 for none; say whether that still was the last one. Raises Unavailable."""
    headers = {name: value for name, value in delivery.headers.items() if not name.startswith((SERVERS, OURS))}
    headers |= {
        **cause,
        PLACE: str(delivery.place),
        EVENT_ID: delivery.event_id,
        AT: now().isoformat(),
        # Parked once, however often the answer is lost.
        MESSAGE_ID: f"letter-{delivery.place}",
        EXPECTED_LAST: str(behind),
    }
    subject = settings.letter_prefix + delivery.subject
    answer = await client.request(subject, delivery.payload, timeout=SECONDS, headers=headers)
    try:
        answered(answer.data)
    except RefusedByServer as error:
        if error.code in WRONG_LAST_SEQUENCE:
            return False
        raise
    return True


def failure(error: Exception, attempts: int) -> dict[str, str]:
    """Return the headers that say why an event is parked."""
    text = " ".join(str(error).encode("utf-8", "replace").decode().split())[:LONGEST_ERROR]
    return {STATE: FAILED, ERROR_TYPE: type(error).__name__, ERROR: text or "-", ATTEMPTS: str(attempts)}


async def first_letter(client: Client, settings: ListenerSettings, subject: str) -> Letter | None:
    """Return the oldest letter of a subject. Raises Unavailable."""
    return await letter_after(client, settings, 0, settings.letter_prefix + subject)


async def letter_after(client: Client, settings: ListenerSettings, number: int, filter_subject: str) -> Letter | None:
    """Return the first letter beyond that number whose subject in the stream of letters fits. Raises Unavailable."""
    question = {"seq": number + 1, "next_by_subj": filter_subject}
    try:
        answer = await ask(client, f"STREAM.MSG.GET.{settings.letters.name}", question)
    except RefusedByServer as error:
        if error.code in {MESSAGE_NOT_FOUND, STREAM_NOT_FOUND}:
            return None
        raise
    return _letter_of(answer["message"], settings)


async def remove(client: Client, settings: ListenerSettings, number: int) -> bool:
    """Remove a letter for good; say whether it was there. Raises Unavailable."""
    try:
        await ask(client, f"STREAM.MSG.DELETE.{settings.letters.name}", {"seq": number})
    except RefusedByServer:
        return False
    return True


async def wish(client: Client, settings: ListenerSettings, subject: str) -> None:
    """Have a process of the service try the letters of a subject again. Raises Unavailable, RefusedByServer."""
    answered((await client.request(settings.wish_prefix + subject, b"", timeout=SECONDS)).data)


def _letter_of(message: dict[str, Any], settings: ListenerSettings) -> Letter:
    headers = parsed_headers(base64.b64decode(message.get("hdrs", "")))
    return Letter(
        number=message["seq"],
        subject=message["subject"].removeprefix(settings.letter_prefix),
        event_id=headers.get(EVENT_ID, ""),
        place=int(headers.get(PLACE, "0")),
        state=headers.get(STATE, WAITING),
        attempts=int(headers.get(ATTEMPTS, "0")),
        error_type=headers.get(ERROR_TYPE, ""),
        error=headers.get(ERROR, ""),
        parked_at=headers.get(AT, ""),
        headers={name: value for name, value in headers.items() if not name.startswith((SERVERS, OURS))},
        payload=base64.b64decode(message.get("data", "")),
        stored_at=datetime.fromisoformat(message["time"]),
    )
