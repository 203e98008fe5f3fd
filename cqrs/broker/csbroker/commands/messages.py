"""produce and consume."""

import sys
from itertools import islice
from typing import Annotated, Any

import msgspec
import typer

from cqrs.broker import reading
from cqrs.broker.broker import Broker
from cqrs.broker.config import ProducerConfig, define_producer
from cqrs.broker.csbroker import console
from cqrs.broker.csbroker.access import opened, opened_for_reading
from cqrs.broker.csbroker.commands.topics import require_topic
from cqrs.broker.csbroker.declarations import Declarations
from cqrs.broker.csbroker.errors import InvalidArgument
from cqrs.broker.csbroker.following import follow
from cqrs.broker.csbroker.incoming import message_of, messages_of_lines
from cqrs.broker.csbroker.offset_choice import parse_offset
from cqrs.broker.csbroker.options import Json, YesProduction, examples, service_folder
from cqrs.broker.csbroker.production import refuse_in_production
from cqrs.broker.message import ConsumerRecord, Message, Sent
from cqrs.broker.reading import Purged

AT_ONCE = 1000

Topic = Annotated[str, typer.Argument(metavar="TOPIC", show_default=False)]
Value = Annotated[
    str | None, typer.Argument(metavar="[VALUE]", help="A JSON value; without it, one a line is read from stdin.")
]
Key = Annotated[str | None, typer.Option("--key", "-k", help="The key; messages of one key keep their order.")]
Headers = Annotated[list[str] | None, typer.Option("--header", "-H", metavar="NAME=VALUE", help="A header; repeat it.")]
Records = Annotated[bool, typer.Option("--records", help="Lines of stdin are objects as consume prints them.")]
IdempotencyKey = Annotated[
    str | None, typer.Option("--idempotency-key", help="Sending again with it within 24 hours stores nothing twice.")
]
Offset = Annotated[
    str, typer.Option("--offset", "-o", metavar="beginning|end|N|@TIME", help="Where to begin in each partition.")
]
Count = Annotated[int | None, typer.Option("--count", "-c", min=1, help="End after so many messages.")]
Chosen = Annotated[list[int] | None, typer.Option("--partition", "-p", min=0, help="Only this one; repeat it.")]
UntilEnd = Annotated[bool, typer.Option("--until-end", "-e", help="End with the last message that is there now.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    produce = examples(
        """produce orders '{"id": 1}' --key customer-1 --header eventType=order.created""",
        "produce orders < values.jsonl",
        "produce orders --records < consumed.jsonl",
    )
    consume = examples(
        "consume orders", "consume orders -o beginning -e", "consume orders -o @2026-01-31T12:00:00Z -c 5"
    )
    app.command("produce", epilog=produce)(produce_command)
    app.command("consume", epilog=consume)(consume_command)


def produce_command(
    topic: Topic,
    value: Value = None,
    *,
    key: Key = None,
    header: Headers = None,
    records: Records = False,
    idempotency_key: IdempotencyKey = None,
    json: Json = False,
    yes_production: YesProduction = False,
) -> None:
    """Send messages to a topic, and show where each was stored.

    Where the working files declare a producer of the topic, its payload and its strategy hold. Many lines are sent a
    thousand at a time, each time all or none; with an idempotency key, all in one.
    """
    refuse_in_production(confirmed=yes_production)
    if value is not None and records:
        raise InvalidArgument("--records is about stdin: leave out either the value or --records")
    messages = (
        messages_of_lines(sys.stdin, as_records=records, key=key, headers=header or ())
        if value is None
        else [message_of(value=value, key=key, headers=header or ())]
    )
    with opened(service_folder()) as (broker, declared):
        producer = broker.create_producer(_producer(broker, declared, topic))
        size = AT_ONCE if idempotency_key is None else max(1, len(messages))
        for first in range(0, len(messages), size):
            sent = producer.send(messages[first : first + size], idempotency_key=idempotency_key)
            _show_sent(sent, messages[first : first + size], json=json)


def consume_command(
    topic: Topic,
    *,
    offset: Offset = "end",
    count: Count = None,
    partition: Chosen = None,
    until_end: UntilEnd = False,
    json: Json = False,
) -> None:
    """Show messages as they are, outside of any group: nothing is committed. Ctrl-C ends it.

    On a terminal a line for people each; elsewhere, or with --json, a JSON object a line.
    """
    choice = parse_offset(offset)
    with opened_for_reading(service_folder()) as store:
        present = require_topic(store, topic)
        chosen = sorted(set(partition or range(present)))
        if chosen[-1] >= present:
            raise InvalidArgument(f"{topic} has partitions 0 to {present - 1}, not {chosen[-1]}")
        offsets = {one: choice.resolved(store, topic=topic, partition=one) for one in chosen}
        ends = reading.latest_of_all(store, topic=topic) if until_end else None
        records = follow(store, topic=topic, offsets=offsets, until=ends, on_purged=_tell_purged)
        as_json = json or not console.is_terminal()
        for record in islice(records, count):
            console.show_json_line(_object(record)) if as_json else _show_line(record)


def _producer(broker: Broker, declared: Declarations | None, topic: str) -> ProducerConfig:
    for producer in declared.producers.values() if declared else ():
        if producer.topic == topic:
            return producer
    # A slip of the pen must not create a topic.
    return define_producer(topic=broker.topics.get(topic).name)


def _show_sent(sent: list[Sent], messages: list[Message], *, json: bool) -> None:
    for place, message in zip(sent, messages, strict=True):
        if json or not console.is_terminal():
            console.show_json_line({"partition": place.partition, "offset": place.offset, "key": message.key})
        else:
            console.notice(f"partition {place.partition} offset {place.offset}")


def _object(record: ConsumerRecord) -> dict[str, Any]:
    message = record.message
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": message.key,
        "value": message.value,
        "headers": dict(message.headers),
        "timestamp": message.timestamp,
        "appendedAt": record.timestamp,
    }


def _show_line(record: ConsumerRecord) -> None:
    value = msgspec.json.encode(record.message.value).decode()
    console.show_line(f"{record.partition}:{record.offset}", record.message.key, value)


def _tell_purged(partition: int, purged: Purged) -> None:
    console.notice(f"partition {partition}: offsets {purged.first} to {purged.until - 1} have been purged")
