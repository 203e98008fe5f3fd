"""backups, restore, stage, diff, apply-stage."""

from typing import Annotated

import typer

from cqrs.broker.csbroker import console
from cqrs.broker.csbroker.backups import list_backups, restore
from cqrs.broker.csbroker.errors import DIFFERENT
from cqrs.broker.csbroker.folder import NAME
from cqrs.broker.csbroker.options import Json, YesProduction, examples, service_folder
from cqrs.broker.csbroker.production import refuse_in_production
from cqrs.broker.csbroker.stage import apply_stage, difference, staged_files

BackupName = Annotated[str, typer.Argument(metavar="NAME", help="One that csbroker backups lists.", show_default=False)]
Files = Annotated[
    list[str] | None, typer.Argument(metavar="[FILE]...", help="config.py, message_payload.py; both unless named.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite edits that neither the stage nor a backup holds.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backups", epilog=examples("backups", "backups --json"))(backups_command)
    app.command("restore", epilog=examples("restore 20260131T120000Z-001"))(restore_command)
    app.command("stage", epilog=examples("stage", "stage config.py", "stage --json"))(stage_command)
    app.command("diff", epilog=examples("diff", "diff config.py"))(diff_command)
    app.command("apply-stage", epilog=examples("apply-stage --dry-run", "apply-stage config.py --force"))(apply_command)


def backups_command(*, json: Json = False) -> None:
    """List the former clients, oldest first. The last ten are kept."""
    backups = list_backups(service_folder())
    if json:
        console.show_json(backups)
        return
    rows = [(backup.name, backup.replaced_at, backup.files, backup.is_current) for backup in backups]
    console.show_rows(("NAME", "REPLACED", "FILES", "CURRENT"), rows)


def restore_command(name: BackupName, *, json: Json = False, yes_production: YesProduction = False) -> None:
    """Bring a former client and its stage back. The present one is backed up first; the working files stay."""
    refuse_in_production(confirmed=yes_production)
    restored = restore(service_folder(), name)
    if json:
        console.show_json(restored)
    elif not restored.changed:
        console.notice(f"{name} is the present client already")
    else:
        console.notice(
            f"restored {name}" + (f"; the former client is backup {restored.backup}" * bool(restored.backup))
        )
        console.notice("compare the working files with csbroker diff, take them over with csbroker apply-stage")


def stage_command(files: Files = None, *, json: Json = False) -> None:
    """Show the working files as they were when the client was generated."""
    staged = staged_files(service_folder(), files or ())
    if json:
        console.show_json(staged)
        return
    for file in staged:
        console.notice(f"{NAME}/{file.name}: the working file is {file.working}")
        console.show_source(file.content, "python")


def diff_command(files: Files = None, *, json: Json = False) -> None:
    """Compare the working files with the stage. Exits with 0 where they are equal and 2 where they differ."""
    text = difference(service_folder(), files or ())
    if json:
        console.show_json({"equal": not text, "diff": text})
    else:
        console.show_source(text, "diff")
    if text:
        raise typer.Exit(DIFFERENT)


def apply_command(
    files: Files = None,
    *,
    dry_run: DryRun = False,
    force: Force = False,
    json: Json = False,
    yes_production: YesProduction = False,
) -> None:
    """Overwrite the working files with the stage."""
    if not dry_run:
        refuse_in_production(confirmed=yes_production)
    applied = apply_stage(service_folder(), files or (), dry_run=dry_run, force=force)
    if json:
        console.show_json({"applied": [] if dry_run else [one.name for one in applied], "changes": applied})
        return
    for one in applied:
        console.show_source(one.diff, "diff")
        console.notice(f"{'would overwrite' if dry_run else 'overwrote'} {NAME}/{one.name}")
    if not applied:
        console.notice("the working files are equal to the stage")
