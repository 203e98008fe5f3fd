"""Trying letters again, where an operator wishes that: one wish at a time in the whole service.

While a subject has letters nobody handles its events but here, so that its order holds.
"""

import asyncio
import logging

from nats.aio.client import Client
from nats.aio.msg import Msg

from cqrs.publishers.jetstream import letters
from cqrs.publishers.jetstream.consumer import PULL_SECONDS, Puller, ensure_consumer, wish_consumer
from cqrs.publishers.jetstream.handling import GivenUp, Handling
from cqrs.publishers.jetstream.in_hand import InHand
from cqrs.publishers.jetstream.incoming_event import Delivery
from cqrs.publishers.jetstream.lanes import Lanes
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.publishers.jetstream.stream import ensure_stream

logger = logging.getLogger(__name__)


class LetterRetries:
    """Takes wishes and has the letters of their subjects handled, in order, up to one that fails again.

    For the loop's thread.
    """

    def __init__(self, settings: ListenerSettings, handling: Handling) -> None:
        self._settings = settings
        self._handling = handling
        self._in_hand = InHand(settings.ack_wait, 1)
        gate = asyncio.Event()
        gate.set()
        self._lanes = Lanes(self._work, gate=gate, is_fresh=lambda _: True)
        self._reporting = asyncio.ensure_future(self._in_hand.report_for_ever())

    async def listen(self, client: Client) -> None:
        """Take wishes over this connection until listening ends. Raises Unavailable."""
        stream = self._settings.letters
        await ensure_stream(client, stream)
        configuration = wish_consumer(self._settings)
        await ensure_consumer(client, stream.name, configuration)
        self._in_hand.client = client
        puller = Puller(
            client, stream=stream.name, consumer=configuration["durable_name"], pinned=False, take=self._take
        )
        await puller.start()
        try:
            while not self._handling.stopping.is_set():
                await self._in_hand.wait_for_room(PULL_SECONDS)
                if self._in_hand.room:
                    await puller.pull(1)
        finally:
            await puller.stop()

    async def join(self) -> None:
        """Return when the wish in hand is finished or handed back."""
        await self._lanes.join()
        self._reporting.cancel()

    async def _take(self, message: Msg) -> None:
        delivery = Delivery(message)
        if not self._handling.stopping.is_set() and await self._in_hand.take(delivery):
            self._lanes.put("", delivery)

    async def _work(self, wish: Delivery) -> None:
        subject = wish.subject.removeprefix(self._settings.wish_prefix)
        try:
            if await self._retry(wish, subject):
                await self._in_hand.acknowledge(wish)
        except Exception:
            # The wish is delivered again.
            logger.exception("letters were not tried again", extra={"subject": subject})
        finally:
            self._in_hand.drop(wish)

    async def _retry(self, wish: Delivery, subject: str) -> bool:
        def is_ours() -> bool:
            return not self._handling.stopping.is_set() and not wish.has_lapsed(self._settings.ack_wait)

        client = self._in_hand.client
        while client is not None and (letter := await letters.first_letter(client, self._settings, subject)):
            done = await self._handling.until_done(letter.event, is_ours, most=1)
            extra = {"service": self._settings.service, "event_id": letter.event_id, "subject": subject}
            if isinstance(done, GivenUp):
                logger.error("parked event failed again", extra={**extra, "error_type": type(done.error).__name__})
                return True
            if not done:
                return False
            await letters.remove(client, self._settings, letter.number)
            logger.info("parked event handled", extra=extra)
        return True
