"""The command line, put together, and the one place where an error becomes a message and an exit code."""

import re
import sys
from typing import NoReturn

import typer
from pymongo.errors import PyMongoError

from cqrs.broker.csbroker import console
from cqrs.broker.csbroker.commands import dead_letters, groups, history, messages, topics, working_files
from cqrs.broker.csbroker.errors import FAILED, CsbrokerError
from cqrs.errors import CqrsError, Unavailable

HELP = """Keep a service's broker configuration in its own folder, and look after topics, groups and messages.

Run it in the root of the service: the working files are change-stream/config.py and change-stream/message_payload.py.
"""
EXIT_CODES = (
    "Exit codes: 0 done · 1 failed, or drift with generate --check · 2 wrong usage, or differences with diff · "
    "3 refused (production, an active group, an edit that would be lost) · 130 interrupted"
)


def build_app() -> typer.Typer:
    """Return the application with all its commands."""
    app = typer.Typer(
        name="csbroker",
        help=HELP,
        epilog=EXIT_CODES,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    working_files.add_to(app)
    history.add_to(app)
    topics.add_to(app)
    messages.add_to(app)
    groups.add_to(app)
    dead_letters.add_to(app)
    return app


def main() -> NoReturn:
    """Run the command that the arguments name, and exit with its code."""
    try:
        build_app()()
    except CsbrokerError as error:
        _end(list(error.lines), error.exit_code)
    except Unavailable as error:
        _end([f"{error}: {_reason(error.__cause__)}" if error.__cause__ else str(error)], FAILED)
    except (CqrsError, PyMongoError) as error:
        _end([str(error)], FAILED)
    except OSError as error:
        _end([f"{error.strerror or error}: {error.filename}" if error.filename else str(error)], FAILED)
    sys.exit(0)


def _root() -> None:
    """Nothing is common to all commands; there only has to be a place for their help."""


def _reason(cause: BaseException) -> str:
    """Return which server was asked, and why it did not answer; the driver goes on with all that it knows of it."""
    return re.split(r" \(configured timeouts|, Timeout: ", str(cause))[0]


def _end(lines: list[str], exit_code: int) -> NoReturn:
    console.complain(lines)
    sys.exit(exit_code)
