"""Typed, validated, frozen declarations of feeds. Each `define_…` reports all mistakes together."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from cqrs.broker.mistakes import not_bool, not_count, not_database, not_name, not_uri
from cqrs.changefeed.change import Operation
from cqrs.changefeed.errors import InvalidFeed
from cqrs.retry import RetryPolicy

DEFAULT_DATABASE = "change-feeds"
URI_VARIABLE = "MONGODB_URI"
DATABASE_VARIABLE = "CHANGE_FEEDS_DATABASE"

# They keep what a change is known by; what else a pipeline can do, the handler can do.
STAGES = frozenset({"$match", "$project", "$set", "$addFields", "$unset"})
MOST_SHARDS = 256
LONGEST_COLLECTION = 200

# With a Change, or with a list of them where the feed is declared with `batch`.
Handler = Callable[..., Any]


class FeedsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where feeds are kept: positions, owners, dead letters. Made by `define_feeds`."""

    mongo_uri: str
    database: str

    def __repr__(self) -> str:
        # The address may hold a password.
        return f"FeedsConfig(database={self.database!r})"


class FeedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A feed of the changes of one collection. Made by `define_feed`.

    `handler` gets each change, or with `batch` lists of up to `batch_size`, in at most `parallel` calls at once in a
    process; `shards` is how many processes can share them. `pipeline` filters and reshapes events as a change stream's
    does. `ordered_by` is a path in the document: the changes of each value there are kept in order, instead of those of
    each document. `remember` keeps which documents were handled, so that a resynchronisation delivers the others only:
    with deletions it must.
    """

    name: str
    database: str
    collection: str
    handler: Handler
    operations: frozenset[Operation]
    pipeline: tuple[Mapping[str, Any], ...]
    from_beginning: bool
    batch: bool
    batch_size: int
    parallel: int
    shards: int
    retry: RetryPolicy
    remember: bool
    ordered_by: str | None

    @property
    def topic(self) -> str:
        """What the feed's positions and dead letters are filed under, beside its name."""
        return f"{self.database}.{self.collection}"


def define_feeds(*, mongo_uri: str | None = None, database: str | None = None) -> FeedsConfig:
    """Declare where feeds are kept; from MONGODB_URI and CHANGE_FEEDS_DATABASE what is not given.

    It must be the deployment whose collections are watched; a database of its own keeps it out of their way. Raises
    InvalidFeed.
    """
    uri = mongo_uri if mongo_uri is not None else os.environ.get(URI_VARIABLE, "")
    name = database if database is not None else os.environ.get(DATABASE_VARIABLE, DEFAULT_DATABASE)
    mistakes = [f"mongo_uri (or {URI_VARIABLE}) must be the address of a MongoDB deployment"] if not_uri(uri) else []
    _refuse(mistakes, not_database(name))
    return FeedsConfig(mongo_uri=uri, database=name)


def define_feed(
    *,
    name: str,
    database: str,
    collection: str,
    handler: Handler,
    operations: Iterable[Operation] = ("insert",),
    pipeline: Sequence[Mapping[str, Any]] = (),
    from_beginning: bool = False,
    batch: bool = False,
    batch_size: int = 100,
    parallel: int = 8,
    shards: int = 1,
    retry: RetryPolicy | None = None,
    remember: bool | None = None,
    ordered_by: str | None = None,
) -> FeedConfig:
    """Declare a feed: `FeedConfig` says what the settings mean. Raises InvalidFeed."""
    wanted = frozenset(operations)
    feed = FeedConfig(
        name=name,
        database=database,
        collection=collection,
        handler=handler,
        operations=wanted,
        pipeline=tuple(pipeline),
        from_beginning=from_beginning,
        batch=batch,
        batch_size=batch_size,
        parallel=parallel,
        shards=shards,
        retry=RetryPolicy() if retry is None else retry,
        remember="delete" in wanted if remember is None else remember,
        ordered_by=ordered_by,
    )
    _refuse(*_mistakes_of_feed(feed))
    return feed


def _mistakes_of_feed(feed: FeedConfig) -> Iterable[Iterable[str]]:
    return (
        not_name("name", feed.name),
        not_database(feed.database),
        _not_collection(feed.collection),
        [] if callable(feed.handler) else [f"handler must be callable, not {feed.handler!r}"],
        _not_operations(feed.operations),
        _not_pipeline(feed.pipeline),
        not_bool("from_beginning", feed.from_beginning),
        not_bool("batch", feed.batch),
        not_count("batch_size", feed.batch_size, least=1, most=10_000),
        not_count("parallel", feed.parallel, least=1, most=256),
        not_count("shards", feed.shards, least=1, most=MOST_SHARDS),
        [] if isinstance(feed.retry, RetryPolicy) else [f"retry must be a RetryPolicy, not {feed.retry!r}"],
        _not_remember(feed.remember, feed.operations),
        _not_ordered_by(feed.ordered_by, feed.operations),
    )


def _not_collection(name: object) -> list[str]:
    if (
        isinstance(name, str)
        and 0 < len(name.encode(errors="replace")) <= LONGEST_COLLECTION
        and not set(name) & {"$", "\0"}
        and not name.startswith("system.")
    ):
        return []
    return [f"collection must be 1 to {LONGEST_COLLECTION} bytes without $ and NUL, and no system collection: {name!r}"]


def _not_operations(wanted: frozenset[object]) -> list[str]:
    if "insert" in wanted and wanted <= {"insert", "update", "delete"}:
        return []
    return [f"operations must be insert, and may be update and delete as well, not {sorted(map(str, wanted))}"]


def _not_remember(remember: object, operations: frozenset[object]) -> list[str]:
    if remember is False and "delete" in operations:
        return ["remember must not be false with deletions: a lost one could not be found again"]
    return not_bool("remember", remember)


def _not_ordered_by(path: object, operations: frozenset[object]) -> list[str]:
    if path is None:
        return []
    parts = path.split(".") if isinstance(path, str) else []
    if not parts or any(not part or part.startswith("$") or "\0" in part for part in parts):
        return [f"ordered_by must be the path of a field, such as context.sensorId, not {path!r}"]
    if "delete" in operations:
        return ["ordered_by must not be given with deletions: they do not tell what the document had there"]
    return []


def _not_pipeline(pipeline: tuple[object, ...]) -> list[str]:
    return [
        f"pipeline may hold stages of {', '.join(sorted(STAGES))}, not {stage!r}"
        for stage in pipeline
        if not isinstance(stage, Mapping) or len(stage) != 1 or not set(stage) <= STAGES
    ]


def _refuse(*mistakes: Iterable[str]) -> None:
    found = [mistake for some in mistakes for mistake in some]
    if found:
        raise InvalidFeed(found)
