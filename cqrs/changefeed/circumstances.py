"""What the workers of all shards of a feed in this process share."""

import threading
from concurrent.futures import ThreadPoolExecutor

import msgspec
from bson.codec_options import DatetimeConversion
from pymongo.database import Database

from cqrs.broker.lease import Lease
from cqrs.broker.logs import Log
from cqrs.broker.mongodb import Document
from cqrs.broker.store import CODEC, Store
from cqrs.changefeed.config import FeedConfig
from cqrs.changefeed.observing import Observer

# Documents are others': one that Python has no date for, or with broken text, must not stop the stream of all.
ANY_DOCUMENT = CODEC.with_options(
    datetime_conversion=DatetimeConversion.DATETIME_AUTO, unicode_decode_error_handler="replace"
)


class Circumstances(msgspec.Struct, frozen=True, kw_only=True):
    """Where a feed's changes are, who handles them, and whether they may be handled now.

    `database` is that of the watched collection, `store` where the feed is kept. `handling` holds the threads that are
    in a handler now.
    """

    feed: FeedConfig
    store: Store
    database: Database[Document]
    pool: ThreadPoolExecutor
    lease: Lease
    log: Log
    observer: Observer | None
    handling: set[threading.Thread]
