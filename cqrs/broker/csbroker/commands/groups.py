"""groups, group describe and reset-offsets, lag."""

from collections.abc import Sequence
from typing import Annotated

import typer

from cqrs.broker.csbroker import console
from cqrs.broker.csbroker.access import opened, opened_for_reading
from cqrs.broker.csbroker.commands.topics import require_topic
from cqrs.broker.csbroker.errors import InvalidArgument
from cqrs.broker.csbroker.group_overview import GroupState, GroupView, overview
from cqrs.broker.csbroker.offset_choice import OffsetChoice, parse_offset
from cqrs.broker.csbroker.offset_reset import Move, execute_reset, plan_reset
from cqrs.broker.csbroker.options import Json, YesProduction, examples, service_folder
from cqrs.broker.csbroker.production import refuse_in_production
from cqrs.broker.store import Store

Group = Annotated[str, typer.Argument(metavar="GROUP", show_default=False)]
AnyGroup = Annotated[str | None, typer.Argument(metavar="[GROUP]", help="Only this one.")]
Topic = Annotated[str | None, typer.Option("--topic", "-t", help="Only on this topic.")]
To = Annotated[str, typer.Option("--to", metavar="beginning|end|N|@TIME", help="Where to go on.", show_default=False)]
Chosen = Annotated[list[int] | None, typer.Option("--partition", "-p", min=0, help="Only this one; repeat it.")]
Execute = Annotated[bool, typer.Option("--execute", help="Do it; without this only the plan is shown.")]

LAG_COLUMNS = ("GROUP", "TOPIC", "PARTITION", "COMMITTED", "LATEST", "LAG", "OWNER")


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("groups", epilog=examples("groups", "groups --json"))(groups_command)
    group = typer.Typer(help="Describe one consumer group, or have it go on elsewhere.", no_args_is_help=True)
    describe = examples("group describe classroom-service", "group describe classroom-service --topic orders")
    reset = examples(
        "group reset-offsets classroom-service --to beginning",
        "group reset-offsets classroom-service --topic orders --to @2026-01-31T12:00:00Z --execute",
        "group reset-offsets classroom-service --to 42 --partition 0 --execute",
    )
    group.command("describe", epilog=describe)(describe_command)
    group.command("reset-offsets", epilog=reset)(reset_offsets_command)
    app.add_typer(group, name="group")
    app.command("lag", epilog=examples("lag", "lag classroom-service --json"))(lag_command)


def groups_command(*, json: Json = False) -> None:
    """List the consumer groups, with each topic that they read."""
    with opened_for_reading(service_folder()) as store:
        groups = overview(store)
    if json:
        console.show_json(groups)
        return
    rows = [
        (one.group, one.topic, one.state, sum(member.is_alive for member in one.members), one.lag) for one in groups
    ]
    console.show_rows(("GROUP", "TOPIC", "STATE", "MEMBERS", "LAG"), rows)
    _explain_missing_lag(groups)


def describe_command(group: Group, *, topic: Topic = None, json: Json = False) -> None:
    """Show a group's members, and where it is in each partition."""
    with opened_for_reading(service_folder()) as store:
        found = overview(store, group=group, topic=topic)
    if json:
        console.show_json(found)
        return
    for one in found:
        console.notice(f"{one.group} on {one.topic}: {one.state}, generation {one.generation}")
        members = [(member.id, member.host, member.pid, member.is_alive, member.heartbeat_at) for member in one.members]
        if members:
            console.show_rows(("MEMBER", "HOST", "PID", "ALIVE", "HEARTBEAT"), members)
    console.show_rows(LAG_COLUMNS, [row for one in found for row in _lag_rows(one)])
    _explain_missing_lag(found)


def lag_command(group: AnyGroup = None, *, topic: Topic = None, json: Json = False) -> None:
    """Show how many messages each group has still to handle, by partition."""
    with opened_for_reading(service_folder()) as store:
        found = overview(store, group=group, topic=topic)
    if json:
        console.show_json(
            [{"group": one.group, "topic": one.topic, "lag": one.lag, "partitions": one.partitions} for one in found]
        )
        return
    console.show_rows(LAG_COLUMNS, [row for one in found for row in _lag_rows(one)])
    _explain_missing_lag(found)


def reset_offsets_command(
    group: Group,
    *,
    to: To,
    topic: Topic = None,
    partition: Chosen = None,
    execute: Execute = False,
    json: Json = False,
    yes_production: YesProduction = False,
) -> None:
    """Have a group go on elsewhere: show the plan and, with --execute, do it. Refused while the group is active."""
    choice = parse_offset(to)
    if not execute:
        with opened_for_reading(service_folder()) as store:
            view = _one_topic(store, group, topic)
            _show_plan(view, _plan(store, view, choice, partition), is_done=False, json=json)
        return
    refuse_in_production(confirmed=yes_production)
    with opened(service_folder()) as (broker, _):
        view = _one_topic(broker.store, group, topic)
        moves = _plan(broker.store, view, choice, partition)
        execute_reset(broker.store, group=group, topic=view.topic, moves=moves)
    _show_plan(view, moves, is_done=True, json=json)


def _plan(store: Store, view: GroupView, choice: OffsetChoice, partitions: list[int] | None) -> list[Move]:
    require_topic(store, view.topic)
    return plan_reset(store, group=view.group, topic=view.topic, choice=choice, partitions=partitions or ())


def _one_topic(store: Store, group: str, topic: str | None) -> GroupView:
    found = overview(store, group=group, topic=topic)
    if len(found) > 1:
        raise InvalidArgument(f"{group} reads {', '.join(one.topic for one in found)}: choose one with --topic")
    return found[0]


def _show_plan(view: GroupView, moves: list[Move], *, is_done: bool, json: bool) -> None:
    if json:
        console.show_json({"group": view.group, "topic": view.topic, "executed": is_done, "moves": moves})
    else:
        rows = [(view.group, view.topic, move.partition, move.present, move.planned) for move in moves]
        console.show_rows(("GROUP", "TOPIC", "PARTITION", "FROM", "TO"), rows)
    if is_done:
        console.notice("done")
    elif view.state is GroupState.ACTIVE:
        console.notice("nothing was changed; the group is active: stop its members, then add --execute")
    else:
        console.notice("nothing was changed; add --execute to do this")


def _lag_rows(view: GroupView) -> list[tuple[object, ...]]:
    return [
        (view.group, view.topic, one.partition, one.committed, one.latest, one.lag, one.owner)
        for one in view.partitions
    ]


def _explain_missing_lag(groups: Sequence[GroupView]) -> None:
    for one in groups:
        if one.lag is None:
            console.notice(
                f"{one.group} on {one.topic}: no lag, since nothing is counted there "
                "(the changes of a collection, or a topic that was deleted)"
            )
