"""Which stores answer, asked in parallel and within a deadline."""

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Lock, Thread
from typing import Final

from cqrs.errors import DuplicateRegistration

PROBE_TIMEOUT: Final = 1.5

Probe = Callable[[float], object]


class Readiness:
    """Probes by the name of their store.

    A probe takes the seconds it may use and raises if its store does not serve. One that overstays is reported as
    failing and left alone; it is not started again before it has ended, so a store that hangs holds one thread only.
    """

    def __init__(self, timeout: float = PROBE_TIMEOUT) -> None:
        self._timeout = timeout
        self._probes: dict[str, Probe] = {}
        self._running: dict[str, Future[None]] = {}
        self._lock = Lock()

    def register(self, name: str, probe: Probe) -> None:
        """Ask `probe` about the store `name`.

        Raises:
            DuplicateRegistration: the store has a probe already.
        """
        if name in self._probes:
            raise DuplicateRegistration(f"the probe of {name}")
        self._probes[name] = probe

    def failures(self) -> dict[str, str]:
        """Why each failing store fails, by its name; empty when all serve. Takes no longer than the timeout."""
        futures = {name: self._start(name, probe) for name, probe in self._probes.items()}
        wait(futures.values(), timeout=self._timeout)
        return {name: reason for name, future in futures.items() if (reason := self._reason(future))}

    @property
    def names(self) -> tuple[str, ...]:
        """The stores that are asked."""
        return tuple(self._probes)

    def _start(self, name: str, probe: Probe) -> Future[None]:
        with self._lock:
            running = self._running.get(name)
            if running is not None and not running.done():
                return running
            future: Future[None] = Future()
            self._running[name] = future
        Thread(target=_run, args=(probe, self._timeout, future), name=f"probe-{name}", daemon=True).start()
        return future

    def _reason(self, future: Future[None]) -> str | None:
        if not future.done():
            return f"no answer within {self._timeout:g} s"
        error = future.exception()
        # The class alone: a driver's words may hold addresses and credentials.
        return None if error is None else type(error).__name__


def _run(probe: Probe, timeout: float, future: Future[None]) -> None:
    try:
        probe(timeout)
    except BaseException as error:  # noqa: BLE001 - handed to whoever asked
        future.set_exception(error)
    else:
        future.set_result(None)
