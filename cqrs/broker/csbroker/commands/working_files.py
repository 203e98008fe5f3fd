"""init, generate, watch."""

import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from cqrs.broker.csbroker import console
from cqrs.broker.csbroker.commands.topic_plan import apply_topics
from cqrs.broker.csbroker.errors import DRIFT, InvalidArgument
from cqrs.broker.csbroker.folder import NAME
from cqrs.broker.csbroker.generation import Generated, drift, generate
from cqrs.broker.csbroker.initialization import initialize
from cqrs.broker.csbroker.options import Json, YesProduction, examples, service_folder
from cqrs.broker.csbroker.production import refuse_in_production
from cqrs.broker.csbroker.watching import watch

Force = Annotated[bool, typer.Option("--force", help="Overwrite working files that are there already.")]
Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 where the client is out of date.")]
Replace = Annotated[bool, typer.Option("--force", help="Replace what is in the client's place and is no client.")]
Apply = Annotated[bool, typer.Option("--apply", help="Then create or update the topics in MongoDB, showing the plan.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init", epilog=examples("init", "init --force"))(init_command)
    app.command("generate", epilog=examples("generate", "generate --check", "generate --apply"))(generate_command)
    app.command("watch", epilog=examples("watch", "watch --json"))(watch_command)


def init_command(*, force: Force = False, json: Json = False, yes_production: YesProduction = False) -> None:
    """Write the two working files: one broker, a producer, a consumer and a payload, to be changed."""
    refuse_in_production(confirmed=yes_production)
    written = initialize(service_folder(), force=force)
    if json:
        console.show_json({"written": written})
        return
    for path in written:
        console.notice(f"wrote {path}")
    console.notice("edit them, then: csbroker generate")


def generate_command(
    *,
    check: Check = False,
    apply: Apply = False,
    force: Replace = False,
    json: Json = False,
    yes_production: YesProduction = False,
) -> None:
    """Check the working files and write the typed client, the JSON Schemas and the AsyncAPI document from them."""
    if check and apply:
        raise InvalidArgument("--check writes nothing, --apply does: choose one")
    if check:
        _show(drift(service_folder()), json=json, is_check=True)
        return
    refuse_in_production(confirmed=yes_production)
    generated = generate(service_folder(), force=force)
    if not json:
        _show(generated, json=False, is_check=False)
    steps = apply_topics(service_folder()) if apply else None
    if json:
        topics = {} if steps is None else {"topics": steps}
        console.show_json({"changed": generated.changed, "backup": generated.backup} | topics)


def watch_command(*, json: Json = False, yes_production: YesProduction = False) -> None:
    """Generate now and whenever a working file changes, until Ctrl-C. A mistake is shown and waits for an edit."""
    refuse_in_production(confirmed=yes_production)
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    console.notice(f"watching {NAME}/; Ctrl-C ends")
    watch(
        service_folder(),
        stop=stop,
        on_generated=lambda generated: _tell_generated(generated, json=json),
        on_error=lambda lines: _tell_errors(lines, json=json),
    )


def _show(generated: Generated, *, json: bool, is_check: bool) -> None:
    folder = service_folder()
    client = folder.shown(folder.client)
    if json:
        console.show_json(generated)
    elif not generated.changed:
        console.notice(f"{client}: up to date")
    else:
        for name in generated.changed:
            console.notice(f"{'out of date: ' if is_check else ''}{client}/{name}")
        if generated.backup:
            console.notice(f"the former client is backup {generated.backup}")
    if is_check and generated.changed:
        raise typer.Exit(DRIFT)


def _tell_generated(generated: Generated, *, json: bool) -> None:
    if json:
        console.show_json_line({"event": "generated", "changed": generated.changed, "backup": generated.backup})
    else:
        _show(generated, json=False, is_check=False)


def _tell_errors(lines: list[str], *, json: bool) -> None:
    if json:
        console.show_json_line({"event": "failed", "errors": lines})
    else:
        console.complain(lines)
