"""What DATABASE_URL says of a connection holds; what it leaves open is set by the application."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast
from urllib.parse import quote, urlsplit

import pytest
from django.db.backends.postgresql.base import DatabaseWrapper
from django.db.utils import ConnectionHandler

from cqrs_project.database_settings import database_settings

Show = Callable[[str, str], str]


@pytest.fixture
def show(db: None) -> Iterator[Show]:
    """Connects to the tests' PostgreSQL by its address with other parameters, and asks for a setting of the session."""
    with ExitStack() as opened:
        yield lambda query, name: str(_ask(opened, query, name))


def _ask(opened: ExitStack, query: str, name: str) -> Any:
    url = urlsplit(os.environ["DATABASE_URL"])._replace(query=query).geturl()
    settings = database_settings(url, app_id="instance-9", pool_size=1)
    alias = f"settings {query}"
    connection = cast(DatabaseWrapper, ConnectionHandler({"default": settings, alias: settings})[alias])
    opened.callback(connection.close_pool)
    opened.callback(connection.close)
    with connection.temporary_connection() as cursor:
        cursor.execute("select current_setting(%s)", [name])
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("statement_timeout", "1min"),
        ("lock_timeout", "3s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("application_name", "cqrs instance-9"),
        ("TimeZone", "UTC"),
    ],
)
def test_an_address_without_parameters_gets_ours(show: Show, name: str, value: str) -> None:
    assert show("", name) == value


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ("-c search_path=elsewhere", "search_path", "elsewhere"),
        ("-c search_path=elsewhere", "lock_timeout", "3s"),
        ("-c lock_timeout=7s", "lock_timeout", "7s"),
        ("--statement_timeout=5s", "statement_timeout", "5s"),
    ],
)
def test_options_of_the_address_are_added_to_ours_and_win(show: Show, options: str, name: str, value: str) -> None:
    assert show(f"options={quote(options)}", name) == value


def test_the_address_may_give_a_name_of_its_own(show: Show) -> None:
    assert show("application_name=mine+yours", "application_name") == "mine+yours"


def test_every_parameter_of_the_address_reaches_the_driver() -> None:
    url = "postgresql://us%40er:p%2Fw@[::1]:5433/db?connect_timeout=9&keepalives_idle=30&sslmode=require&krbsrvname=k"

    settings = database_settings(url, app_id="instance-9", pool_size=1)

    place = {name: settings[name] for name in ("USER", "PASSWORD", "HOST", "PORT", "NAME")}
    assert place == {"USER": "us@er", "PASSWORD": "p/w", "HOST": "::1", "PORT": "5433", "NAME": "db"}
    theirs = {"connect_timeout": "9", "keepalives_idle": "30", "sslmode": "require", "krbsrvname": "k"}
    assert theirs.items() <= settings["OPTIONS"].items()


@pytest.mark.parametrize(
    "url", ["postgresql:///db?host=/run/postgresql", "postgresql://?host=/run/postgresql&dbname=db"]
)
def test_the_place_may_stand_in_the_parameters(url: str) -> None:
    settings = database_settings(url, app_id="instance-9", pool_size=1)

    assert (settings["HOST"], settings["NAME"]) == ("/run/postgresql", "db")
    assert not {"host", "dbname"} & settings["OPTIONS"].keys()
