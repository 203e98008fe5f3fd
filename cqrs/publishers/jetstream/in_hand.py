"""The deliveries that a listener has and has not answered; what it has handled lately, should it come again."""

import asyncio
import contextlib
import math
import time
from collections import OrderedDict
from collections.abc import Iterable

import nats.errors
from nats.aio.client import Client

from cqrs.publishers.jetstream.incoming_event import Delivery

ACK, IN_PROGRESS, NOT_NOW = b"+ACK", b"+WPI", b"-NAK"
# The server reports a lost acknowledgement within `ack_wait` by delivering again.
REMEMBERED = 10_000
CONFIRM_SECONDS = 2.0
LONG_AGO = -math.inf
REPORTS_WITHIN_ACK_WAIT = 3


class InHand:
    """Answers the server, over whichever connection there is; an answer that gets lost makes a delivery come again.

    For the loop's thread.
    """

    def __init__(self, ack_wait: float, limit: int) -> None:
        self.client: Client | None = None
        self._ack_wait = ack_wait
        self._limit = limit
        self._deliveries: dict[int, Delivery] = {}
        self._handled: OrderedDict[int, None] = OrderedDict()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def __len__(self) -> int:
        return len(self._deliveries)

    @property
    def room(self) -> int:
        """How many more deliveries are wanted."""
        return max(0, self._limit - len(self._deliveries))

    @property
    def fresh(self) -> int:
        """How many deliveries the server knows to be here."""
        return sum(not delivery.has_lapsed(self._ack_wait) for delivery in self._deliveries.values())

    def doubt(self) -> None:
        """Take nothing to be ours any more before the server delivers it again: a new connection, perhaps a new server.

        One that was killed may have forgotten what it had delivered, and delivers that as new.
        """
        for delivery in self._deliveries.values():
            delivery.reported_at = LONG_AGO

    async def wait_for_room(self, seconds: float) -> None:
        """Return when there is room, after so many seconds at the latest."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._has_room.wait(), seconds)

    async def take(self, delivery: Delivery) -> bool:
        """Keep a delivery; say whether it is to be worked on. It is not when it is in hand or was handled already."""
        if delivery.place in self._handled:
            await self._answer(delivery, ACK)
            return False
        known = self._deliveries.get(delivery.place)
        if known is not None:
            known.reply, known.deliveries, known.reported_at = delivery.reply, delivery.deliveries, delivery.reported_at
            return False
        self._deliveries[delivery.place] = delivery
        self._note_room()
        return True

    def has_handled(self, delivery: Delivery) -> bool:
        """Say whether this was handled here lately, under an earlier delivery."""
        return delivery.place in self._handled

    async def acknowledge(self, delivery: Delivery) -> None:
        """Tell the server that this one is done for good."""
        self._handled[delivery.place] = None
        if len(self._handled) > REMEMBERED:
            self._handled.popitem(last=False)
        self.drop(delivery)
        await self._answer(delivery, ACK)

    async def hand_back(self, deliveries: Iterable[Delivery]) -> None:
        """Tell the server that another process may have these at once, in this order; returns when it knows."""
        last: Delivery | None = None
        for delivery in sorted(deliveries, key=lambda delivery: delivery.place):
            self.drop(delivery)
            await self._answer(delivery, NOT_NOW)
            last = delivery
        if last is not None and self.client is not None:
            # Answers are taken one after the other: when this one is confirmed, all of them have been.
            with contextlib.suppress(nats.errors.Error, OSError):
                await self.client.request(last.reply, NOT_NOW, timeout=CONFIRM_SECONDS)

    def drop(self, delivery: Delivery) -> None:
        """Say nothing any more; the server delivers it again."""
        if self._deliveries.get(delivery.place) is delivery:
            del self._deliveries[delivery.place]
        self._note_room()

    def drop_all(self) -> None:
        """Say nothing any more of any: what a handler is at is acknowledged all the same when it is done."""
        self._deliveries.clear()
        self._note_room()

    async def report_for_ever(self) -> None:
        """Tell the server again and again what is being worked on or waits for that.

        What could not be reported in time is not claimed later: the server may have given it to another process.
        """
        while True:
            await asyncio.sleep(self._ack_wait / REPORTS_WITHIN_ACK_WAIT)
            for delivery in list(self._deliveries.values()):
                if not delivery.has_lapsed(self._ack_wait) and await self._answer(delivery, IN_PROGRESS):
                    delivery.reported_at = time.monotonic()

    async def _answer(self, delivery: Delivery, answer: bytes) -> bool:
        client = self.client
        if client is None or not client.is_connected:
            return False
        try:
            await client.publish(delivery.reply, answer)
        except (nats.errors.Error, OSError):
            return False
        return True

    def _note_room(self) -> None:
        if self.room:
            self._has_room.set()
        else:
            self._has_room.clear()
