"""A change feed as the work of a worker."""

import time
from collections.abc import Callable, Sequence

from cqrs.changefeed import ChangeFeeds, Feed, FeedConfig
from cqrs.errors import Unavailable
from cqrs.worker import Work


class Following:
    """Has the changes of a collection handled.

    The feed works in threads of its own. What is left to the worker is to start it as soon as MongoDB can be reached,
    and to stop it in the end: `stopping` is called before that, `stopped` after it.
    """

    def __init__(
        self,
        feeds: ChangeFeeds,
        config: FeedConfig,
        *,
        stopping: Callable[[], None] = lambda: None,
        stopped: Callable[[], None] = lambda: None,
    ) -> None:
        self._feeds = feeds
        self._config = config
        self._stopping = stopping
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

    def close(self) -> None:
        """Finish what is in hand and leave the feed to others."""
        self._stopping()
        self._feeds.disconnect()
        self._stopped()


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
