"""`python -m infra.stack run|up|down|status|reset`; the Makefile has a target for each."""

import argparse
import os
import sys

from infra.stack.addresses import addresses
from infra.stack.down import down
from infra.stack.errors import StackError
from infra.stack.layout import Layout, data_folder
from infra.stack.reset import reset
from infra.stack.status import status

# 128 and the number of SIGINT, as shells have it.
_INTERRUPTED = 130


def main() -> int:
    """Do what the command line asks for; return 0, 1 after a message that says why not, or 130 when interrupted."""
    try:
        return _do(_command())
    except StackError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        # No room, no permission: the path and the system's reason say it all.
        print(f"{error.filename or 'the stack'}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    return 1


def _command() -> str:
    parser = argparse.ArgumentParser(prog="python -m infra.stack", description="The local stack.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="start everything and stop it at Ctrl-C")
    commands.add_parser("up", help="start everything, detached")
    commands.add_parser("down", help="stop everything")
    commands.add_parser("status", help="show what runs")
    commands.add_parser("reset", help="stop everything and empty the data folder")
    return str(parser.parse_args().command)


def _do(command: str) -> int:
    layout = Layout(data_folder(os.environ))
    match command:
        case "run" | "up":
            _start(command, layout)
        case "down":
            print("stopped" if down(layout) else f"the stack in {layout.root} does not run")
        case "status":
            return 0 if status(layout) else 1
        case "reset":
            reset(layout)
            print(f"{layout.root} is empty")
    return 0


def _start(command: str, layout: Layout) -> None:
    # Not above: these read the application's own settings, and a stack must stop whatever has become of its code.
    from infra.stack.run import run
    from infra.stack.settings import read_settings
    from infra.stack.up import up

    settings = read_settings(os.environ)
    if command == "run":
        run(settings)
    else:
        up(settings)
        print(addresses(layout))


if __name__ == "__main__":
    sys.exit(main())
