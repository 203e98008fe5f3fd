"""What the tests of the operators' commands share: empty stores, and the commands called within the process."""

from collections.abc import Callable, Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from users_query.fresh_collection import clear_fresh_collections
from users_query.mongodb import database

Command = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def empty(clean_stores: None) -> Iterator[None]:
    """Empty stores; nothing of a rebuild and no validator is left behind."""
    yield
    clear_fresh_collections()
    database().drop_collection("users")


@pytest.fixture
def command() -> Command:
    """Call a command and return its exit status and all that it printed, its error included."""

    def call(name: str, *arguments: str) -> tuple[int, str]:
        out = StringIO()
        try:
            call_command(name, *arguments, stdout=out)
        except CommandError as error:
            return error.returncode, f"{out.getvalue()}{error}\n"
        except SystemExit as end:
            return int(end.code or 0), out.getvalue()
        return 0, out.getvalue()

    return call
