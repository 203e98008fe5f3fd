"""deadletters list, show, retry, discard."""

from typing import Annotated, Any

import typer

from cqrs.broker import dead_letters
from cqrs.broker.csbroker import console
from cqrs.broker.csbroker.access import opened, opened_for_reading
from cqrs.broker.csbroker.errors import FAILED
from cqrs.broker.csbroker.letter_choice import LetterChoice, discard_chosen, letter_of, retry_chosen
from cqrs.broker.csbroker.options import Json, YesProduction, examples, service_folder
from cqrs.broker.csbroker.production import refuse_in_production
from cqrs.broker.dead_letters import DeadLetter

Group = Annotated[str | None, typer.Option("--group", "-g", help="Of this group.")]
Topic = Annotated[str | None, typer.Option("--topic", "-t", help="Of this topic.")]
Key = Annotated[str | None, typer.Option("--key", "-k", help="With this key.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many.")]
Id = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Those that deadletters list shows.")]

COLUMNS = ("ID", "GROUP", "TOPIC", "PARTITION", "OFFSET", "KEY", "STATE", "ATTEMPTS", "ERROR")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    letters = typer.Typer(help="Look after records that a group could not handle.", no_args_is_help=True)
    letter_id = "6560a1b2c3d4e5f60718293a"
    letters.command("list", epilog=examples("deadletters list", "deadletters list --group g --key customer-1"))(
        list_command
    )
    letters.command("show", epilog=examples(f"deadletters show {letter_id}"))(show_command)
    retry = examples(
        f"deadletters retry {letter_id}", "deadletters retry --group g --key customer-1", "deadletters retry --group g"
    )
    letters.command("retry", epilog=retry)(retry_command)
    discard = examples(f"deadletters discard {letter_id}", "deadletters discard --group g --topic t --key customer-1")
    letters.command("discard", epilog=discard)(discard_command)
    app.add_typer(letters, name="deadletters")


def list_command(
    *, group: Group = None, topic: Topic = None, key: Key = None, limit: Limit = 100, json: Json = False
) -> None:
    """List dead letters. `waiting` are later records of a key that has a parked one; they come after it, in order."""
    with opened_for_reading(service_folder()) as store:
        found = dead_letters.listing(store, group=group, topic=topic, key=key, limit=limit)
    if json:
        console.show_json([_object(letter) for letter in found])
        return
    console.show_rows(COLUMNS, [_row(letter) for letter in found])


def show_command(letter_id: Id, *, json: Json = False) -> None:
    """Show one dead letter: the record as it was sent, its last error, and when each attempt failed."""
    with opened_for_reading(service_folder()) as store:
        letter = letter_of(store, letter_id)
    if json or not console.is_terminal():
        console.show_json(_object(letter))
        return
    console.show_source(console.indented_json(_object(letter)), "json")


def retry_command(
    letter_ids: Ids = None,
    *,
    group: Group = None,
    topic: Topic = None,
    key: Key = None,
    json: Json = False,
    yes_production: YesProduction = False,
) -> None:
    """Have parked records handled once more by their group, and behind each what waits for it.

    Named by id, or all of a group, of a topic, of a key. Exits with 1 where none of them is parked.
    """
    refuse_in_production(confirmed=yes_production)
    choice = LetterChoice(ids=letter_ids or (), group=group, topic=topic, key=key)
    choice.require_one_way()
    with opened(service_folder()) as (broker, _):
        number = retry_chosen(broker.store, choice)
    _end("retried", number, "are parked: there is nothing to retry", json=json)


def discard_command(
    letter_ids: Ids = None,
    *,
    group: Group = None,
    topic: Topic = None,
    key: Key = None,
    json: Json = False,
    yes_production: YesProduction = False,
) -> None:
    """Give records up for good. Where a parked one goes, what waits behind it is tried next.

    Named by id, or all of a group, of a topic, of a key. Exits with 1 where there are none.
    """
    refuse_in_production(confirmed=yes_production)
    choice = LetterChoice(ids=letter_ids or (), group=group, topic=topic, key=key)
    choice.require_one_way()
    with opened(service_folder()) as (broker, _):
        number = discard_chosen(broker.store, choice)
    _end("discarded", number, "are there: there is nothing to discard", json=json)


def _end(verb: str, number: int, nothing: str, *, json: bool) -> None:
    if json:
        console.show_json({verb: number})
    console.notice(f"{verb} {number}" if number else f"none of them {nothing}")
    if not number:
        raise typer.Exit(FAILED)


def _row(letter: DeadLetter) -> tuple[object, ...]:
    record = letter.record
    error = f"{letter.error_type}: {letter.error}" if letter.error_type else None
    return (
        letter.id,
        letter.group,
        record.topic,
        record.partition,
        record.offset,
        record.message.key,
        letter.state,
        letter.attempts,
        error,
    )


def _object(letter: DeadLetter) -> dict[str, Any]:
    record = letter.record
    return {
        "id": letter.id,
        "group": letter.group,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "key": record.message.key,
        "state": letter.state,
        "attempts": letter.attempts,
        "errorType": letter.error_type,
        "error": letter.error,
        "failedAt": letter.failed_at,
        "parkedAt": letter.parked_at,
        "value": record.message.value,
        "headers": dict(record.message.headers),
        "timestamp": record.message.timestamp,
        "appendedAt": record.timestamp,
    }
