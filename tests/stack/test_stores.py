"""The stores that every test runs on are the real ones, and set up as the application needs them."""

import os
import socket
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from pymongo import MongoClient


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit", "full_page_writes", "data_checksums"])
def test_postgres_keeps_what_it_has_acknowledged(setting: str) -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT current_setting(%s)", [setting]).fetchone()
    assert row == ("on",)


def test_postgres_wants_the_password() -> None:
    address = urlsplit(os.environ["DATABASE_URL"])
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://cqrs:wrong@{address.hostname}:{address.port}/cqrs")


def test_the_application_is_no_superuser() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    assert row == (False,)


def test_mongodb_is_a_journaled_replica_set_with_a_bounded_cache() -> None:
    with MongoClient[dict[str, Any]](os.environ["MONGODB_URI"]) as client:
        hello = client.admin.command("hello")
        status = client.admin.command("serverStatus")
    assert hello["setName"] == "rs0"
    assert hello["isWritablePrimary"]
    assert status["storageEngine"]["persistent"]
    assert status["wiredTiger"]["cache"]["maximum bytes configured"] == 512 * 1024 * 1024


def test_nats_has_jetstream() -> None:
    address = urlsplit(os.environ["NATS_URL"])
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        greeting = connection.recv(4096)
    assert b'"jetstream":true' in greeting
