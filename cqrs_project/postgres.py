"""Connections to PostgreSQL outside Django's pool: for hints and for probes."""

import math
from dataclasses import replace
from typing import Any

import psycopg
from django.db import connection

from cqrs.context import current, use
from cqrs.errors import Unavailable
from cqrs.eventlog.database import STORE
from cqrs.eventlog.patient_connection import PatientConnection

DJANGO_ONLY = ("pool", "cursor_factory", "context", "prepare_threshold")


def connect(**overrides: Any) -> psycopg.Connection:
    """Open a connection of its own, in autocommit, to the database of this application."""
    parameters = {name: value for name, value in connection.get_connection_params().items() if name not in DJANGO_ONLY}
    return PatientConnection.connect(**{**parameters, **overrides}, autocommit=True)


def ping(seconds: float) -> None:
    """Return when the store answers. Raises Unavailable."""
    try:
        with (
            use(replace(current(), patience=seconds)),
            connect(connect_timeout=max(1, math.floor(seconds))) as probe,
        ):
            probe.execute("select 1")
    except psycopg.Error as error:
        raise Unavailable(STORE) from error
