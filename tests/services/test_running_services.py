"""Both services in the running stack: each purchase has exactly one enrolment, whatever is killed meanwhile."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cqrs.broker import Broker, dead_letters, define_broker, lag
from cqrs.broker.mongodb import Document
from infra.stack.layout import REPOSITORY
from tests.project.store_proxy import StoreProxy
from tests.running_stack import RunningStack
from tests.services.at_work import GROUP, TOPIC
from tests.services.customers import buy_patiently, customers_at_once, enrolled

WORKER = "classroom"


@pytest.fixture
def broker(stack: RunningStack) -> Iterator[Broker]:
    """The services' broker in the stack, where nothing was put aside in the end."""
    config = define_broker(mongo_uri=stack.env["MONGODB_BROKER_URI"], database=stack.env["MONGODB_BROKER_DATABASE"])
    with Broker(config) as broker:
        yield broker
        assert dead_letters.listing(broker.store, group=GROUP) == []


@contextmanager
def second_worker(stack: RunningStack, log: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another classroom on the same stores, outside the stack's process runner."""
    environment = {**stack.variables, **stack.env, "APPID": "classroom-2", **variables}
    environment.pop("METRICS_PORT", None)
    command = [sys.executable, "manage.py", "run_worker", WORKER]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=output)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextmanager
def positions_held(broker: Broker) -> Iterator[None]:
    """Keep the group from moving on: who tries is told of a conflict, and begins its record anew."""
    positions = broker.store.database["positions"]
    with broker.store.client.start_session() as session, session.start_transaction():
        held = positions.update_many({"_id.group": GROUP}, {"$set": {"held": True}}, session=session)
        assert held.matched_count == 3
        yield
        session.abort_transaction()


def shared_by(broker: Broker, members: int) -> bool:
    """Whether every partition has an owner, and they are so many."""
    owners = {partition.owner for partition in lag.measure(broker.store, group=GROUP, topic=TOPIC).values()}
    return len(owners) == members and None not in owners


def aborted(broker: Broker) -> int:
    """How many transactions were aborted since MongoDB has started."""
    status: Document = broker.store.client.admin.command("serverStatus")
    return int(status["transactions"]["totalAborted"])


def test_a_purchase_is_enrolled_by_the_worker_of_the_stack(stack: RunningStack, broker: Broker) -> None:
    purchase_id = buy_patiently(stack, "happy")

    stack.wait_until(lambda: enrolled(stack, "happy") == [purchase_id], "the purchase is enrolled")

    assert lag.measure(broker.store, group=GROUP, topic=TOPIC).keys() == {0, 1, 2}


def test_the_worker_serves_how_far_it_is_behind(stack: RunningStack, broker: Broker) -> None:
    purchase_id = buy_patiently(stack, "measured")
    stack.wait_until(lambda: enrolled(stack, "measured") == [purchase_id], "the purchase is enrolled")

    with urllib.request.urlopen(
        f"http://127.0.0.1:{stack.env['CLASSROOM_METRICS_PORT']}/metrics", timeout=10
    ) as answer:
        lines = answer.read().decode().splitlines()

    measured = [line for line in lines if line.startswith("cqrs_consumer_lag_messages{")]
    assert len(measured) == 3
    assert all(f'group="{GROUP}"' in line and line.endswith(" 0.0") for line in measured)


def test_csbroker_finds_the_group_by_the_addresses_of_the_stack(stack: RunningStack, broker: Broker) -> None:
    result = subprocess.run(
        [Path(sys.executable).parent / "csbroker", "groups"],
        cwd=REPOSITORY / "services/classroom",
        env={"PATH": os.environ["PATH"], **stack.env},
        capture_output=True,
        text=True,
        check=False,
    )

    assert f"{GROUP}\t{TOPIC}\tactive\t1\t" in result.stdout, result.stderr


def test_a_worker_killed_in_the_middle_of_a_record_loses_and_doubles_nothing(
    stack: RunningStack, broker: Broker
) -> None:
    with positions_held(broker):
        before = aborted(broker)
        purchase_ids = [buy_patiently(stack, "interrupted", number) for number in range(3)]
        stack.wait_until(lambda: aborted(broker) > before + 2, "the worker begins its record again and again")
        assert enrolled(stack, "interrupted") == []
        killed = stack.kill(WORKER)

    stack.wait_until(lambda: len(enrolled(stack, "interrupted")) == 3, "all are enrolled")
    assert enrolled(stack, "interrupted") == purchase_ids[::-1]
    stack.wait_until_restarted(WORKER, killed)


def test_kills_of_worker_store_and_replica_under_load_lose_and_double_nothing(
    stack: RunningStack, broker: Broker
) -> None:
    names = [f"loaded-{number}" for number in range(8)]

    with customers_at_once(stack, names, courses=15) as bought:
        for name in (WORKER, "mongodb", "instance-1", WORKER):
            killed = stack.kill(name)
            stack.wait_until_restarted(name, killed)

    stack.wait_until_healthy()
    for name in names:
        wanted = sorted(bought[name], reverse=True)
        stack.wait_until(lambda: enrolled(stack, name) == wanted, f"all purchases of {name} are enrolled")  # noqa: B023 - within this turn
        assert len(wanted) == 15


def test_two_workers_share_the_partitions_and_one_takes_over_what_the_other_leaves(
    stack: RunningStack, broker: Broker, tmp_path: Path
) -> None:
    names = [f"shared-{number}" for number in range(12)]

    with second_worker(stack, tmp_path / "log") as second:
        stack.wait_until(lambda: shared_by(broker, 2), "two share")
        with customers_at_once(stack, names, courses=2) as bought:
            pass
        second.send_signal(signal.SIGTERM)
        status = second.wait(60)
        more = {name: buy_patiently(stack, name, 2) for name in names}

    stack.wait_until(lambda: shared_by(broker, 1), "one has all")
    assert status == 0
    for name in names:
        wanted = sorted([*bought[name], more[name]], reverse=True)
        stack.wait_until(lambda: enrolled(stack, name) == wanted, f"all purchases of {name} are enrolled")  # noqa: B023 - within this turn


def test_a_worker_that_starts_without_mongodb_joins_by_itself_as_soon_as_it_is_there(
    stack: RunningStack, broker: Broker, tmp_path: Path
) -> None:
    address, log = urlsplit(stack.env["MONGODB_URI"]), tmp_path / "log"

    with StoreProxy(address.hostname or "", address.port or 0) as proxy:
        proxy.cut()
        uri = f"mongodb://127.0.0.1:{proxy.port}/?directConnection=true"
        with second_worker(stack, log, MONGODB_URI=uri):
            stack.wait_until(lambda: "store unavailable, backing off" in log.read_text(), "it backs off")
            proxy.mend()
            stack.wait_until(lambda: shared_by(broker, 2), "it has its share")

    stack.wait_until(lambda: shared_by(broker, 1), "the other one has all again")
