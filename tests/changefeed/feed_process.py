"""A replica with a feed in a process of its own.

`python -m tests.changefeed.feed_process URI FEEDS_DATABASE DATABASE MODE NAME`. Every change that it handles becomes a
document of `effects` in the feeds' database: what, and by which process. MODE says where it stops at a document with
`hang`: `before` the effect, or `after` it and before anything is stored of that; it prints `in hand` there and waits
for a line to go on; `plainly` it never stops. It prints `started` once it is, and leaves on SIGTERM.
"""

import signal
import sys
import threading
import time

from cqrs.changefeed import Change, ChangeFeeds, define_feeds
from tests.changefeed.delivered import QUICK, feed_of


class Effects:
    def __init__(self, feeds: ChangeFeeds, mode: str, name: str) -> None:
        self._effects = feeds.store.database["effects"]
        self._mode = mode
        self._name = name

    def __call__(self, change: Change) -> None:
        document = change.document or {}
        if "hang" in document and self._mode == "before":
            self._hang()
        self._effects.insert_one(
            {
                "id": change.document_id,
                "operation": change.operation,
                "n": document.get("n"),
                "point": change.resume_point,
                "process": self._name,
                "at": time.time(),
            }
        )
        if "hang" in document and self._mode == "after":
            self._hang()

    def _hang(self) -> None:
        print("in hand", flush=True)
        sys.stdin.readline()


def main() -> None:
    _, uri, feeds_database, database, mode, name = sys.argv
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with ChangeFeeds(define_feeds(mongo_uri=uri, database=feeds_database)) as feeds:
        effects = Effects(feeds, mode, name)
        feed = feed_of(database, effects, operations=["insert", "update"], shards=2, from_beginning=True)
        feeds.start(feed, timing=QUICK)
        print("started", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
