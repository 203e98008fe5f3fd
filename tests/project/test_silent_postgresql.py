"""PostgreSQL accepts connections and never answers: whoever needs it is told soon, and nobody else has to wait."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import pytest

from tests.faults.ledger import postgres
from tests.project.lone_replica import IN_TIME, Answer, LoneReplica
from tests.running_stack import RunningStack
from tests.waiting import wait_until

SENDERS = 32
# Threads are left for those who need no PostgreSQL: on a busy machine, too, half of them wait for no deadline.
SOON = 1.5
USERS, QUERY = "/api/v1/user-command", "/api/v1/user-query"
UNKNOWN = "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44"
STORED = """
select count(*), count(distinct login.uuid),
       (select count(*) from cqrs_event where cqrs_event.seed = %(seed)s and stage = 'CREATED')
from prm_user_login login where login.seed = %(seed)s
"""


@dataclass
class Senders:
    """Threads that post users of a run, each one after the other, whatever is answered."""

    replica: LoneReplica
    seed: str
    answers: dict[str, Answer] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._post_on) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopped.set()
            for thread in threads:
                thread.join()

    def post(self, login: str) -> Answer:
        body = {"email": f"{login}@example.org", "login": {"uuid": login}}
        return self.replica.send("POST", f"{USERS}?seed={self.seed}", body)

    def _post_on(self) -> None:
        while not self.stopped.is_set():
            login = str(uuid.uuid4())
            self.answers[login] = self.post(login)


@pytest.fixture
def silent(replica: LoneReplica) -> Iterator[LoneReplica]:
    """The replica, whose PostgreSQL has fallen silent after it had answered."""
    wait_until(lambda: Senders(replica, "warm").post(str(uuid.uuid4())).status == 201, "users are taken in")
    replica.postgresql.silence()
    yield replica
    replica.postgresql.mend()
    wait_until(lambda: replica.status_of("/readyz") == 200, "both stores are reached again")


def assert_unavailable(answer: Answer) -> None:
    assert answer.status == 503, answer.body
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.seconds < IN_TIME


def test_many_posts_are_refused_in_time_and_keep_nobody_else_waiting(silent: LoneReplica) -> None:
    senders, others = Senders(silent, "silent"), list[Answer]()

    def each_was_refused_often() -> bool:
        others.extend(silent.send("GET", path) for path in ("/livez", QUERY, f"{QUERY}/{UNKNOWN}"))
        return len(senders.answers) >= 10 * SENDERS and len(others) >= 30

    with senders.at_work():
        wait_until(each_was_refused_often, "each was refused often", 60)

    for answer in senders.answers.values():
        assert_unavailable(answer)
    assert {answer.status for answer in others} == {200, 404}
    assert median(answer.seconds for answer in others) < SOON


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", f"{USERS}/{UNKNOWN}", {}),
        ("GET", f"{USERS}/{UNKNOWN}/events", {}),
        ("DELETE", f"{USERS}/{UNKNOWN}", {"If-Match": "*"}),
        ("POST", f"{USERS}/bulk?seed=silent", {}),
    ],
)
def test_every_operation_that_needs_it_is_refused_in_time(
    silent: LoneReplica, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = silent.send(method, path, [{"email": "ada@example.org"}], **headers)

    assert_unavailable(answer)


def test_when_it_answers_again_so_does_the_replica_and_a_retry_doubles_nothing(
    stack: RunningStack, replica: LoneReplica
) -> None:
    senders = Senders(replica, "awake")
    with senders.at_work():
        wait_until(lambda: len(senders.answers) >= SENDERS, "users are taken in")
        replica.postgresql.silence()
        wait_until(lambda: any(answer.status == 503 for answer in list(senders.answers.values())), "some are refused")
        replica.postgresql.mend()
        wait_until(lambda: senders.post(str(uuid.UUID(int=1))).status < 300, "users are taken in again")

    refused = [login for login, answer in senders.answers.items() if answer.status == 503]
    retried = [senders.post(login).status for login in refused]

    assert {answer.status for answer in senders.answers.values()} == {201, 503}
    assert set(retried) <= {200, 201}
    users = len(senders.answers) + 1
    with postgres(stack) as connection:
        assert connection.execute(STORED, {"seed": "awake"}).fetchone() == (users, users, users)
