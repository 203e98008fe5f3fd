"""Every query reads an index: the plans are those that MongoDB itself recorded for the requests."""

from collections.abc import Iterator
from itertools import chain, combinations
from typing import Any

import pytest
from django.test import Client

from tests.users_query.held import hold, remove, user
from users_query.documents import COLLECTION
from users_query.mongodb import database

PATH = "/api/v1/user-query"
WANTED = {
    "seed": "run-1",
    "appId": "instance-2",
    "nat": "DK",
    "gender": "female",
    "email": "3@example.org",
}
EVERY_COMBINATION = [
    dict(chosen)
    for chosen in chain.from_iterable(combinations(WANTED.items(), size) for size in range(len(WANTED) + 1))
]
Plan = dict[str, Any]


@pytest.fixture(autouse=True)
def _many_users(_clean: None) -> None:
    held = hold(
        *[
            user(
                seed=f"run-{number % 3}",
                app_id=f"instance-{number % 3 + 1}",
                nat=("DK", "NO", "SE")[number % 3],
                gender=("female", "male")[number % 2],
                email=f"{number % 50}@example.org",
            )
            for number in range(1500)
        ]
    )
    remove(held[::10])


@pytest.fixture
def plans() -> Iterator[list[Plan]]:
    """What MongoDB recorded of the queries of the test, filled in by `recorded`."""
    database().command("profile", 2)
    yield []
    database().command("profile", 0)
    database()["system.profile"].drop()


def recorded() -> list[Plan]:
    """The executed queries on users since the profiler runs, oldest first."""
    wanted = {"ns": f"{database().name}.{COLLECTION}", "op": {"$in": ["query", "getmore"]}}
    return list(database()["system.profile"].find(wanted).sort("$natural", 1))


def stages(stage: Plan) -> Iterator[str]:
    yield stage["stage"]
    for inner in [stage["inputStage"]] if "inputStage" in stage else stage.get("inputStages", []):
        yield from stages(inner)


def assert_reads_an_index(plan: Plan) -> None:
    used = list(stages(plan["execStats"]))
    assert "COLLSCAN" not in used, plan["command"]
    assert "SORT" not in used, plan["command"]
    assert not plan.get("hasSortStage"), plan["command"]
    assert {"IXSCAN", "IDHACK"} & set(used), plan["command"]


def test_there_are_32_combinations() -> None:
    assert len(EVERY_COMBINATION) == 32


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize("filters", EVERY_COMBINATION, ids=lambda filters: "+".join(filters) or "none")
def test_a_list_reads_an_index_whatever_narrows_it(client: Client, filters: dict[str, Any]) -> None:
    first = client.get(PATH, {"limit": 2, **filters}).json()
    if first["nextCursor"]:
        client.get(PATH, {"limit": 2, "cursor": first["nextCursor"], **filters})

    found = recorded()

    assert len(found) == (2 if first["nextCursor"] else 1)
    for plan in found:
        assert_reads_an_index(plan)


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize("name", WANTED)
def test_with_one_filter_no_document_is_read_in_vain(client: Client, name: str) -> None:
    filters = {name: WANTED[name]}
    first = client.get(PATH, filters).json()
    client.get(PATH, {"cursor": first["nextCursor"], **filters})

    for plan in recorded():
        assert plan["nreturned"] == 11
        assert plan["docsExamined"] == plan["nreturned"]


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize("query", [{"email": "3@example.org"}, {"email": "3@example.org", "seed": "run-1"}], ids=str)
def test_a_search_by_address_reads_an_index(client: Client, query: dict[str, str]) -> None:
    assert client.get(f"{PATH}/email", query).status_code == 200

    (plan,) = recorded()
    assert_reads_an_index(plan)
    assert "email" in plan["planSummary"]


@pytest.mark.usefixtures("plans")
def test_a_search_by_id_reads_one_document(client: Client) -> None:
    (user_id,) = hold(user())

    client.get(f"{PATH}/{user_id}")

    (plan,) = recorded()
    assert_reads_an_index(plan)
    assert plan["docsExamined"] == 1


@pytest.mark.usefixtures("plans")
@pytest.mark.parametrize("filters", [{}, {"nat": "FI"}], ids=str)
def test_tombstones_in_front_of_the_newest_users_cost_nothing(client: Client, filters: dict[str, str]) -> None:
    hold(*[user(nat="FI") for _ in range(20)])
    remove(hold(*[user(nat="FI") for _ in range(1000)]))

    client.get(PATH, filters)

    (plan,) = recorded()
    assert (plan["nreturned"], plan["docsExamined"]) == (11, 11)
