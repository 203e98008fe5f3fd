"""Publishing to a stream: many events on their way at once, each acknowledged by a disk before it counts."""

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from functools import partial

from nats.aio.client import Client

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.errors import STORE, RefusedByServer
from cqrs.publishers.jetstream.last_published import Last, LastPublished
from cqrs.publishers.jetstream.link import Link
from cqrs.publishers.jetstream.outgoing_message import OutgoingMessage, message_of
from cqrs.publishers.jetstream.requests import STREAM_NOT_FOUND, answered
from cqrs.publishers.jetstream.settings import JetStreamSettings
from cqrs.publishers.jetstream.stream import ensure_stream
from cqrs.publishers.lines import lines_of
from cqrs.publishers.outgoing_event import OutgoingEvent
from cqrs.publishers.publisher import Outcome, Published, Refused, Withheld, is_any_known

logger = logging.getLogger(__name__)

EXPECTED_STREAM = "Nats-Expected-Stream"
EXPECTED_LAST = "Nats-Expected-Last-Subject-Sequence"
# JetStream's numbers of what an event is to blame for, and of a lost race.
TOO_LARGE = {10054, 10097}
WRONG_LAST_SEQUENCE = {10071, 10164}
OTHER_STREAM = {10060, STREAM_NOT_FOUND}
# The stream is sealed, its server is low on resources, or an earlier attempt waits for its majority: not now.
NOT_NOW = {10109, 10023, 10047, 10077, 10158}
MOST_TRIES = 3


class JetStreamPublisher:
    """Publishes to one stream, which it creates if it is missing; a `cqrs.publishers.publisher.Publisher`.

    An event goes out with its id as `Nats-Msg-Id`, so that the server drops a repetition within the duplicate window,
    and with a sequence under the condition that `last_published` describes, which holds beyond it.
    """

    def __init__(self, settings: JetStreamSettings) -> None:
        self._settings = settings
        self._link = Link(settings.servers, name=settings.client_id)
        self._last = LastPublished(settings.stream.name)
        self._prepared: Client | None = None

    def publish(self, events: Sequence[OutgoingEvent], *, seconds: float = math.inf) -> Sequence[Outcome]:
        """Publish the events; see the port. An outage is noticed within seconds, however many events there are."""
        until = time.monotonic() + seconds
        messages = [message_of(event, self._settings.stream.subjects) for event in events]
        if not events:
            return []
        lines = lines_of(events)
        rounds = len(events) // self._settings.window + max(map(len, lines))
        longest = 2 * self._settings.ack_seconds
        outcomes: list[Outcome] = [Withheld()] * len(events)
        work = partial(self._publish_all, messages=messages, lines=lines, outcomes=outcomes, until=until)
        try:
            self._link.call(work, seconds=min(longest * rounds, longest + max(0.0, seconds)))
        except Unavailable:
            if not is_any_known(outcomes):
                raise
        return outcomes

    def prepare(self) -> list[str]:
        """Create the stream if it is missing; return in what the one that is there differs. Raises Unavailable."""
        return self._link.call(
            lambda client: ensure_stream(client, self._settings.stream), seconds=2 * self._settings.ack_seconds
        )

    def close(self) -> None:
        """Give back the connection and its thread."""
        self._link.close()

    async def _publish_all(
        self,
        client: Client,
        *,
        messages: Sequence[OutgoingMessage | Refused],
        lines: Sequence[Sequence[int]],
        outcomes: list[Outcome],
        until: float,
    ) -> None:
        """Put into `outcomes` what becomes of the messages, as soon as it is known."""
        if self._prepared is not client:
            await self._prepare(client)
        window = asyncio.Semaphore(self._settings.window)

        async def publish(line: Sequence[int]) -> None:
            for place in line:
                async with window:
                    if time.monotonic() >= until:
                        return
                    outcomes[place] = await self._published(client, messages[place])
                if not isinstance(outcomes[place], Published):
                    return

        try:
            async with asyncio.TaskGroup() as group:
                for line in lines:
                    group.create_task(publish(line))
        except BaseExceptionGroup as errors:
            self._forget(messages)
            first = errors.exceptions[0]
            raise first from first.__cause__
        except asyncio.CancelledError:
            self._forget(messages)
            raise

    async def _prepare(self, client: Client) -> None:
        try:
            await ensure_stream(client, self._settings.stream)
        except RefusedByServer as error:
            # No event is to blame: the server lacks room for the stream, or another one has its subjects.
            extra = {"stream": self._settings.stream.name, "error": str(error)}
            logger.error("NATS refuses the stream", extra=extra)  # noqa: TRY400 - the error says it all
            raise Unavailable(STORE) from error
        self._prepared = client

    def _forget(self, messages: Sequence[OutgoingMessage | Refused]) -> None:
        for message in messages:
            if isinstance(message, OutgoingMessage):
                self._last.forget(message.event.subject)

    async def _published(self, client: Client, message: OutgoingMessage | Refused) -> Outcome:
        if isinstance(message, Refused):
            return message
        if message.size > client.max_payload:
            return Refused(code="too_large", error=f"{message.size:,} bytes of {client.max_payload:,} allowed")
        return await self._publish(client, message)

    async def _publish(self, client: Client, message: OutgoingMessage) -> Outcome:
        event = message.event
        before = await self._last.before(client, event)
        for _ in range(MOST_TRIES):
            if before is not None and event.sequence is not None and before.sequence >= event.sequence:
                return Published(duplicate=True)
            try:
                return await self._send(client, message, before)
            except RefusedByServer as error:
                if error.code in WRONG_LAST_SEQUENCE:
                    before = await self._last.look_again(client, event)
                    continue
                if error.code in OTHER_STREAM | NOT_NOW:
                    self._prepared = None
                    raise Unavailable(STORE) from error
                code = "too_large" if error.code in TOO_LARGE else f"jetstream_{error.code}"
                return Refused(code=code, error=error.reason)
        # Somebody else publishes to this subject faster than we can look.
        raise Unavailable(STORE)

    async def _send(self, client: Client, message: OutgoingMessage, before: Last | None) -> Published:
        event = message.event
        headers = {**message.headers, EXPECTED_STREAM: self._settings.stream.name}
        if before is not None:
            headers[EXPECTED_LAST] = str(before.place)
        try:
            answer = await client.request(
                event.subject, message.payload, timeout=self._settings.ack_seconds, headers=headers
            )
        except BaseException:
            # Nobody answers where there is no stream any more: the next call makes it anew.
            self._prepared = None
            raise
        acknowledged = answered(answer.data)
        if acknowledged.get("duplicate", False):
            self._last.forget(event.subject)
            return Published(duplicate=True)
        self._last.published(event, acknowledged["seq"])
        return Published()
