"""The broker: the connection that producers and consumers of one process share."""

import logging
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from weakref import WeakSet

from cqrs.broker.coalescing import Appender
from cqrs.broker.config import BrokerConfig, ConsumerConfig, ProducerConfig
from cqrs.broker.consumer import Consumer
from cqrs.broker.group_member import Timing
from cqrs.broker.interceptors import Interceptor
from cqrs.broker.logs import BrokerLog
from cqrs.broker.mongodb import Connection, translated
from cqrs.broker.offset_monitoring import OffsetsHook
from cqrs.broker.producer import Producer
from cqrs.broker.store import Store
from cqrs.broker.topics import Topics

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0


class Broker:
    """A broker in one database. All of it may be used from any thread; a forked process gets a client of its own."""

    def __init__(self, config: BrokerConfig, *, interceptors: Sequence[Interceptor] = ()) -> None:
        self.config = config
        self.interceptors = tuple(interceptors)
        self.topics = Topics(lambda: self.store)
        self._connection = Connection(config.mongo_uri)
        self._log = BrokerLog(logger, config)
        self._store: Store | None = None
        self._appender = self._new_appender()
        # A consumer that is subscribed is held by its own thread.
        self._consumers: WeakSet[Consumer] = WeakSet()

    def connect(self, *, seconds: float | None = None) -> Self:
        """Return when the primary answers and the collections are there. Connected already, it only looks again.

        The primary is given so many seconds, or as many as the driver gives it.

        Raises Unavailable, InvalidConfiguration.
        """
        was_open = self._connection.is_open
        self._connection.open()
        try:
            self._connection.ping(CONNECT_SECONDS if seconds is None else seconds)
            with translated():
                self.store.prepare()
        except BaseException:
            if not was_open:
                self.disconnect()
            raise
        return self

    def disconnect(self) -> None:
        """Unsubscribe the consumers and give the client back; what is sent from now on is NotConnected."""
        # All at once: each may take seconds where MongoDB cannot be reached.
        consumers = list(self._consumers)
        for consumer in consumers:
            consumer.stop()
        for consumer in consumers:
            consumer.unsubscribe()
        for interceptor in self.interceptors:
            interceptor.close()
        self._store = None
        self._connection.close()

    @property
    def is_connected(self) -> bool:
        """Whether `connect()` has succeeded and the driver knows of a primary now."""
        return self._connection.is_up

    @property
    def store(self) -> Store:
        """The collections, through this process's client. Raises NotConnected."""
        client = self._connection.client
        if self._store is None or self._store.client is not client:
            self._store = Store(client, self.config.database, log=self._log)
        return self._store

    def create_producer(self, config: ProducerConfig) -> Producer:
        """Return a producer, for any number of threads. Its topic is looked up, or created, when it first sends."""
        return Producer(
            config,
            topics=self.topics,
            auto_create=self.config.auto_create_topics,
            appender=self._appender_of_process,
            database=self.config.database,
            interceptors=self.interceptors,
        )

    def create_consumer(
        self, config: ConsumerConfig, *, timing: Timing | None = None, on_offsets: OffsetsHook | None = None
    ) -> Consumer:
        """Return a consumer: one member of a group, once it is subscribed. Its topic need not be there yet.

        `on_offsets` gets each measurement where the configuration enables offset monitoring: `OffsetInfo` by partition.
        """
        consumer = Consumer(
            config,
            store=lambda: self.store,
            is_up=lambda: self.is_connected,
            log=self._log,
            interceptors=self.interceptors,
            timing=timing,
            on_offsets=on_offsets,
        )
        self._consumers.add(consumer)
        return consumer

    def _appender_of_process(self) -> Appender:
        if self._appender.process != os.getpid():
            # Its locks may be held by threads that stayed in the parent.
            self._appender = self._new_appender()
        return self._appender

    def _new_appender(self) -> Appender:
        return Appender(lambda: self.store, self.interceptors)

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.disconnect()
