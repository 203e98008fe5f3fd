"""The stack in the foreground: `make run`."""

import signal
import time

from infra.stack.addresses import addresses
from infra.stack.down import down
from infra.stack.errors import StackStopped
from infra.stack.layout import Layout
from infra.stack.settings import StackSettings
from infra.stack.supervisor import APPLICATION, Supervisor
from infra.stack.up import up

_PAUSE_SECONDS = 0.5


def run(settings: StackSettings) -> None:
    """Start the stack, print where it is and what happens to it, and stop it at Ctrl-C, SIGTERM or SIGHUP.

    Raises StackStopped when it has stopped by itself, and what `up` raises.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    layout = settings.layout
    try:
        up(settings)
    except KeyboardInterrupt:
        print("\nstopped", flush=True)
        return
    try:
        print(f"{addresses(layout)}\n\nCtrl-C stops everything.", flush=True)
        _follow(layout)
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
    finally:
        down(layout)
    if layout.failure.exists():
        raise StackStopped(layout.failure.read_text().rstrip())
    print("stopped", flush=True)


def _follow(layout: Layout) -> None:
    """Print each happening as it comes, until the application's supervisord has ended."""
    runner = Supervisor(layout, APPLICATION)
    layout.happenings.touch()
    with layout.happenings.open() as happenings:
        happenings.seek(0, 2)
        while runner.is_running():
            time.sleep(_PAUSE_SECONDS)
            print(happenings.read(), end="", flush=True)
