"""MongoDB accepts connections and never answers: readers are told soon, and nobody else has to wait."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median

import pytest

from tests.project.lone_replica import IN_TIME, Answer, LoneReplica
from tests.waiting import wait_until

READERS = 32
# Threads are left for those who need no MongoDB: on a busy machine, too, half of them wait for no deadline.
SOON = 1.5
USERS, QUERY = "/api/v1/user-command?seed=silent-mongodb", "/api/v1/user-query"
ADA = {"email": "ada@example.org"}


@contextmanager
def readers(replica: LoneReplica, answers: list[Answer]) -> Iterator[None]:
    """Threads that read until the end of the block, each one after the other, whatever is answered."""
    stopped = threading.Event()

    def read_on() -> None:
        while not stopped.is_set():
            answers.append(replica.send("GET", QUERY))

    threads = [threading.Thread(target=read_on) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def silent(replica: LoneReplica) -> Iterator[LoneReplica]:
    """The replica, whose MongoDB has fallen silent after it had answered."""
    wait_until(lambda: replica.send("GET", QUERY).status == 200, "users are listed")
    replica.mongodb.silence()
    yield replica
    replica.mongodb.mend()
    wait_until(lambda: replica.status_of("/readyz") == 200, "both stores are reached again")


def test_many_readers_are_refused_in_time_and_keep_nobody_else_waiting(silent: LoneReplica) -> None:
    refused, others = list[Answer](), list[Answer]()

    def each_was_refused_often() -> bool:
        others.extend([silent.send("GET", "/livez"), silent.send("POST", USERS, ADA)])
        return len(refused) >= 10 * READERS and len(others) >= 30

    with readers(silent, refused):
        wait_until(each_was_refused_often, "each was refused often", 60)

    assert {(answer.status, answer.headers["Retry-After"]) for answer in refused} == {(503, "1")}
    assert max(answer.seconds for answer in refused) < IN_TIME
    assert {answer.status for answer in others} == {200, 201}
    assert median(answer.seconds for answer in others) < SOON


def test_without_both_stores_the_process_is_seen_to_live(silent: LoneReplica) -> None:
    silent.postgresql.silence()
    refused, alive = list[Answer](), list[Answer]()

    def often() -> bool:
        alive.append(silent.send("GET", "/livez"))
        return len(refused) >= 5 * READERS and len(alive) >= 30

    with readers(silent, refused), ThreadPoolExecutor(READERS) as pool:
        posts = [pool.submit(silent.send, "POST", USERS, ADA) for _ in range(READERS)]
        wait_until(often, "each was refused often", 60)
    silent.postgresql.mend()

    assert {post.result().status for post in posts} == {503}
    assert {answer.status for answer in alive} == {200}
    assert median(answer.seconds for answer in alive) < SOON
