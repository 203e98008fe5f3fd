"""A dump restored into another cluster is read again from the beginning, and nothing of it is skipped."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from cqrs.testing.waiting import wait_until
from infra.stack.layout import REPOSITORY, Layout
from infra.stack.postgres import Postgres, executable
from infra.stack.stores import start_stores
from infra.stack.supervisor import STORES, Supervisor
from tests.free_ports import free_port
from tests.management.population import create, documents, project, refusing, rename
from tests.management.processes import environment, manage, managed, said
from users_query.indexes import ensure_indexes

# So that the other cluster, which is young, has these transactions still before it.
AGE = "do $$ begin for _ in 1..20000 loop perform pg_current_xact_id(); commit; end loop; end $$"
FROM_THE_FUTURE = "select count(*) from cqrs_event where xid > pg_current_xact_id()"
FOREIGN = (
    "CommandError: subscription 'users' was read on another PostgreSQL cluster; "
    "run `manage.py rebase_subscription users` to replay it"
)


@pytest.fixture(scope="module")
def young_cluster() -> Iterator[str]:
    """Another PostgreSQL, just made. Yields its address."""
    with tempfile.TemporaryDirectory(prefix="cqrs-young-") as folder:
        layout = Layout(Path(folder))
        layout.create()
        store = Postgres(layout, free_port())
        try:
            start_stores(layout, [store], environment(), bound=True)
            yield store.address
        finally:
            Supervisor(layout, STORES).stop()


def test_a_restored_database_is_replayed_whole_and_read_on(young_cluster: str) -> None:
    (changed,) = create(1)
    create(40)
    project()
    rename(changed, "poison@example.org")
    with refusing("poison@example.org"):
        project()
    with connection.cursor() as cursor:
        cursor.execute(AGE)
    create(10)
    _restore(young_cluster)
    documents().drop()
    ensure_indexes()

    before = managed("run_worker", "users-projector", DATABASE_URL=young_cluster)
    future = _ask(young_cluster, FROM_THE_FUTURE)
    rebased = managed("rebase_subscription", "users", DATABASE_URL=young_cluster)
    with manage("run_worker", "users-projector", DATABASE_URL=young_cluster):
        wait_until(lambda: documents().count_documents({}) == 51, "the whole log is replayed")
        _create_there(young_cluster, 5)
        wait_until(lambda: documents().count_documents({}) == 56, "what is new is read, too")
        checked = managed("check_projection", "users", DATABASE_URL=young_cluster)
    letters = managed("dead_letters", "users", "list", DATABASE_URL=young_cluster)

    assert before.returncode == 1
    assert said(before.stderr) == [FOREIGN]
    assert future >= 10
    assert rebased.returncode == 0, rebased.stderr
    assert f"{future} events brought to this cluster's present, 1 parked events will be read again" in rebased.stdout
    assert (checked.returncode, checked.stdout) == (0, "users: 56 checked, 0 differences\n"), checked.stderr
    assert letters.stdout == "nothing is parked for users\n"
    assert _ask(young_cluster, FROM_THE_FUTURE) == 0


def test_other_commands_say_what_has_to_be_done_first(young_cluster: str) -> None:
    create(3)
    project()
    _restore(young_cluster)

    ended = [
        managed(*arguments, "users", DATABASE_URL=young_cluster)
        for arguments in (("check_projection",), ("rebuild_projection",))
    ]

    assert [process.returncode for process in ended] == [2, 2]
    assert [said(process.stderr) for process in ended] == [[FOREIGN], [FOREIGN]]
    assert documents().count_documents({}) == 3


def _restore(address: str) -> None:
    dump = subprocess.run(
        [executable("pg_dump"), "--clean", "--if-exists", "--no-owner", environment()["DATABASE_URL"]],
        capture_output=True,
        check=True,
    )
    subprocess.run(
        [executable("psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", address],
        input=dump.stdout,
        capture_output=True,
        check=True,
    )


def _create_there(address: str, count: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.management.creation", str(count)],
        cwd=REPOSITORY,
        env=environment(DATABASE_URL=address, DJANGO_SETTINGS_MODULE="cqrs_project.settings"),
        check=True,
    )


def _ask(address: str, question: str) -> int:
    with psycopg.connect(address) as session:
        answer = session.execute(question).fetchone()
    assert answer is not None
    return int(answer[0])
