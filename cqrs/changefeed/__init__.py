"""Resumable change feeds over MongoDB's collections: nothing lost, order kept, one watcher. Works without Django."""

from cqrs.broker.errors import InvalidConfiguration, NotConnected
from cqrs.broker.group_member import Timing
from cqrs.changefeed.change import Change
from cqrs.changefeed.config import FeedConfig, FeedsConfig, define_feed, define_feeds
from cqrs.changefeed.errors import (
    AlreadyStarted,
    ChangeFeedError,
    FeedChanged,
    InvalidFeed,
    NoHistory,
    NotResharded,
    UnknownFeed,
)
from cqrs.changefeed.feeds import ChangeFeeds, Feed, ShardInfo
from cqrs.changefeed.observing import Happening
from cqrs.changefeed.share import key_of

__all__ = [
    "AlreadyStarted",
    "Change",
    "ChangeFeedError",
    "ChangeFeeds",
    "Feed",
    "FeedChanged",
    "FeedConfig",
    "FeedsConfig",
    "Happening",
    "InvalidConfiguration",
    "InvalidFeed",
    "NoHistory",
    "NotConnected",
    "NotResharded",
    "ShardInfo",
    "Timing",
    "UnknownFeed",
    "define_feed",
    "define_feeds",
    "key_of",
]
