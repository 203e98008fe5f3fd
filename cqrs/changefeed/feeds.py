"""Change feeds in one process: connecting, starting feeds, stopping them."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import TracebackType
from typing import Self
from uuid import uuid4

import msgspec

from cqrs.broker.group_member import Duty, GroupMember, Timing
from cqrs.broker.lease import Lease
from cqrs.broker.membership import Membership
from cqrs.broker.mongodb import Connection
from cqrs.broker.store import Store
from cqrs.changefeed import declared, positions
from cqrs.changefeed.change import wall_time_of
from cqrs.changefeed.circumstances import ANY_DOCUMENT, Circumstances
from cqrs.changefeed.config import FeedConfig, FeedsConfig
from cqrs.changefeed.errors import AlreadyStarted
from cqrs.changefeed.filtering import Filter
from cqrs.changefeed.observing import Observer
from cqrs.changefeed.resharding import reshard
from cqrs.changefeed.shard_worker import ShardWorker
from cqrs.changefeed.source import Mode

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0


class ShardInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A shard that this process owns under `epoch`.

    `mode` says where its changes come from, `read_until` the server's time up to which it has read them (to the second;
    during a scan when that began), `behind` the age in seconds of the oldest change that is not finished, 0 where there
    is none. All are None before it has begun, and `behind` where MongoDB has not been heard of for a while.
    """

    shard: int
    epoch: int
    mode: Mode | None
    read_until: datetime | None
    behind: float | None


class Feed:
    """A feed that this process takes part in. Made by `ChangeFeeds.start`."""

    def __init__(self, config: FeedConfig, store: Store, observer: Observer | None, timing: Timing) -> None:
        self.config = config
        self._pool = ThreadPoolExecutor(config.parallel, thread_name_prefix=f"changefeed-{config.name}")
        circumstances = Circumstances(
            feed=config,
            store=store,
            database=store.client.get_database(config.database, codec_options=ANY_DOCUMENT),
            pool=self._pool,
            lease=Lease(timing.session_timeout),
            log=logger,
            observer=observer,
            handling=set(),
        )
        self._handling = circumstances.handling
        self._filter = Filter(config, circumstances.database)
        duty = Duty[ShardWorker](
            store=store,
            group=config.name,
            topic=config.topic,
            lease=circumstances.lease,
            log=logger,
            establish=lambda: declared.establish(store, config, circumstances.database),
            new_worker=lambda claim, ended: ShardWorker(claim, circumstances, ended=ended),
            ends=lambda: declared.ends(store, config.name),
        )
        membership = Membership(
            store,
            group=config.name,
            topic=config.topic,
            member=uuid4().hex,
            session_timeout=timing.session_timeout,
        )
        self._member = GroupMember[ShardWorker](duty, membership, timing)

    def start(self) -> None:
        """Fix where a new feed starts, and begin to work in threads.

        Raises InvalidFeed, FeedChanged, NoHistory, Unavailable.
        """
        self._filter.check()
        self._member.start()

    def stop(self) -> None:
        """Finish what handlers have in hand, store how far it got, and leave the shards to others.

        Returns when no thread is left. Called by a handler it only asks for that.
        """
        self._member.stop()
        if threading.current_thread() in self._handling:
            return
        self._member.join()
        self._pool.shutdown()

    @property
    def is_running(self) -> bool:
        """Whether changes are being handled, or would be if there were some."""
        return self._member.is_working

    def shards(self) -> dict[int, ShardInfo]:
        """Return by number the shards that this process owns."""
        return {shard: _info_of(worker) for shard, worker in list(self._member.workers.items())}


def _info_of(worker: ShardWorker) -> ShardInfo:
    claim, source = worker.claim, worker.source
    return ShardInfo(
        shard=claim.partition,
        epoch=claim.epoch,
        mode=None if source is None else source.mode,
        read_until=None if source is None else wall_time_of(source.point.token),
        behind=worker.behind,
    )


class ChangeFeeds:
    """The feeds of one process, kept in one database. All of it may be used from any thread.

    `observer` is told what somebody should know, for metrics and alarms; it is called from the feeds' threads.
    """

    def __init__(self, config: FeedsConfig, *, observer: Observer | None = None) -> None:
        self.config = config
        self._observer = observer
        self._connection = Connection(config.mongo_uri)
        self._feeds: dict[str, Feed] = {}
        self._changing = threading.Lock()

    def connect(self) -> Self:
        """Return when the primary answers and the collections are there. Raises Unavailable, InvalidConfiguration."""
        was_open = self._connection.is_open
        self._connection.open()
        try:
            self._connection.ping(CONNECT_SECONDS)
            positions.prepare(self.store)
        except BaseException:
            if not was_open:
                self._connection.close()
            raise
        return self

    def disconnect(self) -> None:
        """Stop all feeds and give the client back."""
        with self._changing:
            feeds, self._feeds = list(self._feeds.values()), {}
        for feed in feeds:
            feed.stop()
        self._connection.close()

    @property
    def is_connected(self) -> bool:
        """Whether `connect()` has succeeded and the driver knows of a primary now."""
        return self._connection.is_up

    @property
    def store(self) -> Store:
        """Where feeds are kept, through this process's client. Raises NotConnected."""
        return Store(self._connection.client, self.config.database)

    def start(self, config: FeedConfig, *, timing: Timing | None = None) -> Feed:
        """Take part in a feed: its changes are handled in threads from now on, shared with the other processes.

        Whatever is stored after it has returned reaches the feed. Raises AlreadyStarted, InvalidFeed where MongoDB
        refuses its pipeline, FeedChanged, NoHistory, NotConnected, Unavailable.
        """
        with self._changing:
            former = self._feeds.get(config.name)
            if former is not None and former.is_running:
                raise AlreadyStarted(config.name)
            feed = Feed(config, self.store, self._observer, timing or Timing())
            feed.start()
            self._feeds[config.name] = feed
            return feed

    def reshard(self, feed: str, shards: int) -> int:
        """Divide a feed into another number of shards, and return how many it had: see `cqrs.changefeed.resharding`.

        Replicas may run meanwhile: they pause for a moment. Raises InvalidFeed, UnknownFeed, NotResharded where that is
        not possible now, NotConnected, Unavailable.
        """
        return reshard(self.store, feed, shards)

    def __enter__(self) -> Self:
        return self.connect()

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self.disconnect()
