"""Having an event handled: again after a failure, until it is done, given up, or no longer ours."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec

from cqrs.errors import CqrsError, Unavailable
from cqrs.publishers.jetstream.handler import Handler
from cqrs.publishers.jetstream.incoming_event import IncomingEvent
from cqrs.publishers.jetstream.listener_settings import ListenerSettings
from cqrs.worker import FOR_EVER

logger = logging.getLogger(__name__)


class HandlerEnded(CqrsError):
    """A handler tried to end its thread: it raised what is no Exception, such as SystemExit. `kind` is its name."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"the handler raised {kind}")


class NotOurs(CqrsError):
    """The event was delivered to somebody else while it waited for its handler here."""


class DeliveredTooOften(CqrsError):
    """The event was handed out again and again and nobody ever came to an end with it: it may kill its process."""

    def __init__(self, deliveries: int) -> None:
        self.deliveries = deliveries
        super().__init__(f"delivered {deliveries} times without an end")


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an event that cannot be handled."""

    error: Exception
    attempts: int


class Handling:
    """Runs the handler in threads. For the loop's thread."""

    def __init__(self, settings: ListenerSettings, handler: Handler) -> None:
        self._settings = settings
        self._handler = handler
        self._threads = ThreadPoolExecutor(settings.handlers, thread_name_prefix=f"listener-{settings.service}")
        self.stopping = asyncio.Event()

    async def until_done(
        self, read: Callable[[], IncomingEvent], is_ours: Callable[[], bool], *, most: int | None = None
    ) -> GivenUp | bool:
        """Handle the event that `read` returns. True: it is done. False: it is not, and is no longer ours.

        Unavailable is tried again for ever and counts no attempt, anything else as the policy says, or `most` times.
        """
        failures = outages = 0
        while is_ours():
            error = await asyncio.get_running_loop().run_in_executor(self._threads, self._attempt, read, is_ours)
            if error is None:
                return True
            if isinstance(error, NotOurs):
                return False
            if isinstance(error, Unavailable):
                outages += 1
                delay = FOR_EVER.delay(outages)
            else:
                failures += 1
                if failures >= (self._settings.policy.max_attempts if most is None else most):
                    return GivenUp(error=error, attempts=failures)
                delay = self._settings.policy.delay(failures)
            self._log(error, failures, delay)
            if await self._is_stopped_within(delay):
                return False
        return False

    def close(self) -> None:
        """End the threads once they are done."""
        self._threads.shutdown()

    def _attempt(self, read: Callable[[], IncomingEvent], is_ours: Callable[[], bool]) -> Exception | None:
        if not is_ours():
            # It has waited for a thread for too long, or its process was frozen meanwhile.
            return NotOurs()
        try:
            self._handler(read())
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this event
            return error
        except BaseException as error:  # noqa: BLE001 - a handler does not end the process
            return HandlerEnded(type(error).__name__)
        return None

    def _log(self, error: Exception, failures: int, delay: float) -> None:
        logger.warning(
            "event could not be handled, will be tried again",
            extra={
                "service": self._settings.service,
                "error_type": type(error).__name__,
                "attempts": failures,
                "delay_seconds": round(delay, 3),
            },
        )

    async def _is_stopped_within(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return False
        return True
