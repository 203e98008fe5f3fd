"""Measuring again and again where a consumer is: for the log, and for whoever keeps metrics."""

import threading
from collections.abc import Callable, Mapping

import msgspec
import pymongo

from cqrs.broker.logs import Log

# A measurement that takes longer is left out: whoever stops the consumer waits for it.
MEASURING_SECONDS = 1.0


class OffsetInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Where a consumer is in a partition that it owns under `epoch`.

    `position` is the next offset to handle, `committed` where the group goes on if this member dies, `latest` the
    offset that the next message will get; `lag` counts the messages from `position` to it.
    """

    partition: int
    committed: int
    position: int
    latest: int
    lag: int
    epoch: int


OffsetsHook = Callable[[Mapping[int, OffsetInfo]], None]


class OffsetMonitor:
    """Measures every `interval` seconds in a thread of its own, from `start` until `ended` says so.

    Each partition is logged at INFO; `hook` gets all of a measurement. What it raises is logged and changes nothing.
    `ended` waits so many seconds for the consumer to end, and says whether it has.
    """

    def __init__(
        self,
        measure: Callable[[], Mapping[int, OffsetInfo]],
        *,
        interval: float,
        ended: Callable[[float], bool],
        hook: OffsetsHook | None,
        log: Log,
        fields: Mapping[str, object],
    ) -> None:
        self._measure = measure
        self._interval = interval
        self._ended = ended
        self._hook = hook
        self._log = log
        self._fields = dict(fields)
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="broker-offsets", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def join(self) -> None:
        """Wait until nothing is measured any more; not from the hook."""
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while not self._ended(self._interval):
            try:
                with pymongo.timeout(MEASURING_SECONDS):
                    measured = self._measure()
            except Exception as error:  # noqa: BLE001 - to measure is a service, and trying later is all that is left
                self._failed(error)
            else:
                self._is_failing = False
                self._tell(measured)

    def _tell(self, measured: Mapping[int, OffsetInfo]) -> None:
        for info in measured.values():
            self._log.info("offsets", extra={**self._fields, **msgspec.structs.asdict(info)})
        if self._hook is None:
            return
        try:
            self._hook(measured)
        except Exception:  # noqa: BLE001 - it is the code of others
            self._log.exception("offsets hook failed", extra=self._fields)

    def _failed(self, error: Exception) -> None:
        if not self._is_failing:
            self._is_failing = True
            fields = {**self._fields, "error_type": type(error).__name__}
            self._log.warning("offsets cannot be measured now", extra=fields)
