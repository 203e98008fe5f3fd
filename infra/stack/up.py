"""Starting the whole stack, all of it or none of it."""

import shutil

from infra.stack.application import application_programs, start_application
from infra.stack.down import stop_everything
from infra.stack.errors import AlreadyRunning, StackError
from infra.stack.layout import Layout
from infra.stack.lock import exclusive
from infra.stack.ports import require_free
from infra.stack.preparation import prepare_stores
from infra.stack.settings import StackSettings
from infra.stack.stack_env import write_stack_env
from infra.stack.stores import start_stores
from infra.stack.supervisor import APPLICATION, Supervisor

# PostgreSQL's log may grow to 2 GB under load, but a few users fit into what this leaves.
_ROOM_BYTES = 1024**3
# A watcher holds the lock for a moment now and then; another command holds it for longer.
_PATIENCE_SECONDS = 0.5


def up(settings: StackSettings) -> None:
    """Start the stack, detached, and return when every part of it answers.

    Raises StackError, with what was started stopped again: AlreadyRunning, PortsTaken, ProgramMissing,
    ProgramFailed, StackStopped.
    """
    layout = settings.layout
    layout.create()
    with exclusive(layout, wait_seconds=_PATIENCE_SECONDS):
        if Supervisor(layout, APPLICATION).is_running():
            raise AlreadyRunning(
                f"the stack in {layout.root} runs already: `make status` shows it, `make down` stops it"
            )
        # Of a start that was cut short.
        stop_everything(layout)
        layout.failure.unlink(missing_ok=True)
        layout.happenings.unlink(missing_ok=True)
        try:
            _start(settings)
        except BaseException:
            stop_everything(layout)
            raise


def _start(settings: StackSettings) -> None:
    layout = settings.layout
    _require_room(layout)
    require_free(settings.own_ports())
    programs = application_programs(layout, settings.ports)
    environment = settings.environment()
    write_stack_env(layout.stack_env, settings.ports, environment)
    print("starting", ", ".join(store.name for store in settings.stores) or "no store: all are external", flush=True)
    start_stores(layout, settings.stores, environment, bound=False)
    print("migrating, and creating indexes and topics", flush=True)
    prepare_stores(layout, environment)
    print("starting", ", ".join(program.name for program in programs), flush=True)
    start_application(layout, settings.ports, programs, environment)


def _require_room(layout: Layout) -> None:
    free = shutil.disk_usage(layout.root).free
    if free < _ROOM_BYTES:
        raise StackError(
            f"only {free // 1024**2} MB are free for {layout.root}: make room for {_ROOM_BYTES // 1024**2} MB, "
            "or set STACK_DIR to a folder on another disk"
        )
