"""Typed, validated, frozen configurations. Each `define_…` reports all mistakes together."""

import os
from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

import msgspec

from cqrs.broker.errors import InvalidConfiguration
from cqrs.broker.mistakes import (
    URI_VARIABLE,
    not_bool,
    not_count,
    not_database,
    not_name,
    not_one_of,
    not_partition_list,
    not_partitions,
    not_payload,
    not_retention,
    not_uri,
)
from cqrs.broker.topic_name import mistakes_in_topic_name

DATABASE_VARIABLE = "MONGODB_BROKER_DATABASE"
DEFAULT_DATABASE = "change-stream-broker"

LogLevel = Literal["SILENT", "ERROR", "WARN", "INFO", "DEBUG"]
PartitionStrategy = Literal["hash", "key-based", "round-robin"]
PurgedPolicy = Literal["earliest", "latest", "fail"]


class BrokerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where the broker's data is, and how it speaks. Made by `define_broker`."""

    mongo_uri: str
    database: str
    auto_create_topics: bool
    log_level: LogLevel
    log_context: str | None

    def __repr__(self) -> str:
        # The address may hold a password.
        return f"BrokerConfig(database={self.database!r})"


class TopicConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A topic as it is wanted. Made by `define_topic`."""

    name: str
    partitions: int
    retention_ms: int | None


class ProducerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends to a topic, and how. `partitions` and `retention_ms` only count where the topic is created."""

    topic: str
    partitions: int
    retention_ms: int | None
    partition_strategy: PartitionStrategy
    payload: Any | None


class ConsumerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A member of a group that reads a topic. `partitions` None means all. Made by `define_consumer`."""

    group_id: str
    topic: str
    partitions: tuple[int, ...] | None
    auto_commit: bool
    auto_commit_interval_ms: int
    from_beginning: bool
    max_retries: int
    retry_delay_ms: int
    enable_offset_monitoring: bool
    batch_size: int
    max_await_time_ms: int
    on_purged: PurgedPolicy
    payload: Any | None


def define_broker(
    *,
    mongo_uri: str | None = None,
    database: str | None = None,
    auto_create_topics: bool = True,
    log_level: LogLevel = "INFO",
    log_context: str | None = None,
) -> BrokerConfig:
    """Declare a broker; address and database come from the environment where they are not given.

    The variables are MONGODB_BROKER_URI and MONGODB_BROKER_DATABASE. Raises InvalidConfiguration.
    """
    uri = mongo_uri if mongo_uri is not None else os.environ.get(URI_VARIABLE, "")
    name = database if database is not None else os.environ.get(DATABASE_VARIABLE, DEFAULT_DATABASE)
    _refuse(
        not_uri(uri),
        not_database(name),
        not_bool("auto_create_topics", auto_create_topics),
        not_one_of("log_level", log_level, get_args(LogLevel)),
        [] if log_context is None else not_name("log_context", log_context),
    )
    return BrokerConfig(
        mongo_uri=uri,
        database=name,
        auto_create_topics=auto_create_topics,
        log_level=log_level,
        log_context=log_context,
    )


def define_topic(*, name: str, partitions: int = 1, retention_ms: int | None = None) -> TopicConfig:
    """Declare a topic. Messages older than `retention_ms` are removed; None keeps them. Raises InvalidConfiguration."""
    _refuse(mistakes_in_topic_name(name), not_partitions(partitions), not_retention(retention_ms))
    return TopicConfig(name=name, partitions=partitions, retention_ms=retention_ms)


def define_producer(
    *,
    topic: str,
    partitions: int = 1,
    retention_ms: int | None = None,
    partition_strategy: PartitionStrategy = "hash",
    payload: Any | None = None,
) -> ProducerConfig:
    """Declare a producer; `payload` is a type that msgspec can convert to, or None for any JSON.

    Raises InvalidConfiguration.
    """
    _refuse(
        mistakes_in_topic_name(topic),
        not_partitions(partitions),
        not_retention(retention_ms),
        not_one_of("partition_strategy", partition_strategy, get_args(PartitionStrategy)),
        not_payload(payload),
    )
    return ProducerConfig(
        topic=topic,
        partitions=partitions,
        retention_ms=retention_ms,
        partition_strategy=partition_strategy,
        payload=payload,
    )


def define_consumer(
    *,
    group_id: str,
    topic: str,
    partitions: Sequence[int] | None = None,
    auto_commit: bool = True,
    auto_commit_interval_ms: int = 15_000,
    from_beginning: bool = False,
    max_retries: int = 3,
    retry_delay_ms: int = 1000,
    enable_offset_monitoring: bool = False,
    batch_size: int = 100,
    max_await_time_ms: int = 1000,
    on_purged: PurgedPolicy = "earliest",
    payload: Any | None = None,
) -> ConsumerConfig:
    """Declare a consumer. Raises InvalidConfiguration."""
    config = ConsumerConfig(
        group_id=group_id,
        topic=topic,
        partitions=partitions,  # type: ignore[arg-type]  # a tuple once it is checked
        auto_commit=auto_commit,
        auto_commit_interval_ms=auto_commit_interval_ms,
        from_beginning=from_beginning,
        max_retries=max_retries,
        retry_delay_ms=retry_delay_ms,
        enable_offset_monitoring=enable_offset_monitoring,
        batch_size=batch_size,
        max_await_time_ms=max_await_time_ms,
        on_purged=on_purged,
        payload=payload,
    )
    _refuse(*_mistakes_of_consumer(config))
    return config if partitions is None else msgspec.structs.replace(config, partitions=tuple(sorted(partitions)))


def _mistakes_of_consumer(config: ConsumerConfig) -> Iterable[Iterable[str]]:
    return (
        not_name("group_id", config.group_id),
        mistakes_in_topic_name(config.topic),
        not_partition_list(config.partitions),
        not_bool("auto_commit", config.auto_commit),
        not_count("auto_commit_interval_ms", config.auto_commit_interval_ms, least=1),
        not_bool("from_beginning", config.from_beginning),
        not_count("max_retries", config.max_retries, least=0),
        not_count("retry_delay_ms", config.retry_delay_ms, least=0),
        not_bool("enable_offset_monitoring", config.enable_offset_monitoring),
        not_count("batch_size", config.batch_size, least=1, most=100_000),
        not_count("max_await_time_ms", config.max_await_time_ms, least=1),
        not_one_of("on_purged", config.on_purged, get_args(PurgedPolicy)),
        not_payload(config.payload),
    )


def _refuse(*mistakes: Iterable[str]) -> None:
    found = [mistake for some in mistakes for mistake in some]
    if found:
        raise InvalidConfiguration(found)
