"""One member of a group at work: keeps its heartbeat, starts and stops a worker for each partition that it owns."""

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Generic, Protocol, TypeVar

import msgspec
import pymongo

from cqrs.broker import dead_letters
from cqrs.broker.errors import Fenced, TopicRemade
from cqrs.broker.failing import UNAVAILABLE
from cqrs.broker.lease import Lease
from cqrs.broker.logs import Log
from cqrs.broker.membership import Membership
from cqrs.broker.ownership import Ownership
from cqrs.broker.positions import Claim
from cqrs.broker.reading import End
from cqrs.broker.store import Store
from cqrs.errors import CqrsError, Unavailable

# While something has to change hands, this member looks more often.
FIRST_LOOK = 0.05
# Who stops the member waits for the turn that is under way, and then for the last calls, if nobody answers them.
TURN_SECONDS = 3.0
LAST_SECONDS = 2.0


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How often a member shows that it lives, and after how long without that it is given up; seconds.

    `monitoring` is how often offsets are measured, where the consumer's configuration enables that.
    """

    heartbeat: float = 1.0
    session_timeout: float = 5.0
    monitoring: float = 10.0


class Work(Protocol):
    """What a member does for one partition that it owns, in a thread of its own, from `start` until it ends.

    `failure` is why it has ended for good by itself; `release_at` the offset at which the partition is left to others,
    None where the worker has committed that itself, or must not.
    """

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def retry_letters(self) -> None: ...
    def commit_if_due(self) -> None: ...

    @property
    def claim(self) -> Claim: ...
    @property
    def failure(self) -> CqrsError | None: ...
    @property
    def release_at(self) -> int | None: ...
    @property
    def is_running(self) -> bool: ...
    @property
    def is_current_thread(self) -> bool: ...


W = TypeVar("W", bound=Work)


class Duty(msgspec.Struct, Generic[W], frozen=True, kw_only=True):
    """What a group is for: `establish` fixes where it starts, `new_worker` makes the worker of a claimed partition.

    `establish` may raise TopicRemade, which ends the member. The worker calls what it is given as the second argument
    when its thread is about to end. `ends` says which partitions there are, where those are not the topic's.
    """

    store: Store
    group: str
    topic: str
    lease: Lease
    log: Log
    establish: Callable[[], None]
    new_worker: Callable[[Claim, Callable[[], None]], W]
    ends: Callable[[], dict[int, End]] | None = None


class GroupMember(Generic[W]):
    """Works from `start` until `stop`, or until a partition fails for good. Its thread owns the ownership."""

    def __init__(self, duty: Duty[W], membership: Membership, timing: Timing) -> None:
        self.failure: CqrsError | None = None
        self.workers: dict[int, W] = {}
        self._its = duty
        self._ownership = Ownership(
            duty.store,
            membership,
            group=duty.group,
            topic=duty.topic,
            drop=self._drop,
            establish=duty.establish,
            ends=duty.ends,
        )
        self._timing = timing
        # Their partitions are lost, but they have a record in hand.
        self._leaving: list[W] = []
        self._wake = threading.Event()
        self._stopping = False
        self._unsettled = 0
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name=f"broker-{duty.group}-{duty.topic}", daemon=True)

    def start(self) -> None:
        """Join the group, which fixes where it starts, and begin to work. Raises Unavailable, TopicRemade."""
        self._its.establish()
        self._ownership.join()
        self._thread.start()

    def stop(self) -> None:
        """Ask the member to finish what is in hand, commit, and leave the group."""
        self._stopping = True
        for worker in list(self.workers.values()):
            worker.stop()
        self._wake.set()

    def join(self) -> None:
        """Wait until it has left; not from one of its own threads, which it waits for itself."""
        if self._thread.ident is None:
            # It could not be started.
            return
        workers = [*self.workers.values(), *self._leaving]
        if not any(worker.is_current_thread for worker in workers) and threading.current_thread() is not self._thread:
            self._thread.join()

    def has_left(self, seconds: float) -> bool:
        """Wait so many seconds for it to leave; say whether it has."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def look(self) -> None:
        """Look now whether there is something to do."""
        self._wake.set()

    @property
    def is_working(self) -> bool:
        return self._thread.is_alive() and not self._stopping

    def _run(self) -> None:
        while not self._is_done():
            self._wake.clear()
            self._wake.wait(self._turn())
        self._leave()

    def _is_done(self) -> bool:
        if not self._stopping or any(worker.is_running for worker in [*self.workers.values(), *self._leaving]):
            return False
        # Released as far as possible; who cannot reach the store does not stay for it.
        return not self.workers or self._failures > 0

    def _turn(self) -> float:
        """Do what there is to do; return the seconds until the next turn."""
        sent = time.monotonic()
        try:
            # When stopping each call has a deadline of its own: however many partitions are to be released.
            with nullcontext() if self._stopping else pymongo.timeout(min(self._timing.session_timeout, TURN_SECONDS)):
                self._step(sent)
        except TopicRemade as error:
            self.failure = error
            self.stop()
            return 0.0
        except Unavailable as error:
            return self._failed(error)
        except Exception as error:
            # Ending the thread would leave the partitions to nobody while the process lives.
            if not self._failures:
                self._its.log.exception("group cannot be kept", extra=self._fields())
            return self._failed(error)
        if self._failures:
            self._failures = 0
            self._its.log.info("group is kept again", extra=self._fields())
        if self._unsettled or self._stopping:
            return min(self._timing.heartbeat, FIRST_LOOK * 2.0 ** min(self._unsettled, 10))
        return max(0.0, self._timing.heartbeat - (time.monotonic() - sent))

    def _step(self, sent: float) -> None:
        self._leaving = [worker for worker in self._leaving if worker.is_running]
        if self._stopping:
            with pymongo.timeout(LAST_SECONDS):
                self._ownership.stay()
            self._its.lease.renew(sent)
            for worker in self.workers.values():
                worker.stop()
        else:
            self._follow(sent)
        self._release_ended()
        self._commit()

    def _follow(self, sent: float) -> None:
        turn = self._ownership.step(busy={worker.claim.partition for worker in self._leaving})
        self._its.lease.renew(sent)
        # Not only what this step has gained: one before may have failed when it had gained something.
        for claim in self._ownership.claims.values():
            if claim.partition not in self.workers:
                self._work_on(claim)
        for claim in turn.unwanted:
            self.workers[claim.partition].stop()
        self._unsettled = 0 if turn.is_settled else self._unsettled + 1
        if self.workers:
            its = self._its
            wanted = dead_letters.partitions_to_retry(its.store, group=its.group, topic=its.topic)
            for partition in wanted & self.workers.keys():
                self.workers[partition].retry_letters()

    def _work_on(self, claim: Claim) -> None:
        self._its.log.info("partition gained", extra={**self._fields(), "partition": claim.partition})
        worker = self._its.new_worker(claim, self.look)
        worker.start()
        self.workers[claim.partition] = worker

    def _release_ended(self) -> None:
        for partition, worker in list(self.workers.items()):
            if worker.is_running:
                continue
            if worker.failure is not None:
                self.failure = worker.failure
                self.stop()
            try:
                with pymongo.timeout(LAST_SECONDS):
                    self._ownership.release(partition, offset=worker.release_at)
            except Fenced:
                self._its.log.warning("partition lost", extra={**self._fields(), "partition": partition})
            else:
                self._its.log.info("partition released", extra={**self._fields(), "partition": partition})
            del self.workers[partition]
            if not self._stopping:
                # Where it is still assigned to this member, that claims it again.
                self._wake.set()

    def _commit(self) -> None:
        """Commit also where the record in hand takes long, so that those before it are not handled again."""
        for worker in self.workers.values():
            try:
                worker.commit_if_due()
            except Fenced:
                worker.stop()

    def _drop(self, claim: Claim) -> None:
        """Stop the worker of a partition that is lost."""
        worker = self.workers.pop(claim.partition, None)
        if worker is not None:
            worker.stop()
            self._leaving.append(worker)

    def _leave(self) -> None:
        if self._failures:
            self._its.log.warning("left the group without telling it", extra=self._fields())
            return
        try:
            with pymongo.timeout(LAST_SECONDS):
                self._ownership.leave()
        except Unavailable:
            self._its.log.warning("left the group without telling it", extra=self._fields())

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        if self._failures == 1:
            self._its.log.warning(
                "group cannot be kept now, trying again", extra={**self._fields(), "error_type": type(error).__name__}
            )
        if self._stopping:
            for worker in self.workers.values():
                worker.stop()
        return min(self._timing.heartbeat, UNAVAILABLE.delay(self._failures))

    def _fields(self) -> dict[str, object]:
        return {"group": self._its.group, "topic": self._its.topic}
