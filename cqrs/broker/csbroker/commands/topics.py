"""topics, and topic create, describe, add-partitions."""

from datetime import datetime
from typing import Annotated

import msgspec
import typer

from cqrs.broker import reading
from cqrs.broker.config import define_topic
from cqrs.broker.csbroker import console
from cqrs.broker.csbroker.access import opened, opened_for_reading
from cqrs.broker.csbroker.errors import CsbrokerError
from cqrs.broker.csbroker.options import Json, YesProduction, examples, service_folder
from cqrs.broker.csbroker.production import refuse_in_production
from cqrs.broker.errors import UnknownTopic
from cqrs.broker.store import Store
from cqrs.broker.topics import Topic, Topics

KEY_ORDER = (
    "From now on most keys go to another partition. The earlier messages of a key stay where they are, so for a while "
    "two members may handle the same key at once: where order per key matters, stop the producers and let the groups "
    "catch up first (csbroker lag)."
)

Name = Annotated[str, typer.Argument(metavar="TOPIC", show_default=False)]
Partitions = Annotated[int, typer.Option("--partitions", "-p", help="How many partitions.")]
Total = Annotated[int, typer.Argument(metavar="PARTITIONS", help="How many there should be in all.")]
Retention = Annotated[
    int | None, typer.Option("--retention-ms", help="Remove messages older than this; without it they are kept.")
]


class TopicExists(CsbrokerError):
    """There is a topic of this name already."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"there is a topic {name!r} already")


class TopicView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A topic as it is shown."""

    name: str
    partitions: int
    retention_ms: int | None
    created_at: datetime
    updated_at: datetime


class PartitionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A partition as it is shown: its oldest offset, the next one to be given, and how many lie between."""

    partition: int
    earliest: int
    latest: int
    messages: int


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("topics", epilog=examples("topics", "topics --json"))(topics_command)
    topic = typer.Typer(help="Create, describe and widen one topic.", no_args_is_help=True)
    create = examples("topic create orders --partitions 3", "topic create orders --retention-ms 604800000")
    topic.command("create", epilog=create)(create_command)
    topic.command("describe", epilog=examples("topic describe orders", "topic describe orders --json"))(
        describe_command
    )
    topic.command("add-partitions", epilog=examples("topic add-partitions orders 6"))(add_partitions_command)
    app.add_typer(topic, name="topic")


def topics_command(*, json: Json = False) -> None:
    """List the topics."""
    with opened_for_reading(service_folder()) as store:
        topics = [_view(topic) for topic in Topics(lambda: store).all()]
    if json:
        console.show_json(topics)
        return
    rows = [(topic.name, topic.partitions, topic.retention_ms, topic.created_at) for topic in topics]
    console.show_rows(("TOPIC", "PARTITIONS", "RETENTION_MS", "CREATED"), rows)


def create_command(
    name: Name,
    *,
    partitions: Partitions = 1,
    retention_ms: Retention = None,
    json: Json = False,
    yes_production: YesProduction = False,
) -> None:
    """Create a topic. Fails where there is one of that name."""
    refuse_in_production(confirmed=yes_production)
    config = define_topic(name=name, partitions=partitions, retention_ms=retention_ms)
    with opened(service_folder()) as (broker, _):
        if any(topic.name == name for topic in broker.topics.all()):
            raise TopicExists(name)
        topic = broker.topics.create(config)
    _show(topic, f"created {name}", json=json)


def describe_command(name: Name, *, json: Json = False) -> None:
    """Show a topic and what each of its partitions holds."""
    with opened_for_reading(service_folder()) as store:
        topic = Topics(lambda: store).get(name)
        partitions = [_partition(store, name, partition) for partition in range(topic.partitions)]
    if json:
        console.show_json({"topic": _view(topic), "partitions": partitions})
        return
    console.notice(f"{name}: {'kept for ever' if topic.retention_ms is None else f'kept {topic.retention_ms} ms'}")
    rows = [(one.partition, one.earliest, one.latest, one.messages) for one in partitions]
    console.show_rows(("PARTITION", "EARLIEST", "LATEST", "MESSAGES"), rows)


def add_partitions_command(
    name: Name, total: Total, *, json: Json = False, yes_production: YesProduction = False
) -> None:
    """Give a topic more partitions. Most keys then go to another partition, which breaks their order once.

    The earlier messages of a key stay where they are: for a while two members may handle the same key at once. Where
    order per key matters, stop the producers and let the groups catch up first. There is no way back.
    """
    refuse_in_production(confirmed=yes_production)
    with opened(service_folder()) as (broker, _):
        before = broker.topics.get(name).partitions
        topic = broker.topics.add_partitions(name=name, partitions=total)
    if topic.partitions == before:
        _show(topic, f"{name} has {before} partitions already", json=json)
        return
    _show(topic, f"{name}: {before} → {topic.partitions} partitions. {KEY_ORDER}", json=json)


def require_topic(store: Store, name: str) -> int:
    """Return the number of its partitions. Raises UnknownTopic, Unavailable."""
    ends = reading.latest_of_all(store, topic=name)
    if not ends:
        raise UnknownTopic(name)
    return len(ends)


def _show(topic: Topic, sentence: str, *, json: bool) -> None:
    console.notice(sentence)
    if json:
        console.show_json(_view(topic))


def _view(topic: Topic) -> TopicView:
    return TopicView(**msgspec.structs.asdict(topic))


def _partition(store: Store, topic: str, partition: int) -> PartitionView:
    first = reading.earliest(store, topic=topic, partition=partition)
    end = reading.latest(store, topic=topic, partition=partition)
    return PartitionView(partition=partition, earliest=first, latest=end, messages=end - first)
