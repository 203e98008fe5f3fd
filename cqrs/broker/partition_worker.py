"""The worker of one owned partition: reads from its position by index and has the records handled in order."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

import pymongo

from cqrs.broker import dead_letters, positions, reading
from cqrs.broker.circumstances import Circumstances
from cqrs.broker.errors import BatchFailed, Fenced, OffsetPurged
from cqrs.broker.failing import UNAVAILABLE, Failure, Interrupted, Persistence, tell
from cqrs.broker.handling import Records
from cqrs.broker.letter_retries import log_dead_letter, retry_letters
from cqrs.broker.message import ConsumerRecord
from cqrs.broker.mongodb import STORE
from cqrs.broker.positions import Claim
from cqrs.broker.reading import Page, Purged
from cqrs.broker.wakeup import let_sleep, wake
from cqrs.errors import Unavailable
from cqrs.retry import RetryPolicy

STORE_SECONDS = 3.0


def _anew(page: Page, first: int, until: int, *, as_read: bool = True) -> Records:
    """Return what gives these records of the page: the first time as they were read, and then decoded anew."""
    read = [page.records[first:until]] if as_read else []
    return lambda: read.pop() if read else page.again(first, until)


class PartitionWorker:
    """Works in a thread of its own from `start` until `stop`, or until the partition is lost.

    `position` is the next offset to handle: everything before it was handled or is a dead letter. A record in hand is
    always finished; one that is being retried is left unhandled. `ended` is called when the thread is about to end.
    """

    def __init__(self, claim: Claim, circumstances: Circumstances, *, ended: Callable[[], None]) -> None:
        self.claim = claim
        self.position = claim.committed
        self.failure: OffsetPurged | None = None
        self._its = circumstances
        self._ended = ended
        self._committed = claim.committed
        self._committed_at = time.monotonic()
        self._stopping = False
        # Set by whatever there may be to do: messages, a retry, the end.
        self._signal = threading.Event()
        self._retry_wanted = True
        self._held: set[str] | None = None
        self._failures = 0
        config = circumstances.config
        self._policy = RetryPolicy(max_attempts=config.max_retries, base=config.retry_delay_ms / 1000)
        self._persistence = Persistence(
            self._policy, rest=self._rest, on_error=circumstances.on_error, log=circumstances.log
        )
        self._thread = threading.Thread(
            target=self._run, name=f"broker-{config.group_id}-{config.topic}-{claim.partition}", daemon=True
        )

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the worker to end after the record in hand."""
        self._stopping = True
        self._signal.set()

    def retry_letters(self) -> None:
        """Ask the worker to look for dead letters that should be tried again."""
        self._retry_wanted = True
        self._signal.set()

    def look(self) -> None:
        """Have the worker look whether there is something to do."""
        self._signal.set()

    @property
    def release_at(self) -> int | None:
        """Where the group goes on once this worker has left; None where only `commit` says so."""
        return self.position if self._its.config.auto_commit else None

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    @property
    def is_current_thread(self) -> bool:
        """Whether the caller is the handler that this worker called."""
        return threading.current_thread() is self._thread

    def commit(self) -> None:
        """Commit the position, if it has moved. Safe from any thread. Raises Fenced, Unavailable."""
        offset = self.position
        self._committed_at = time.monotonic()
        if offset > self._committed:
            with pymongo.timeout(STORE_SECONDS):
                positions.commit(self._its.store, self.claim, offset)
            self._committed = offset

    def commit_if_due(self) -> None:
        """Commit the position where auto-commit is on and the interval has passed. Raises Fenced, Unavailable."""
        config = self._its.config
        if config.auto_commit and time.monotonic() - self._committed_at >= config.auto_commit_interval_ms / 1000:
            self.commit()

    def _run(self) -> None:
        claim = self.claim
        place = (self._its.store, claim.topic, claim.partition, self._signal)
        try:
            wake(*place)
            while not self._stopping:
                self._turn()
        except Fenced:
            self._its.log.warning("partition lost", extra=self._fields())
        except OffsetPurged as error:
            self.failure = error
            # The error handler gets the error.
            self._its.log.error("messages purged before they were read", extra=self._fields())  # noqa: TRY400
            tell(self._its.on_error, error, None, self._its.log)
        finally:
            let_sleep(*place)
            self._ended()

    def _turn(self) -> None:
        try:
            with suppress(Interrupted):
                self._step()
            if self._failures:
                self._failures = 0
                self._its.log.info("partition is read again", extra=self._fields())
        except (Fenced, OffsetPurged):
            raise
        except Unavailable as error:
            self._back_off(error)
        except Exception as error:
            # Not the handler's, whose errors are the record's: something is wrong here, and giving up would hide it.
            if not self._failures:
                self._its.log.exception("partition cannot be read", extra=self._fields())
            self._back_off(error)

    def _step(self) -> None:
        self._signal.clear()
        if not self._may_handle():
            self._wait(min(1.0, self._poll_seconds))
            return
        if not self._its.store.is_up:
            # Waiting here can be interrupted, waiting in the driver cannot.
            raise Unavailable(STORE)
        if self._held is None:
            with pymongo.timeout(STORE_SECONDS):
                self._held = dead_letters.held_keys(self._its.store, self.claim)
        if self._retry_wanted:
            self._retry_wanted = False
            retry_letters(self._its, self.claim, self._persistence, may_go_on=self._may_handle)
        config = self._its.config
        with pymongo.timeout(STORE_SECONDS):
            page = reading.read(
                self._its.store,
                topic=config.topic,
                partition=self.claim.partition,
                offset=self.position,
                limit=config.batch_size,
            )
        if page.purged is not None and self._pass_over(page.purged):
            return
        if page.records:
            self._handle_page(page)
        else:
            self._wait(self._poll_seconds)
        self.commit_if_due()

    def _pass_over(self, purged: Purged) -> bool:
        """Go on behind what is gone, as the policy says; say whether that is elsewhere than where was read."""
        config = self._its.config
        if config.on_purged == "fail":
            raise OffsetPurged(config.topic, self.claim.partition, purged.first, purged.until)
        self._its.log.warning(
            "messages purged before they were read",
            extra={**self._fields(), "first": purged.first, "until": purged.until, "policy": config.on_purged},
        )
        self.position = purged.until
        if config.on_purged == "latest":
            end = reading.latest(self._its.store, topic=config.topic, partition=self.claim.partition)
            self.position = max(purged.until, end)
        return config.on_purged == "latest"

    def _handle_page(self, page: Page) -> None:
        as_read = True
        if self._its.handling.batch and len(page.records) > 1:
            if self._handled_together(page):
                return
            as_read = False
        for index, record in enumerate(page.records):
            if not self._may_handle():
                return
            self._handle(record, _anew(page, index, index + 1, as_read=as_read))
            self.commit_if_due()

    def _handled_together(self, page: Page) -> bool:
        """Handle all of a batch at once, unless one of its records has to wait or fails: then each stands alone."""
        records = page.records
        if self._held and any(record.message.key in self._held for record in records):
            return False
        try:
            self._its.handling.handle(self._its.store, self.claim, _anew(page, 0, len(records)))
        except Fenced:
            raise
        except Exception as error:
            self._tell_of_batch(records, error)
            if isinstance(error, Unavailable):
                raise
            # Found in one of the records again, and counted there.
            self._its.log.warning(
                "batch could not be handled, trying its records one by one",
                extra={**self._fields(), "records": len(records), "error_type": type(error).__name__},
            )
            return False
        self._moved_to(records[-1].offset + 1)
        return True

    def _tell_of_batch(self, records: Sequence[ConsumerRecord], error: Exception) -> None:
        failed = BatchFailed(self.claim.topic, self.claim.partition, records[0].offset, records[-1].offset)
        failed.__cause__ = error
        tell(self._its.on_error, failed, None, self._its.log)

    def _handle(self, record: ConsumerRecord, records: Records) -> None:
        key = record.message.key
        if self._held and key in self._held:
            if dead_letters.put_to_wait(self._its.store, self.claim, records()[0]):
                self.position = self._committed = record.offset + 1
                return
            self._held.discard(key)
        attempt = partial(self._its.handling.handle, self._its.store, self.claim, records)
        failure = self._persistence.run(record, attempt)
        if failure is not None:
            self._park(records()[0], failure)
        else:
            self._moved_to(record.offset + 1)

    def _moved_to(self, offset: int) -> None:
        self.position = offset
        if self._its.handling.transactional:
            self._committed = offset

    def _park(self, record: ConsumerRecord, failure: Failure) -> None:
        dead_letters.park(self._its.store, self.claim, record, failure)
        self.position = self._committed = record.offset + 1
        if self._held is not None and record.message.key is not None:
            self._held.add(record.message.key)
        log_dead_letter(self._its.log, self.claim, record, failure)

    def _may_handle(self) -> bool:
        """Whether a record may be handled now: not when stopping, paused, or not known to be a member still."""
        return not (self._stopping or self._its.paused.is_set()) and self._its.lease.holds(time.monotonic())

    def _rest(self, seconds: float) -> bool:
        """Wait before another attempt; say whether there may be one."""
        deadline = time.monotonic() + seconds
        while self._may_handle():
            left = deadline - time.monotonic()
            if left <= 0:
                return True
            self._signal.clear()
            if not self._stopping:
                self._signal.wait(min(left, 1.0))
        return False

    def _wait(self, seconds: float) -> None:
        if not self._stopping:
            self._signal.wait(seconds)

    @property
    def _poll_seconds(self) -> float:
        config = self._its.config
        most = config.max_await_time_ms
        # What has been handled is committed in time also where nothing more comes.
        if config.auto_commit and self.position > self._committed:
            most = min(most, config.auto_commit_interval_ms)
        return most / 1000

    def _back_off(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            self._its.log.warning(
                "partition cannot be read now, trying again",
                extra={**self._fields(), "error_type": type(error).__name__},
            )
        self._wait(UNAVAILABLE.delay(self._failures))

    def _fields(self) -> dict[str, object]:
        return {"group": self.claim.group, "topic": self.claim.topic, "partition": self.claim.partition}
