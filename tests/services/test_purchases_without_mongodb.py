"""MongoDB is away: a purchase is refused soon and says when to ask again; then it is taken in, once, by itself."""

from collections.abc import Callable, Iterator
from statistics import median

import pytest

from tests.project.lone_replica import Answer, LoneReplica, lone_replica
from tests.project.store_proxy import StoreProxy
from tests.running_stack import RunningStack
from tests.services.buying import wanted
from tests.services.customers import enrolled
from tests.waiting import wait_until

# The purchase gives up after two and a half seconds, the driver by itself after ten: the bound tells which of the two
# has answered, for half of the requests at least, however busy the machine is.
SOON = 9
UNKNOWN = "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44"


@pytest.fixture(scope="module")
def replica(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoneReplica]:
    """A replica of the module's own, whose stores can be taken away from it."""
    with lone_replica(stack, tmp_path_factory.mktemp("replica")) as running:
        yield running


@pytest.fixture
def mended(replica: LoneReplica) -> Iterator[LoneReplica]:
    """The replica, which reaches its stores again in the end."""
    yield replica
    replica.mongodb.mend()
    wait_until(lambda: replica.status_of("/readyz") == 200, "both stores are reached again")


def assert_unavailable(answer: Answer) -> None:
    assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["type"] == "/problems/unavailable"
    assert int(answer.headers["Retry-After"]) >= 1


# The first of them is asked of a replica that has not been connected to its broker yet.
@pytest.mark.parametrize("take_away", [StoreProxy.cut, StoreProxy.silence], ids=["cut", "silent"])
def test_a_purchase_is_refused_and_later_taken_in_once(
    stack: RunningStack, mended: LoneReplica, take_away: Callable[[StoreProxy], None], request: pytest.FixtureRequest
) -> None:
    replica, customer = mended, f"patient-{request.node.callspec.id}"
    take_away(replica.mongodb)

    refused = [
        replica.send("POST", "/api/purchases", wanted(customer), Idempotency_Key=customer),
        replica.send("POST", "/api/purchases", wanted(customer), Idempotency_Key=customer),
        replica.send("GET", f"/api/purchases/{UNKNOWN}"),
        replica.send("GET", f"/api/enrolments?student={customer}"),
    ]
    alive = replica.send("GET", "/livez")
    replica.mongodb.mend()

    answers: list[Answer] = []

    def is_taken_in() -> bool:
        answers.append(replica.send("POST", "/api/purchases", wanted(customer), Idempotency_Key=customer))
        return answers[-1].status == 201

    wait_until(is_taken_in, "the purchase is taken in")
    again = replica.send("POST", "/api/purchases", wanted(customer), Idempotency_Key=customer)
    for answer in refused:
        assert_unavailable(answer)
    assert median(answer.seconds for answer in refused) < SOON
    assert alive.status == 200
    assert (again.status, again.body) == (201, answers[-1].body)
    wait_until(lambda: enrolled(stack, customer) == [again.json()["id"]], "it is enrolled, once")
