"""What a stream holds, read apart from the code under test as far as the driver allows."""

import base64
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from nats.aio.client import Client

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.errors import RefusedByServer
from cqrs.publishers.jetstream.last_published import parsed_headers
from cqrs.publishers.jetstream.link import Link
from cqrs.publishers.jetstream.requests import MESSAGE_NOT_FOUND, STREAM_NOT_FOUND, ask

PATIENCE = 120.0


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a stream."""

    place: int
    subject: str
    headers: dict[str, str]
    data: Any

    @property
    def event_id(self) -> str:
        return self.headers["Nats-Msg-Id"]


class StreamView:
    """Looks at streams over a connection of its own."""

    def __init__(self, url: str) -> None:
        self._link = Link([url], name="view")

    def ask(self, request: str, body: Any = None) -> dict[str, Any]:
        """Ask JetStream's API."""
        return self._link.call(lambda client: ask(client, request, body), seconds=60)

    def state(self, stream: str) -> dict[str, Any]:
        """Return the numbers that the server has of a stream."""
        state: dict[str, Any] = self.ask(f"STREAM.INFO.{stream}")["state"]
        return state

    def messages(self, stream: str) -> list[Stored]:
        """Return all messages of a stream in their order; none where there is no such stream.

        A cluster that elects a leader answers later; that is waited for.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._link.call(lambda client: _messages(client, stream), seconds=PATIENCE)
            except Unavailable:
                if time.monotonic() > deadline:
                    raise

    def publish(self, subject: str, data: Any, headers: dict[str, str] | None = None) -> None:
        """Put a message into a stream."""
        self._link.call(
            lambda client: client.request(subject, msgspec.json.encode(data), timeout=5, headers=headers), seconds=10
        )

    def delete(self, *streams: str) -> None:
        """Delete streams, those that are there."""
        for stream in streams:
            try:
                self.ask(f"STREAM.DELETE.{stream}")
            except RefusedByServer as error:
                if error.code != STREAM_NOT_FOUND:
                    raise

    def close(self) -> None:
        self._link.close()


async def _messages(client: Client, stream: str) -> list[Stored]:
    found: list[Stored] = []
    try:
        place = 1
        while True:
            answer = await ask(client, f"STREAM.MSG.GET.{stream}", {"seq": place, "next_by_subj": ">"})
            found.append(_stored(answer["message"]))
            place = found[-1].place + 1
    except RefusedByServer as error:
        if error.code not in {MESSAGE_NOT_FOUND, STREAM_NOT_FOUND}:
            raise
    return found


def _stored(message: dict[str, Any]) -> Stored:
    return Stored(
        place=message["seq"],
        subject=message["subject"],
        headers=parsed_headers(base64.b64decode(message.get("hdrs", ""))),
        data=msgspec.json.decode(base64.b64decode(message["data"])) if message.get("data") else None,
    )


def event_ids(messages: Sequence[Stored]) -> list[str]:
    return [message.event_id for message in messages]
