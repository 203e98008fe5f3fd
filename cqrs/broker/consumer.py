"""A consumer: one member of a group, which has the records of its share of the partitions handled in order."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from uuid import uuid4

from cqrs.broker import lag, positions
from cqrs.broker.circumstances import Circumstances
from cqrs.broker.config import ConsumerConfig
from cqrs.broker.errors import BrokerError, Fenced, OffsetPurged, TopicRemade
from cqrs.broker.failing import ErrorHandler, tell
from cqrs.broker.group_member import Duty, GroupMember, Timing
from cqrs.broker.handling import Handler, Handling
from cqrs.broker.interceptors import Interceptor
from cqrs.broker.lease import Lease
from cqrs.broker.logs import Log
from cqrs.broker.membership import Membership
from cqrs.broker.offset_monitoring import OffsetInfo, OffsetMonitor, OffsetsHook
from cqrs.broker.partition_worker import PartitionWorker
from cqrs.broker.store import Store
from cqrs.errors import Unavailable


class AlreadySubscribed(BrokerError):
    """A consumer has one handler; another one needs a consumer of its own."""

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        super().__init__(f"this consumer of group {group_id!r} is subscribed already")


class Consumer:
    """Made by `Broker.create_consumer`. All methods may be called from any thread, and from a handler."""

    def __init__(
        self,
        config: ConsumerConfig,
        *,
        store: Callable[[], Store],
        is_up: Callable[[], bool],
        log: Log,
        interceptors: Sequence[Interceptor] = (),
        timing: Timing | None = None,
        on_offsets: OffsetsHook | None = None,
    ) -> None:
        self.config = config
        self._store = store
        self._is_up = is_up
        self._log = log
        self._interceptors = tuple(interceptors)
        self._timing = timing or Timing()
        self._on_offsets = on_offsets
        self._monitor: OffsetMonitor | None = None
        self._paused = threading.Event()
        self._changing = threading.Lock()
        self._member: GroupMember[PartitionWorker] | None = None
        self._lease = Lease(self._timing.session_timeout)

    def subscribe(
        self,
        handler: Handler,
        error_handler: ErrorHandler | None = None,
        *,
        batch: bool = False,
        transactional: bool = False,
    ) -> None:
        """Have the records handled in threads of this consumer, from now on; returns at once.

        Whatever is sent after it has returned reaches the group. `handler` gets one record, or with `batch` a list of
        one partition's; with `transactional` also the session of the transaction in which their offset is committed.
        Records of one partition come in order and one after the other, partitions side by side. `error_handler` gets
        each error with its record; with None where that is BatchFailed, or where it is OffsetPurged or TopicRemade and
        the policy is `fail`.

        Raises AlreadySubscribed, NotConnected, Unavailable, and TopicRemade where the policy is `fail`.
        """
        with self._changing:
            if self._member is not None and self._member.is_working:
                raise AlreadySubscribed(self.config.group_id)
            handling = Handling(
                handler=handler,
                group=self.config.group_id,
                payload=self.config.payload,
                batch=batch,
                transactional=transactional,
                interceptors=self._interceptors,
            )
            self._member = self._new_member(handling, error_handler)
            self._member.start()
            if self.config.enable_offset_monitoring:
                self._monitor = self._new_monitor(self._member)
                self._monitor.start()

    def stop(self) -> None:
        """Ask for what `unsubscribe` does, without waiting for it."""
        if self._member is not None:
            self._member.stop()

    def unsubscribe(self) -> None:
        """Stop for good: finish what is in hand, commit it, leave the group. Returns when no thread is left.

        From within a handler it only asks for that, since the handler itself is in hand. A second call waits as well.
        Beside what the handler takes it lasts five seconds where MongoDB does not answer; then what was not committed
        yet is handled again by whoever is next.
        """
        member = self._member
        if member is not None:
            member.stop()
            member.join()
            self._join_monitor(member)

    def pause(self) -> None:
        """Begin no other record, until `resume`; partitions and positions stay as they are."""
        self._paused.set()

    def resume(self) -> None:
        """Go on where `pause` has stopped."""
        self._paused.clear()
        for worker in self._workers():
            worker.look()

    def commit(self) -> None:
        """Commit what has been handled in all partitions of this member.

        Raises Fenced, Unavailable: the first error, once the other partitions are committed as far as that is possible.
        """
        errors: list[Fenced | Unavailable] = []
        for worker in self._workers():
            try:
                worker.commit()
            except (Fenced, Unavailable) as error:
                errors.append(error)
        if errors:
            raise errors[0]

    @property
    def is_subscribed(self) -> bool:
        """Whether the handler is being given records, or would be if there were some or it were not paused."""
        return self._member is not None and self._member.is_working

    @property
    def is_paused(self) -> bool:
        return self._paused.is_set()

    @property
    def is_connected(self) -> bool:
        """Whether a primary is known now."""
        return self._is_up()

    @property
    def failure(self) -> OffsetPurged | TopicRemade | None:
        """Why this consumer has stopped by itself, with the policy `fail`; else None."""
        failure = None if self._member is None else self._member.failure
        return failure if isinstance(failure, OffsetPurged | TopicRemade) else None

    def offset_info(self) -> dict[int, OffsetInfo]:
        """Return by partition where this member is in what it owns. Raises NotConnected, Unavailable."""
        group = self.lag()
        info = {}
        for worker in self._workers():
            partition, position = worker.claim.partition, worker.position
            known = group.get(partition)
            if known is None:
                # Somebody has removed it: the worker is about to hear that it has lost the partition.
                continue
            info[partition] = OffsetInfo(
                partition=partition,
                committed=known.committed,
                position=position,
                latest=known.latest,
                lag=max(0, known.latest - position),
                epoch=worker.claim.epoch,
            )
        return info

    def lag(self) -> dict[int, lag.PartitionLag]:
        """Return by partition how far the whole group is behind. Raises NotConnected, Unavailable."""
        return lag.measure(self._store(), group=self.config.group_id, topic=self.config.topic)

    def _new_member(self, handling: Handling, on_error: ErrorHandler | None) -> GroupMember[PartitionWorker]:
        store, config = self._store(), self.config
        circumstances = Circumstances(
            store=store,
            config=config,
            handling=handling,
            on_error=on_error,
            lease=self._lease,
            paused=self._paused,
            log=self._log,
        )
        membership = Membership(
            store,
            group=config.group_id,
            topic=config.topic,
            member=uuid4().hex,
            partitions=config.partitions,
            session_timeout=self._timing.session_timeout,
        )
        duty = Duty[PartitionWorker](
            store=store,
            group=config.group_id,
            topic=config.topic,
            lease=self._lease,
            log=self._log,
            establish=partial(self._establish, store, on_error),
            new_worker=lambda claim, ended: PartitionWorker(claim, circumstances, ended=ended),
        )
        return GroupMember(duty, membership, self._timing)

    def _new_monitor(self, member: GroupMember[PartitionWorker]) -> OffsetMonitor:
        return OffsetMonitor(
            self.offset_info,
            interval=self._timing.monitoring,
            ended=member.has_left,
            hook=self._on_offsets,
            log=self._log,
            fields={"group": self.config.group_id, "topic": self.config.topic},
        )

    def _join_monitor(self, member: GroupMember[PartitionWorker]) -> None:
        if self._monitor is not None and member.has_left(0):
            self._monitor.join()

    def _establish(self, store: Store, on_error: ErrorHandler | None) -> None:
        """Fix where the group starts; a topic that was made anew is no everyday event. Raises TopicRemade."""
        config = self.config
        fields: dict[str, object] = {"group": config.group_id, "topic": config.topic, "policy": config.on_purged}
        try:
            restarts = positions.establish(
                store,
                group=config.group_id,
                topic=config.topic,
                from_beginning=config.from_beginning,
                on_remade=config.on_purged,
            )
        except TopicRemade as error:
            # The error handler gets the error.
            what = {"partition": error.partition, "former": error.offset}
            self._log.error("topic was made anew, the consumer stops", extra={**fields, **what})
            tell(on_error, error, None, self._log)
            raise
        for restart in restarts:
            what = {"partition": restart.partition, "former": restart.former, "offset": restart.offset}
            self._log.error("topic was made anew, the group starts again", extra={**fields, **what})

    def _workers(self) -> list[PartitionWorker]:
        return [] if self._member is None else list(self._member.workers.values())
