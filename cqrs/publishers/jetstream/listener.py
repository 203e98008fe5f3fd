"""Listening to a stream: every event to a handler, at least once, each subject's in order, a failed one parked.

All processes of a service share one durable consumer, which the server gives to one of them at a time (see
`consumer.main_consumer`); within it the subjects are handled side by side, each in its order.
"""

import asyncio
import logging

from nats.aio.client import Client
from nats.aio.msg import Msg

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.consumer import GROUP, PULL_SECONDS, Puller, ensure_consumer, main_consumer
from cqrs.publishers.jetstream.errors import STORE, RefusedByServer
from cqrs.publishers.jetstream.handling import DeliveredTooOften, GivenUp, Handler, Handling
from cqrs.publishers.jetstream.in_hand import InHand
from cqrs.publishers.jetstream.incoming_event import Delivery, event_of
from cqrs.publishers.jetstream.lanes import Lanes
from cqrs.publishers.jetstream.letter_retries import LetterRetries
from cqrs.publishers.jetstream.link import Link
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.publishers.jetstream.parking import IsOurs, Parking
from cqrs.publishers.jetstream.requests import ask
from cqrs.publishers.jetstream.stream import ensure_stream

logger = logging.getLogger(__name__)

# A server that refuses our consumer may be set right at any time.
REFUSED_SECONDS = 5.0
ENDING_SECONDS = 5.0
# Beyond `ack_wait`, after which the server looks through what is due.
MARGIN = 1.2


class Listener:
    """One process of a service that listens. `start` returns at once; `stop` when what was begun is finished."""

    def __init__(self, settings: ListenerSettings, handler: Handler) -> None:
        self._settings = settings
        self._handler = handler
        self._link = Link(settings.jetstream.servers, name=f"{settings.service}-{settings.jetstream.client_id}")
        self._state: _Listening | None = None

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._state is not None

    def start(self) -> None:
        """Listen from now on, through every outage. A no-op where it runs."""
        if self._state is None:
            self._state = self._link.run(self._begin)
            self._link.start(self._state.listen)
            self._link.start(self._state.retries.listen)

    def stop(self) -> None:
        """Finish what handlers are at, give the rest to other processes and leave them the consumer. Final."""
        state, self._state = self._state, None
        if state is not None:
            self._link.run(state.end)
            state.handling.close()
        self._link.close()

    def unhandled(self) -> int:
        """Return how many events the service has still to handle. Raises Unavailable."""
        stream, service = self._settings.jetstream.stream.name, self._settings.service
        info = self._link.call(lambda client: ask(client, f"CONSUMER.INFO.{stream}.{service}"), seconds=5)
        return int(info["num_pending"]) + int(info["num_ack_pending"])

    async def _begin(self) -> "_Listening":
        return _Listening(self._settings, self._handler)


class _Listening:
    """What goes on in the loop's thread."""

    def __init__(self, settings: ListenerSettings, handler: Handler) -> None:
        self._settings = settings
        self._in_hand = InHand(settings.ack_wait, settings.in_hand)
        self._lanes = Lanes[Delivery](self._work)
        self._parking = Parking(settings, self._in_hand)
        self._pin: str | None = None
        self._puller: Puller | None = None
        self._reporting = asyncio.ensure_future(self._in_hand.report_for_ever())
        self.handling = Handling(settings, handler)
        self.retries = LetterRetries(settings, self.handling)

    async def listen(self, client: Client) -> None:
        """Take in messages over this connection until listening ends. Raises Unavailable."""
        try:
            await self._prepare(client)
        except RefusedByServer as error:
            logger.exception("NATS refuses the listener's consumer", extra={"service": self._settings.service})
            await asyncio.sleep(REFUSED_SECONDS)
            raise Unavailable(STORE) from error
        puller = self._puller = Puller(
            client,
            stream=self._settings.jetstream.stream.name,
            consumer=self._settings.service,
            pinned=True,
            take=self._take,
        )
        puller.pin = self._pin
        await puller.start()
        while not self.handling.stopping.is_set():
            await self._in_hand.wait_for_room(PULL_SECONDS)
            # Also without room: who does not ask loses the consumer.
            await puller.pull(max(1, self._in_hand.room))
            if puller.lost_pin:
                self._pin = None
                self._leave_to_others()

    async def end(self) -> None:
        """Finish what handlers are at and hand the rest back."""
        self.handling.stopping.set()
        if self._puller is not None and self._in_hand.client is not None and self._in_hand.client.is_connected:
            await self._puller.stop()
        waiting = self._lanes.clear()
        await self._lanes.join()
        await self.retries.join()
        for delivery in sorted(waiting, key=lambda delivery: delivery.place):
            await self._in_hand.hand_back(delivery)
        self._reporting.cancel()
        if self._pin is not None:
            await self._unpin()

    async def _prepare(self, client: Client) -> None:
        stream = self._settings.jetstream.stream
        await ensure_stream(client, stream)
        await ensure_stream(client, self._settings.letters)
        info = await ensure_consumer(client, stream.name, main_consumer(self._settings))
        self._in_hand.client = client
        self._parking.renew()
        if info["num_ack_pending"] > len(self._in_hand):
            # Something was delivered that is not here: to another process, or into a connection that broke. It comes
            # again once it is due, and what is new must not overtake it.
            await asyncio.sleep(MARGIN * self._settings.ack_wait)

    async def _take(self, message: Msg) -> None:
        if self.handling.stopping.is_set():
            return
        if self._puller is not None and self._puller.pin != self._pin:
            self._pin = self._puller.pin
            # Whoever had the consumer before may have parked something.
            self._parking.renew()
        delivery = Delivery(message)
        if await self._in_hand.take(delivery):
            self._lanes.put(delivery.subject, delivery)

    async def _work(self, delivery: Delivery) -> None:
        try:
            if await self._is_settled(delivery):
                await self._in_hand.acknowledge(delivery)
            elif self.handling.stopping.is_set():
                await self._in_hand.hand_back(delivery)
        except Exception:
            # It is delivered again.
            logger.exception("a delivery was dropped", extra={"event_id": delivery.event_id})
        finally:
            self._in_hand.drop(delivery)

    async def _is_settled(self, delivery: Delivery) -> bool:
        """Handle or park the delivery; say whether that is done."""

        def is_ours() -> bool:
            return not self.handling.stopping.is_set() and not delivery.has_lapsed(self._settings.ack_wait)

        while await self._parking.is_held(delivery, is_ours):
            if await self._parking.park_behind(delivery, is_ours):
                return True
        if not is_ours():
            return False
        outcome = await self._handled(delivery, is_ours)
        if isinstance(outcome, GivenUp):
            return await self._parking.park_failed(delivery, outcome, is_ours)
        return outcome

    async def _handled(self, delivery: Delivery, is_ours: IsOurs) -> GivenUp | bool:
        if delivery.deliveries > self._settings.deliveries:
            return GivenUp(error=DeliveredTooOften(delivery.deliveries), attempts=delivery.deliveries)
        return await self.handling.until_done(lambda: event_of(delivery), is_ours)

    def _leave_to_others(self) -> None:
        for delivery in self._lanes.clear():
            self._in_hand.drop(delivery)

    async def _unpin(self) -> None:
        stream, service = self._settings.jetstream.stream.name, self._settings.service
        client = self._in_hand.client
        if client is None or not client.is_connected:
            return
        try:
            await ask(client, f"CONSUMER.UNPIN.{stream}.{service}", {"group": GROUP}, seconds=ENDING_SECONDS)
        except Exception:
            # The others get it when its time is up.
            logger.debug("the consumer was not left in order", exc_info=True)
