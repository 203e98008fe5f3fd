"""A change feed as the work of a worker."""

import time
from collections.abc import Callable, Sequence

from cqrs.changefeed import ChangeFeeds, Feed, FeedConfig
from cqrs.errors import Unavailable
from cqrs.web.metrics import Readings, register_gauge
from cqrs.worker import Work


class Following:
    """Has the changes of a collection handled.

    The feed works in threads of its own. What is left to the worker is to start it as soon as MongoDB can be reached,
    and to stop it in the end: `stopped` is called after that.
    """

    def __init__(
        self,
        feeds: ChangeFeeds,
        config: FeedConfig,
        *,
        stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self._feeds = feeds
        self._config = config
        self._stopped = stopped
        self._feed: Feed | None = None

    def step(self) -> bool:
        """Start the feed, unless it runs. Raises Unavailable."""
        if self._feed is None or not self._feed.is_running:
            self._feeds.connect()
            self._feed = self._feeds.start(self._config)
        return False

    def wait(self, seconds: float) -> None:
        """Let the feed's threads work."""
        time.sleep(seconds)

    def behind(self) -> Readings:
        """Return by feed and shard how many seconds the shards of this process are behind, where that is known."""
        shards = {} if self._feed is None else self._feed.shards()
        behind = {number: one.behind for number, one in shards.items()}
        return {(self._config.name, str(number)): one for number, one in behind.items() if one is not None}

    def close(self) -> None:
        """Finish what is in hand and leave the feed to others."""
        self._feeds.disconnect()
        self._stopped()


def register_feed_lag(following: Following) -> None:
    """Measure at each scrape how far the feed's shards of this process are behind; absent where that is not known.

    Raises ValueError where that is registered already.
    """
    register_gauge(
        "cqrs_feed_behind_seconds",
        "Age of the oldest change that the feed has not handled.",
        following.behind,
        labels=("feed", "shard"),
    )


class Together:
    """Several works that go on in threads of their own, as one; each is started, whatever the others do."""

    def __init__(self, works: Sequence[Work]) -> None:
        self._works = works

    def step(self) -> bool:
        """Have each of them begin. Raises Unavailable where one could not."""
        outage: Unavailable | None = None
        for work in self._works:
            try:
                work.step()
            except Unavailable as error:
                outage = error
        if outage is not None:
            raise outage
        return False

    def wait(self, seconds: float) -> None:
        """Let their threads work."""
        time.sleep(seconds)

    def close(self) -> None:
        """End all of them."""
        for work in self._works:
            work.close()
