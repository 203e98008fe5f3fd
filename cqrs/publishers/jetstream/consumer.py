"""A durable pull consumer: what the server is asked to remember for a service, and pulling messages through it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.errors import STORE, RefusedByServer
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.publishers.jetstream.requests import CONSUMER_NOT_FOUND, PREFIX, ask
from cqrs.publishers.jetstream.stream import NANOSECONDS, differences

logger = logging.getLogger(__name__)

GROUP = "one"
PIN = "Nats-Pin-Id"
STATUS, DESCRIPTION = "Status", "Description"
HEARTBEAT, WRONG_PIN = "100", "423"
NOTHING_NOW = {"404", "408"}
# Said with a status that otherwise tells of a failure: the request is answered in full.
ANSWERED = {"Batch Completed", "Message Size Exceeds MaxBytes"}
# How long one request for messages stands. It also shows the server that this process is there.
PULL_SECONDS = 1.5
ANSWER_SECONDS = 2.0
PULL_BYTES = 8_000_000


def main_consumer(settings: ListenerSettings) -> dict[str, Any]:
    """Return the configuration of the service's consumer, which hands messages to one of its processes at a time.

    That is a priority group with a pinned client: the server sends everything to the process that it has chosen until
    that one leaves or has not asked for `hold_seconds`. A queue group of old would spread one key's messages over
    several processes, which no acknowledgement can bring back into order.
    """
    return {
        **_durable(settings.service, settings),
        "filter_subjects": sorted(settings.subjects),
        "max_ack_pending": max(2 * settings.in_hand, 1000),
        "priority_groups": [GROUP],
        "priority_policy": "pinned_client",
        "priority_timeout": int(settings.hold_seconds * NANOSECONDS),
    }


def wish_consumer(settings: ListenerSettings) -> dict[str, Any]:
    """Return the configuration of the consumer of wishes to try letters again: one wish at a time, whoever has it."""
    return {
        **_durable("wishes", settings),
        "filter_subjects": [f"{settings.wish_prefix}>"],
        "max_ack_pending": 1,
    }


async def ensure_consumer(client: Client, stream: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """Create the consumer if it is missing and return what the server knows of it; differences are logged.

    It is never changed in passing: that takes it away from the process that has it. Raises Unavailable, and
    RefusedByServer where the server will not have such a consumer.
    """
    name = configuration["durable_name"]
    try:
        info = await ask(client, f"CONSUMER.INFO.{stream}.{name}")
    except RefusedByServer as error:
        if error.code != CONSUMER_NOT_FOUND:
            raise
        body = {"stream_name": stream, "config": configuration, "action": ""}
        info = await ask(client, f"CONSUMER.CREATE.{stream}.{name}", body)
        logger.info("consumer created", extra={"stream": stream, "consumer": name})
    # The server writes one subject as such, and leaves out what is its default.
    found = info["config"]
    found = {"filter_subjects": [found["filter_subject"]], **found} if "filter_subject" in found else found
    if different := differences(configuration, {**configuration, **found}):
        extra = {"stream": stream, "consumer": name, "differences": different}
        logger.warning("consumer differs from its settings", extra=extra)
    return info


def _durable(name: str, settings: ListenerSettings) -> dict[str, Any]:
    return {
        "durable_name": name,
        "name": name,
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "ack_wait": int(settings.ack_wait * NANOSECONDS),
        # Never given up by the server, which would tell nobody: the listener parks what cannot be handled.
        "max_deliver": -1,
        "replay_policy": "instant",
        "num_replicas": settings.jetstream.stream.replicas,
    }


class Puller:
    """Asks for messages over one connection and hands them on as they come. For the loop's thread."""

    def __init__(
        self, client: Client, *, stream: str, consumer: str, pinned: bool, take: Callable[[Msg], Awaitable[None]]
    ) -> None:
        self._client = client
        self._request = f"{PREFIX}CONSUMER.MSG.NEXT.{stream}.{consumer}"
        self._pinned = pinned
        self._take = take
        self._inbox = client.new_inbox()
        self._is_over = asyncio.Event()
        self._subscription: Subscription | None = None
        self._is_stopped = False
        self._left = 0
        self._failure: str | None = None
        self.pin: str | None = None
        self.lost_pin = False

    async def start(self) -> None:
        """Listen for answers."""
        self._subscription = await self._client.subscribe(self._inbox, cb=self._received)

    async def stop(self) -> None:
        """Hear no more: what the server would still send stays with it, and what the driver still holds is ignored.

        After a lost connection that may be from before the server's death, which has forgotten it.
        """
        self._is_stopped = True
        if self._subscription is not None:
            with suppress(nats.errors.Error):
                await self._subscription.unsubscribe()

    async def pull(self, most: int) -> None:
        """Ask for so many messages and return when they have come or the request's time is up.

        `lost_pin` says afterwards whether another process has the consumer by now. Raises Unavailable where the
        consumer is gone or the server says that it cannot.
        """
        body: dict[str, Any] = {
            "batch": most,
            "expires": int(PULL_SECONDS * NANOSECONDS),
            "max_bytes": PULL_BYTES,
        }
        if self._pinned:
            body["group"] = GROUP
            if self.pin is not None:
                body["id"] = self.pin
        self._is_over.clear()
        self._left, self._failure, self.lost_pin = most, None, False
        await self._client.publish(self._request, msgspec.json.encode(body), reply=self._inbox)
        try:
            await asyncio.wait_for(self._is_over.wait(), PULL_SECONDS + ANSWER_SECONDS)
        except TimeoutError as error:
            # The consumer's leader is gone; the next request finds the new one.
            raise Unavailable(STORE) from error
        if self._failure is not None:
            raise Unavailable(STORE)

    async def _received(self, message: Msg) -> None:
        if self._is_stopped:
            return
        headers = message.headers or {}
        status = headers.get(STATUS)
        if status is None:
            self._left -= 1
            self.pin = headers.get(PIN, self.pin)
            await self._take(message)
            if self._left <= 0:
                self._is_over.set()
        elif status != HEARTBEAT:
            if status == WRONG_PIN:
                self.pin, self.lost_pin = None, True
            elif status not in NOTHING_NOW and headers.get(DESCRIPTION) not in ANSWERED:
                self._failure = headers.get(DESCRIPTION, status)
            self._is_over.set()
