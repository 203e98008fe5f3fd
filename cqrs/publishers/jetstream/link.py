"""A link to NATS for callers that are not asynchronous: one thread runs the driver's loop and keeps a connection up."""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import nats.errors
from nats.aio.client import Client

from cqrs.errors import Unavailable
from cqrs.publishers.jetstream.errors import STORE, Closed, translated
from cqrs.retry import RetryPolicy

logger = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[Client], Coroutine[Any, Any, T]]

RECONNECT = RetryPolicy(max_attempts=0, base=0.2, cap=5.0)
CONNECT_SECONDS = 2
# How long a caller waits for a connection that is being made.
PATIENCE = 2.0
# A server that falls silent is given up after three of these.
PING_SECONDS = 5
CLOSING_SECONDS = 5.0
LOOK_SECONDS = 0.1


class Link:
    """Connects in the background for ever, with back-off; each connection is a new client of the driver.

    The driver's own reconnecting is off: it keeps what is published meanwhile and sends it later, when nobody waits
    for the answer any more, and a client that the server has thrown out never comes back. For any number of threads.
    """

    def __init__(self, servers: Sequence[str], *, name: str) -> None:
        self._servers = list(servers)
        self._name = name
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._state: _State | None = None
        self._is_closed = False

    def call(self, work: Work[T], *, seconds: float) -> T:
        """Run `work` on a connection, for so many seconds at the most, and return its result.

        Raises Unavailable where there is no connection within two seconds, it is lost meanwhile, or the time is up;
        then what was sent may have arrived.
        """
        loop = self._started()
        return asyncio.run_coroutine_threadsafe(self._run(work, seconds), loop).result()

    def start(self, work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        """Run `work` on every connection from now on, each time from its beginning, until it or the link is closed."""
        loop = self._started()
        asyncio.run_coroutine_threadsafe(self._follow(work), loop).result()

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run `work` in the loop's thread, with or without a connection, and return its result."""
        return asyncio.run_coroutine_threadsafe(work(), self._started()).result()

    def close(self) -> None:
        """End the connection and the thread; returns when both are gone. What is called later raises Closed."""
        with self._starting:
            self._is_closed = True
            thread, loop, state = self._thread, self._loop, self._state
        if thread is not None and loop is not None and state is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(state.closing.set)
            thread.join()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._is_closed:
                raise Closed
            if self._loop is None:
                ready = threading.Event()
                self._thread = threading.Thread(
                    target=lambda: asyncio.run(self._keep(ready)), name="nats-link", daemon=True
                )
                self._thread.start()
                ready.wait()
            assert self._loop is not None
            return self._loop

    async def _keep(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        state = self._state = _State()
        ready.set()
        closing = asyncio.ensure_future(state.closing.wait())
        keeping = asyncio.ensure_future(self._connect_for_ever(state))
        await asyncio.wait({closing, keeping}, return_when=asyncio.FIRST_COMPLETED)
        tasks: list[asyncio.Future[Any]] = [closing, keeping, *state.followers]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=CLOSING_SECONDS)

    async def _connect_for_ever(self, state: "_State") -> None:
        failures = 0
        while True:
            client = Client()
            lost = asyncio.Event()
            try:
                await self._connect(client, lost)
                failures = 0
                state.up(client, lost)
                await _until_lost(client, lost)
                logger.warning("connection to NATS lost", extra={"client_id": self._name})
            except (nats.errors.Error, OSError, TimeoutError) as error:
                failures += 1
                level = logging.WARNING if failures == 1 else logging.DEBUG
                logger.log(level, "no connection to NATS", extra={"client_id": self._name, "error": str(error)})
                await asyncio.sleep(RECONNECT.delay(failures))
            finally:
                state.down()
                with suppress(Exception):
                    await asyncio.wait_for(client.close(), CONNECT_SECONDS)

    async def _connect(self, client: Client, lost: asyncio.Event) -> None:
        async def closed() -> None:
            lost.set()

        async def failed(error: Exception) -> None:
            logger.debug("NATS reports an error", extra={"error": str(error)})

        attempts = 2 * len(self._servers)
        await asyncio.wait_for(
            client.connect(
                servers=self._servers,
                name=self._name,
                allow_reconnect=False,
                # Of each server; one attempt is what the driver calls zero, and zero it takes for no limit.
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=CONNECT_SECONDS,
                ping_interval=PING_SECONDS,
                error_cb=failed,
                closed_cb=closed,
            ),
            attempts * CONNECT_SECONDS,
        )
        logger.info("connected to NATS", extra={"client_id": self._name})

    async def _run(self, work: Work[T], seconds: float) -> T:
        client, lost = await self._connected(PATIENCE)
        with translated():
            return await _while_connected(work(client), lost, seconds)

    async def _connected(self, seconds: float) -> tuple[Client, asyncio.Event]:
        state = self._state
        if state is None or state.closing.is_set():
            raise Closed
        try:
            await asyncio.wait_for(state.is_up.wait(), seconds)
        except TimeoutError as error:
            raise Unavailable(STORE) from error
        return state.connection()

    async def _follow(self, work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        assert self._state is not None
        self._state.followers.append(asyncio.ensure_future(self._repeat(self._state, work)))

    async def _repeat(self, state: "_State", work: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
        failures = 0
        while True:
            await state.is_up.wait()
            try:
                client, lost = state.connection()
                with translated():
                    return await _while_connected(work(client), lost, None)
            except Unavailable:
                failures += 1
                await asyncio.sleep(RECONNECT.delay(min(failures, 3)))


class _State:
    """What the loop's thread knows: the connection, while there is one."""

    def __init__(self) -> None:
        self.closing = asyncio.Event()
        self.is_up = asyncio.Event()
        self.followers: list[asyncio.Future[None]] = []
        self._connection: tuple[Client, asyncio.Event] | None = None

    def up(self, client: Client, lost: asyncio.Event) -> None:
        self._connection = (client, lost)
        self.is_up.set()

    def down(self) -> None:
        self._connection = None
        self.is_up.clear()

    def connection(self) -> tuple[Client, asyncio.Event]:
        if self._connection is None:
            raise Unavailable(STORE)
        return self._connection


async def _until_lost(client: Client, lost: asyncio.Event) -> None:
    """Return when the connection is lost, and set `lost`.

    The driver says so itself, but not always: where something is still to be sent when the other end is gone, its
    closing fails half-way and calls nobody.
    """
    while client.is_connected and not lost.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(lost.wait(), LOOK_SECONDS)
    lost.set()


async def _while_connected(work: Coroutine[Any, Any, T], lost: asyncio.Event, seconds: float | None) -> T:
    """Return what `work` does; end it and raise Unavailable when the connection is lost or the time is up."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(lost.wait())
    try:
        await asyncio.wait({task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise Unavailable(STORE)
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
