"""Which subjects are held by a dead letter, and parking what comes for them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from nats.aio.client import Client

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream import letters
from cqrs.publishers.jetstream.errors import STORE, translated
from cqrs.publishers.jetstream.handling import GivenUp
from cqrs.publishers.jetstream.in_hand import InHand
from cqrs.publishers.jetstream.incoming_event import Delivery
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.worker import FOR_EVER

logger = logging.getLogger(__name__)

IsOurs = Callable[[], bool]


class Parking:
    """Parks over whichever connection there is, again and again until it is done or the delivery is no longer ours.

    Only who has the consumer parks, so what it knows to be held is all that is; it looks anew when it gets the
    consumer. That a subject is held no more it asks each time: letters are removed by others. For the loop's thread.
    """

    def __init__(self, settings: ListenerSettings, in_hand: InHand) -> None:
        self._settings = settings
        self._in_hand = in_hand
        self._held: set[str] | None = None
        self._looking = asyncio.Lock()

    def renew(self) -> None:
        """Look anew which subjects are held before anything else is handled."""
        self._held = None

    async def is_held(self, delivery: Delivery, is_ours: IsOurs) -> bool:
        """Say whether the delivery's subject has letters; False where it is no longer ours."""

        async def look(client: Client) -> bool:
            async with self._looking:
                if self._held is None:
                    self._held = set(await letters.numbers(client, self._settings))
            return delivery.subject in self._held

        return bool(await self._until_done(look, is_ours))

    async def park_behind(self, delivery: Delivery, is_ours: IsOurs) -> bool:
        """Park the delivery behind its subject's letters; False where there are none any more, or it is not ours."""

        async def park(client: Client) -> bool:
            behind = await letters.last_letter(client, self._settings, delivery.subject)
            if not behind:
                if self._held is not None:
                    self._held.discard(delivery.subject)
                return False
            waiting = {letters.STATE: letters.WAITING}
            return await letters.park(client, self._settings, delivery, waiting, behind=behind)

        return bool(await self._until_done(park, is_ours))

    async def park_failed(self, delivery: Delivery, given_up: GivenUp, is_ours: IsOurs) -> bool:
        """Make the delivery the first letter of its subject; False where it is no longer ours."""
        cause: Mapping[str, str] = letters.failure(given_up.error, given_up.attempts)

        async def park(client: Client) -> bool:
            behind = await letters.last_letter(client, self._settings, delivery.subject)
            return await letters.park(client, self._settings, delivery, cause, behind=behind)

        while True:
            done = await self._until_done(park, is_ours)
            if done is None:
                return False
            if done:
                break
        if self._held is not None:
            self._held.add(delivery.subject)
        logger.error(
            "event became a dead letter",
            extra={
                "service": self._settings.service,
                "event_id": delivery.event_id,
                "subject": delivery.subject,
                "error_type": type(given_up.error).__name__,
                "attempts": given_up.attempts,
            },
        )
        return True

    def _client(self) -> Client:
        client = self._in_hand.client
        if client is None or not client.is_connected:
            raise Unavailable(STORE)
        return client

    async def _until_done(self, work: Callable[[Client], Awaitable[bool]], is_ours: IsOurs) -> bool | None:
        failures = 0
        while is_ours():
            try:
                with translated():
                    return await work(self._client())
            except Unavailable:
                failures += 1
                await asyncio.sleep(FOR_EVER.delay(failures))
        return None
