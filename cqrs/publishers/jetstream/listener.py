"""Listening to a stream: every event to a handler, at least once, each subject's in order, a failed one parked.

All processes of a service share one durable consumer, which the server gives to one of them at a time (see
`consumer.main_consumer`); within it the subjects are handled side by side, each in its order.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream import letters
from cqrs.publishers.jetstream.consumer import GROUP, PULL_SECONDS, Puller, ensure_consumer, main_consumer
from cqrs.publishers.jetstream.errors import STORE, RefusedByServer
from cqrs.publishers.jetstream.handler import Handler, InTransaction, intercepted
from cqrs.publishers.jetstream.handling import DeliveredTooOften, GivenUp, Handling
from cqrs.publishers.jetstream.in_hand import InHand
from cqrs.publishers.jetstream.incoming_event import Delivery, event_of
from cqrs.publishers.jetstream.interceptor import ListenerInterceptor
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
LOOKS_WITHIN_ACK_WAIT = 4


class Listener:
    """One process of a service that listens. `start` returns at once; `stop` when what was begun is finished.

    `interceptors` are told of each event that the handler has handled, and are closed in the end.
    """

    def __init__(
        self,
        settings: ListenerSettings,
        handler: Handler | InTransaction[Any],
        interceptors: Sequence[ListenerInterceptor] = (),
    ) -> None:
        self._settings = settings
        self._interceptors = tuple(interceptors)
        self._handler = intercepted(handler, settings.service, self._interceptors)
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
        for interceptor in self._interceptors:
            interceptor.close()

    def unhandled(self) -> int:
        """Return how many events the service has still to handle. Raises Unavailable."""
        stream, service = self._settings.jetstream.stream.name, self._settings.service
        info = self._link.call(lambda client: ask(client, f"CONSUMER.INFO.{stream}.{service}"), seconds=5)
        return int(info["num_pending"]) + int(info["num_ack_pending"])

    def dead_letters(self) -> int:
        """Return how many events the service has parked, with those that wait behind them. Raises Unavailable."""
        return sum(self._link.call(lambda client: letters.numbers(client, self._settings), seconds=5).values())

    async def _begin(self) -> "_Listening":
        return _Listening(self._settings, self._handler)


class _Listening:
    """What goes on in the loop's thread."""

    def __init__(self, settings: ListenerSettings, handler: Handler) -> None:
        self._settings = settings
        self._in_hand = InHand(settings.ack_wait, settings.in_hand)
        # Closed while something may have been delivered that is not here.
        self._gate = asyncio.Event()
        self._lanes = Lanes(self._work, gate=self._gate, is_fresh=self._is_fresh)
        self._parking = Parking(settings, self._in_hand)
        self._pin: str | None = None
        self._puller: Puller | None = None
        self._number = 0
        # Counts how often this process had to let go of what it had.
        self._turn = 0
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
        puller = Puller(
            client,
            stream=self._settings.jetstream.stream.name,
            consumer=self._settings.service,
            pinned=True,
            take=self._take,
        )
        puller.pin, self._puller = self._pin, puller
        await puller.start()
        try:
            while not self.handling.stopping.is_set():
                await self._pull(client, puller)
        finally:
            await puller.stop()

    async def _pull(self, client: Client, puller: Puller) -> None:
        if self._gate.is_set():
            await self._in_hand.wait_for_room(PULL_SECONDS)
            # Also without room: who does not ask loses the consumer.
            await puller.pull(max(1, self._in_hand.room))
        else:
            await self._gather(client, puller)
        if puller.lost_pin:
            self._let_go()
        elif puller.pin != self._pin:
            self._pin = puller.pin
            self._gate.clear()

    async def _gather(self, client: Client, puller: Puller) -> None:
        """Open the gate as soon as every delivery that is not acknowledged is here.

        What the process before had, or what went into a connection that broke, comes again when it is due. Until then
        nothing is begun: what is new must not overtake it, nor may two processes be at one key.
        """
        info = await ask(client, f"CONSUMER.INFO.{self._settings.jetstream.stream.name}.{self._settings.service}")
        missing = int(info["num_ack_pending"]) - self._in_hand.fresh
        if missing > 0 and self._pin is not None:
            await asyncio.sleep(self._settings.ack_wait / LOOKS_WITHIN_ACK_WAIT)
        await puller.pull(max(1, missing) if self._pin is not None else 1)
        if missing <= 0 and self._pin is not None and puller.pin == self._pin:
            # Whoever had the consumer before may have parked something.
            self._parking.renew()
            self._gate.set()

    async def end(self) -> None:
        """Finish what handlers are at and hand the rest back."""
        self.handling.stopping.set()
        if self._puller is not None:
            await self._puller.stop()
        waiting = self._lanes.clear()
        await self._lanes.join()
        await self.retries.join()
        await self._in_hand.hand_back(waiting)
        self._reporting.cancel()
        if self._pin is not None:
            await self._unpin()

    async def _prepare(self, client: Client) -> None:
        """Make what is missing. What came over the last connection waits until it is clear what has come before it."""
        self._gate.clear()
        self._in_hand.doubt()
        stream = self._settings.jetstream.stream
        await ensure_stream(client, stream)
        await ensure_stream(client, self._settings.letters)
        await ensure_consumer(client, stream.name, main_consumer(self._settings))
        self._in_hand.client = client

    async def _take(self, message: Msg) -> None:
        if self.handling.stopping.is_set():
            return
        delivery = Delivery(message)
        if delivery.number != self._number + 1:
            # What is missing went into a connection that broke.
            self._gate.clear()
        self._number = delivery.number
        if not await self._in_hand.take(delivery):
            return
        self._lanes.put(delivery.subject, delivery)

    def _is_fresh(self, delivery: Delivery) -> bool:
        if delivery.has_lapsed(self._settings.ack_wait):
            self._gate.clear()
            return False
        return True

    async def _work(self, delivery: Delivery) -> None:
        turn = self._turn
        try:
            settled = self._in_hand.has_handled(delivery) or await self._is_settled(delivery, turn)
        except Exception:
            logger.exception("a delivery could not be worked on", extra={"event_id": delivery.event_id})
            settled = False
        if settled:
            await self._in_hand.acknowledge(delivery)
        elif self.handling.stopping.is_set():
            await self._in_hand.hand_back([delivery])
        elif turn == self._turn:
            # It has lapsed: it goes on when the server has said again that it is ours.
            self._gate.clear()
            self._lanes.put(delivery.subject, delivery)
        else:
            self._in_hand.drop(delivery)

    async def _is_settled(self, delivery: Delivery, turn: int) -> bool:
        """Handle or park the delivery; say whether that is done."""

        def is_ours() -> bool:
            stopping = self.handling.stopping.is_set()
            return not stopping and turn == self._turn and not delivery.has_lapsed(self._settings.ack_wait)

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

    def _let_go(self) -> None:
        """Begin nothing any more that is in hand: another process has the consumer, and gets all of it again."""
        self._pin = None
        self._turn += 1
        self._gate.clear()
        self._lanes.clear()
        self._in_hand.drop_all()

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
