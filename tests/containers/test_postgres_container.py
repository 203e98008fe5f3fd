"""PostgreSQL as the container prepares an empty volume, on the server of the pip package."""

from typing import Any

import psycopg

Services = dict[str, dict[str, Any]]


def test_the_application_owns_its_database_and_is_no_superuser(postgres_address: str) -> None:
    with psycopg.connect(postgres_address) as connection:
        row = connection.execute(
            "select current_user, current_database(), rolsuper or rolcreaterole or rolcreatedb or rolreplication"
            " from pg_roles where rolname = current_user"
        ).fetchone()
        connection.execute("create table kept (id int)")

    assert row == ("cqrs", "cqrs", False)


def test_the_password_is_stored_as_a_scram_verifier(postgres_address: str) -> None:
    with psycopg.connect(postgres_address.replace("cqrs:@/cqrs", "postgres:@/postgres")) as connection:
        row = connection.execute("select rolpassword from pg_authid where rolname = 'cqrs'").fetchone()

    assert row is not None
    assert row[0].startswith("SCRAM-SHA-256$")


def test_the_role_may_read_what_a_subscription_checks(postgres_address: str) -> None:
    with psycopg.connect(postgres_address) as connection:
        row = connection.execute("select system_identifier, pg_current_snapshot() from pg_control_system()").fetchone()
        locked = connection.execute("select pg_try_advisory_xact_lock(1, 1)").fetchone()

    assert row is not None
    assert locked == (True,)


def test_the_volume_is_where_version_18_keeps_its_data(store_services: Services) -> None:
    postgres = store_services["postgres"]

    assert postgres["image"].startswith("postgres:18.")
    assert "postgres:/var/lib/postgresql" in postgres["volumes"]
