"""A store that was away for long is reached again within seconds: no pause has grown with the outage."""

from collections.abc import Callable

from tests.project.lone_replica import LoneReplica
from tests.waiting import wait_until

USERS, QUERY = "/api/v1/user-command?seed=long-outage", "/api/v1/user-query?seed=long-outage"
RECOVERY_SECONDS = 30
# The pool doubles its pauses until it gives up, and then begins anew.
GIVEN_UP = b"reconnection attempt in pool"
REFUSALS = 5


def creates(replica: LoneReplica) -> int:
    return replica.send("POST", USERS, {"email": "ada@example.org"}).status


def lists(replica: LoneReplica) -> int:
    return replica.send("GET", QUERY).status


def logged(replica: LoneReplica, text: bytes) -> Callable[[], int]:
    """How often the replica has logged this since now."""
    before = replica.log.read_bytes().count(text)
    return lambda: replica.log.read_bytes().count(text) - before


def test_postgresql_is_reached_soon_after_many_attempts_in_vain(replica: LoneReplica) -> None:
    given_up = logged(replica, GIVEN_UP)
    replica.postgresql.cut()
    wait_until(lambda: creates(replica) == 503 and given_up() >= 3, "the pool has given up again and again", 60)

    replica.postgresql.mend()

    wait_until(lambda: creates(replica) == 201, "users are taken in again", RECOVERY_SECONDS)


def test_postgresql_is_reached_soon_though_nobody_has_asked_for_it_while_it_was_away(replica: LoneReplica) -> None:
    given_up = logged(replica, GIVEN_UP)
    replica.postgresql.cut()
    assert creates(replica) == 503
    wait_until(given_up, "the pool has given up")

    replica.postgresql.mend()

    wait_until(lambda: creates(replica) == 201, "users are taken in again", RECOVERY_SECONDS)


def test_mongodb_is_reached_soon_after_many_attempts_in_vain(replica: LoneReplica) -> None:
    replica.mongodb.cut()
    refusals = [lists(replica) for _ in range(REFUSALS)]

    replica.mongodb.mend()

    wait_until(lambda: lists(replica) == 200, "users are listed again", RECOVERY_SECONDS)
    assert refusals == [503] * REFUSALS
