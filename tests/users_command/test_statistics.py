"""The statistics are the same from SQL, from the API and from the command line."""

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client

from cqrs.uuid7 import new_uuid7
from infra.stack.postgres import executable
from tests.users_command.stored import rows
from tests.users_command.user_requests import created, new_client, post_users
from tests.users_query.projecting import project_everything

SQL = Path(settings.BASE_DIR, "infra", "sql")
SEED_STATEMENT = (
    "select seed, app_id, count(*) total, min(created_at), max(created_at), (max(created_at), min(created_at)) duration"
    " from prm_user group by seed, app_id order by 1, 2"
)

# The run, who took the user in, the second of its creation, and milliseconds until it was synchronised.
USERS: list[tuple[str, str, float, int | None]] = [
    *[("run-1", "instance-1", second, 10 * (second + 1)) for second in range(10)],
    ("run-1", "instance-2", 3, 500),
    ("run-1", "instance-2", 5, None),
    ("run-2", "instance-1", 0, None),
]
# Signs that mean something in SQL are text in a seed.
ODD = ("50% of 'all'", "instance-1", 0.0, 7)


def insert_user(seed: str, app_id: str, second: float, latency: int | None) -> None:
    user_id, created_at = new_uuid7(), f"2026-01-01T00:00:{second:09.6f}Z"
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into prm_user (id, email, seed, app_id, version, created_at, updated_at)"
            " values (%s, 'a@example.org', %s, %s, 1, %s, %s)",
            [user_id, seed, app_id, created_at, created_at],
        )
        if latency is not None:
            cursor.execute(
                "insert into cqrs_event (event_id, aggregate_type, aggregate_id, confirms, stage, name, bucket, app_id,"
                " recorded_at, data) values (%s, 'user', %s, 1, 'SYNCHRONIZED', 'users.user_synchronized.v1', 0, 'p',"
                " %s::timestamptz + %s * interval '1 ms', '{}')",
                [new_uuid7(), user_id, created_at, latency],
            )


@pytest.fixture
def measured(clean_stores: None) -> None:
    for user in [*USERS, ODD]:
        insert_user(*user)


@pytest.fixture
def psql() -> Iterator[psycopg.Connection]:
    """A connection that is not Django's, as psql has it."""
    parameters = connection.get_connection_params()
    wanted = {name: parameters[name] for name in ("host", "port", "user", "password", "dbname")}
    with psycopg.connect(**wanted) as fresh:
        yield fresh


def of_api(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/user-stats{query}")
    assert answer.status_code == 200
    stats: list[dict[str, Any]] = answer.json()["stats"]
    return stats


@pytest.mark.usefixtures("measured")
def test_the_statement_of_the_seed_document_runs_as_it_stands(psql: psycopg.Connection) -> None:
    found = psql.execute(SEED_STATEMENT).fetchall()

    assert [row[:3] for row in found] == [
        ("50% of 'all'", "instance-1", 1),
        ("run-1", "instance-1", 10),
        ("run-1", "instance-2", 2),
        ("run-2", "instance-1", 1),
    ]
    assert (found[1][4] - found[1][3]).total_seconds() == 9


@pytest.mark.usefixtures("measured")
def test_the_file_for_psql_holds_that_statement(psql: psycopg.Connection) -> None:
    text = (SQL / "users_by_run.sql").read_text()

    assert psql.execute(text.encode()).fetchall() == psql.execute(SEED_STATEMENT).fetchall()
    statement = " ".join(line for line in text.splitlines() if not line.startswith("--"))
    assert " ".join(statement.split()).rstrip(";") == SEED_STATEMENT


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(("file", "rows_of_it"), [("users_by_run.sql", 4), ("user_stats.sql", 4)])
def test_the_files_run_in_psql(file: str, rows_of_it: int) -> None:
    parameters = connection.get_connection_params()
    address = "postgresql://{user}:{password}@{host}:{port}/{dbname}".format_map(parameters)

    run = subprocess.run(
        [str(executable("psql")), address, "-X", "--no-align", "--tuples-only", "--file", str(SQL / file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (run.returncode, run.stderr) == (0, "")
    lines = run.stdout.splitlines()
    assert len(lines) == rows_of_it
    assert lines[1].startswith("run-1|instance-1|10|")


@pytest.mark.usefixtures("measured")
def test_totals_duration_speed_and_latency_of_each_run_and_instance(client: Client) -> None:
    first, second = of_api(client, "?seed=run-1")

    assert first == {
        "seed": "run-1",
        "appId": "instance-1",
        "total": 10,
        "synchronized": 10,
        "firstCreatedAt": "2026-01-01T00:00:00.000Z",
        "lastCreatedAt": "2026-01-01T00:00:09.000Z",
        "lastSynchronizedAt": "2026-01-01T00:00:09.100Z",
        "durationSeconds": 9.0,
        "usersPerSecond": pytest.approx(10 / 9),
        "latencyMs": {"p50": pytest.approx(55), "p95": pytest.approx(95.5), "p99": pytest.approx(99.1)},
    }
    assert (second["appId"], second["total"], second["synchronized"]) == ("instance-2", 2, 1)
    assert second["latencyMs"] == {"p50": 500.0, "p95": 500.0, "p99": 500.0}


@pytest.mark.usefixtures("measured")
def test_what_is_not_known_yet_is_null(client: Client) -> None:
    (run,) = of_api(client, "?seed=run-2")

    assert run["latencyMs"] == {"p50": None, "p95": None, "p99": None}
    assert (run["usersPerSecond"], run["durationSeconds"], run["lastSynchronizedAt"]) == (None, 0.0, None)


@pytest.mark.parametrize(("last_second", "speed"), [(0.001, None), (0.099, None), (0.1, 20.0)])
@pytest.mark.usefixtures("clean_stores")
def test_within_less_than_a_tenth_of_a_second_no_speed_can_be_told(
    client: Client, capsys: pytest.CaptureFixture[str], last_second: float, speed: float | None
) -> None:
    for second in (0.0, last_second):
        insert_user("at-once", "instance-1", second, None)

    call_command("user_stats")
    (of_sql,) = rows((SQL / "user_stats.sql").read_text())
    (run,) = of_api(client)

    assert (run["total"], run["durationSeconds"]) == (2, last_second)
    assert run["usersPerSecond"] == of_sql[8] == speed
    assert ("20.0" in capsys.readouterr().out) == (speed is not None)


@pytest.mark.usefixtures("measured")
def test_a_seed_narrows_and_none_gives_all(client: Client) -> None:
    everything = of_api(client)

    assert [(run["seed"], run["appId"]) for run in everything] == sorted({user[:2] for user in [*USERS, ODD]})
    for seed in ("run-1", "run-2", ODD[0]):
        answer = client.get("/api/v1/user-stats", {"seed": seed}).json()["stats"]
        assert answer == [run for run in everything if run["seed"] == seed]
    assert of_api(client, "?seed=unheard-of") == []


@pytest.mark.usefixtures("measured")
def test_sql_api_and_command_line_give_the_same(
    client: Client, psql: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    with psql.cursor() as cursor:
        cursor.execute((SQL / "user_stats.sql").read_bytes())
        of_sql = [dict(zip([column.name for column in cursor.description or []], row, strict=True)) for row in cursor]

    call_command("user_stats", json=True)

    of_command = json.loads(capsys.readouterr().out)["stats"]
    assert of_command == of_api(client)
    assert [
        {
            "seed": row["seed"],
            "appId": row["app_id"],
            "total": row["total"],
            "synchronized": row["synchronized"],
            "durationSeconds": row["duration_seconds"],
            "usersPerSecond": row["users_per_second"],
            "latencyMs": {name: row[f"latency_ms_{name}"] for name in ("p50", "p95", "p99")},
        }
        for row in of_sql
    ] == [{key: value for key, value in run.items() if not key.endswith("At")} for run in of_command]
    for row, run in zip(of_sql, of_command, strict=True):
        assert row["first_created_at"] == datetime.fromisoformat(run["firstCreatedAt"])
        assert row["last_created_at"] == datetime.fromisoformat(run["lastCreatedAt"])


@pytest.mark.usefixtures("measured")
def test_the_command_prints_a_table_of_one_run(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("user_stats", seed="run-1")

    printed = capsys.readouterr().out
    assert "instance-1" in printed
    assert "instance-2" in printed
    assert "run-2" not in printed
    assert "55.0" in printed


def test_the_pipeline_itself_is_measured(client: Client) -> None:
    post_users(client, [{"email": f"{number}@example.org"} for number in range(30)], query="?seed=real")
    before = of_api(client, "?seed=real")
    project_everything()

    (run,) = of_api(client, "?seed=real")

    assert [row["synchronized"] for row in before] == [0]
    assert (run["total"], run["synchronized"], run["appId"]) == (30, 30, "STANDALONE")
    assert 0 <= run["latencyMs"]["p50"] <= run["latencyMs"]["p95"] <= run["latencyMs"]["p99"] < 60_000


def test_nobody_is_no_row() -> None:
    assert of_api(new_client()) == []


def test_a_new_user_is_counted_at_once(client: Client) -> None:
    created(client, {"email": "a@example.org"})

    assert [row[:3] for row in rows(SEED_STATEMENT)] == [("run-1", "STANDALONE", 1)]
