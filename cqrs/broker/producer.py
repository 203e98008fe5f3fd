"""Sending: check, place, append. A call is atomic, alone or inside the caller's transaction."""

from collections.abc import Callable, Sequence

from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from cqrs.broker import replays
from cqrs.broker.append import OtherPartitions, append
from cqrs.broker.checking import checked, encoded, require_idempotency_key, stamped
from cqrs.broker.coalescing import Appender
from cqrs.broker.config import ProducerConfig, define_topic
from cqrs.broker.errors import IdempotencyConflict, MissingKey, NoTransaction, UnknownTopic
from cqrs.broker.interceptors import Interceptor
from cqrs.broker.message import Message, Sent
from cqrs.broker.outgoing import Entry, Send
from cqrs.broker.partitioning import Partitioner
from cqrs.broker.store import Store
from cqrs.broker.topics import Topics
from cqrs.broker.transaction import TRANSIENT
from cqrs.clock import now

# Partitions are added by hand, topics hardly ever vanish: who meets that twice in one call has another problem.
MOST_LOOKS = 3


class Producer:
    """Sends to one topic. Made by `Broker.create_producer`; for any number of threads."""

    def __init__(
        self,
        config: ProducerConfig,
        *,
        topics: Topics,
        auto_create: bool,
        appender: Callable[[], Appender],
        database: str,
        interceptors: Sequence[Interceptor],
    ) -> None:
        self.config = config
        self._topics = topics
        self._auto_create = auto_create
        self._appender = appender
        self._database = database
        self._interceptors = interceptors
        self._partitioner = Partitioner(config.partition_strategy)
        self._partitions: int | None = None

    def send(
        self,
        messages: Message | Sequence[Message],
        *,
        idempotency_key: str | None = None,
        session: ClientSession | None = None,
    ) -> list[Sent]:
        """Store the messages, all or none, and return where each is; they are on a majority's disks by then.

        With an idempotency key the call may be repeated for 24 hours: the same content is stored once and has the same
        result. With a session the messages are written in its transaction, which may be of any client of the same
        replica set, and are there when it commits; the driver's transient errors pass through, so that
        `with_transaction` repeats the caller's work.

        Raises before anything is written InvalidMessage (MissingKey, InvalidPayload, MessageTooLarge), UnknownTopic,
        InvalidIdempotencyKey, NoTransaction; then IdempotencyConflict, and Unavailable, after which the messages may
        have been stored all the same: repeat such a call with an idempotency key.
        """
        if idempotency_key is not None:
            require_idempotency_key(idempotency_key)
        if session is not None and not session.in_transaction:
            raise NoTransaction
        given = [messages] if isinstance(messages, Message) else messages
        outgoing = _Outgoing(self.config, given, idempotency_key)
        if not given:
            return []
        if session is not None:
            return self._send_within(session, outgoing)
        try:
            return self._send(outgoing)
        except Exception as error:
            for interceptor in self._interceptors:
                interceptor.after_failing(self.config.topic, outgoing.messages, error)
            raise

    def _send(self, outgoing: "_Outgoing") -> list[Sent]:
        for _ in range(MOST_LOOKS):
            partitions = self._stored_partitions()
            try:
                return self._appender().append(outgoing.placed(self._partitioner, partitions))
            except OtherPartitions:
                self._partitions = None
        raise UnknownTopic(self.config.topic)

    def _send_within(self, session: ClientSession, outgoing: "_Outgoing") -> list[Sent]:
        self._stored_partitions()
        store = Store(session.client, self._database)
        # As the transaction sees it: who changes it meanwhile conflicts with this transaction.
        topic = store.topics.find_one({"_id": self.config.topic}, session=session)
        if topic is None:
            self._partitions = None
            raise _too_old()
        send = outgoing.placed(self._partitioner, topic["partitions"])
        if before := replays.stored(store, [send], topic.get("topicId"), session):
            outcome = replays.replayed(send, before[send.idempotency_key or ""])
            if isinstance(outcome, IdempotencyConflict):
                raise outcome
            return outcome
        try:
            return append(store, [send], self._interceptors, session)[0]
        except OtherPartitions as error:
            raise _too_old() from error

    def _stored_partitions(self) -> int:
        """Return how many partitions the topic has, creating it where that is allowed. Raises UnknownTopic."""
        if self._partitions is None:
            self._partitions = self._look_up()
        return self._partitions

    def _look_up(self) -> int:
        config = self.config
        try:
            return self._topics.get(config.topic).partitions
        except UnknownTopic:
            if not self._auto_create:
                raise
        topic = define_topic(name=config.topic, partitions=config.partitions, retention_ms=config.retention_ms)
        return self._topics.create(topic).partitions


class _Outgoing:
    """The messages of one call: checked and encoded once, placed as often as the number of partitions changes."""

    def __init__(self, config: ProducerConfig, messages: Sequence[Message], idempotency_key: str | None) -> None:
        good = [checked(message, index, config.payload) for index, message in enumerate(messages)]
        if config.partition_strategy == "key-based":
            _require_keys(good)
        at = now()
        self.messages = [stamped(message, at) for message in good]
        self._topic = config.topic
        self._bodies = encoded(self.messages)
        self._key = idempotency_key
        self._fingerprint = replays.fingerprint(good) if idempotency_key is not None else b""

    def placed(self, partitioner: Partitioner, partitions: int) -> Send:
        return Send(
            topic=self._topic,
            partitions=partitions,
            entries=tuple(
                Entry(message=message, body=body, partition=partitioner.place(message, partitions))
                for message, body in zip(self.messages, self._bodies, strict=True)
            ),
            idempotency_key=self._key,
            fingerprint=self._fingerprint,
        )


def _require_keys(messages: Sequence[Message]) -> None:
    for index, message in enumerate(messages):
        if message.key is None:
            raise MissingKey(index)


def _too_old() -> OperationFailure:
    """Return the error that makes `with_transaction` begin anew: the transaction's snapshot is older than the topic."""
    return OperationFailure(
        "the transaction began before the topic was created or changed", details={"errorLabels": [TRANSIENT]}
    )
