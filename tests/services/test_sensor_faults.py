"""Two replicas of each worker of the sensor services through faults: one notification for each alert, in order."""

from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4

import pytest

from cqrs.testing.waiting import wait_until
from tests.changefeed.forgetful_mongodb import forgetful_mongodb
from tests.services.notifications.provider_server import Answering, Got, provider_server
from tests.services.sensor_workers import NOTIFYING, SENSOR_ALERTS, SensorWorkers, require_order


@pytest.fixture(scope="module")
def shared() -> Iterator[SensorWorkers]:
    with provider_server() as provider, forgetful_mongodb() as mongodb:
        workers = SensorWorkers(mongodb, provider)
        workers.prepare()
        yield workers
        workers.close()


@pytest.fixture
def workers(shared: SensorWorkers) -> SensorWorkers:
    """All of them run, and the provider takes everything."""
    shared.provider.answering = lambda _: Answering()
    shared.start()
    return shared


@pytest.fixture
def sensors() -> list[UUID]:
    return [uuid4() for _ in range(3)]


def require_once(workers: SensorWorkers, sensors: Sequence[UUID], number: int) -> None:
    """Fail unless each was taken once, in its turn."""
    assert [workers.told(sensor) for sensor in sensors] == [list(range(number))] * len(sensors)


def test_two_replicas_of_each_worker_tell_each_alert_once(workers: SensorWorkers, sensors: list[UUID]) -> None:
    workers.store(sensors, range(30))

    workers.wait_until_told(sensors, 30)

    require_once(workers, sensors, 30)


@pytest.mark.parametrize(
    "outage",
    [Answering(500), Answering(429, {"Retry-After": "1"}), Answering(hang=True), Answering(close=True)],
    ids=["500", "429", "hanging", "closing"],
)
def test_an_outage_of_the_provider_delays_each_alert_and_doubles_none(
    workers: SensorWorkers, sensors: list[UUID], outage: Answering
) -> None:
    workers.provider.answering = lambda _: outage
    workers.store(sensors, range(10))
    wait_until(lambda: any(str(sensors[0]) in got.text for got in workers.provider.got), "it is asked", seconds=60)

    workers.provider.answering = lambda _: Answering()
    workers.wait_until_told(sensors, 10)

    require_once(workers, sensors, 10)


@pytest.mark.parametrize("how", ["restarted", "killed"])
def test_what_is_stored_while_mongod_goes_and_comes_is_told(
    workers: SensorWorkers, sensors: list[UUID], how: str
) -> None:
    with workers.storing(sensors, range(60)):
        wait_until(lambda: len(workers.told(sensors[0])) > 5, "they are at work", seconds=60)
        if how == "restarted":
            workers.mongodb.stop()
        else:
            workers.mongodb.kill()
        workers.mongodb.start()

    workers.wait_until_told(sensors, 60)
    require_order(workers, sensors, 60)


@pytest.mark.parametrize("name", [SENSOR_ALERTS, NOTIFYING])
def test_replicas_killed_under_load_lose_and_double_nothing(
    workers: SensorWorkers, sensors: list[UUID], name: str
) -> None:
    with workers.storing(sensors, range(60)):
        for number, after in enumerate((5, 15, 25)):
            wait_until(lambda after=after: len(workers.told(sensors[0])) > after, "they are at work", seconds=60)  # type: ignore[misc]
            workers.kill(name, number % 2)
            workers.start()

    workers.wait_until_told(sensors, 60)
    require_order(workers, sensors, 60)


@pytest.mark.parametrize("has_taken", [False, True], ids=["before", "after"])
def test_killed_while_the_provider_answers_the_alert_is_told_again_under_its_key(
    workers: SensorWorkers, sensors: list[UUID], has_taken: bool
) -> None:
    killed: list[str] = []

    def kill_once(got: Got) -> Answering:
        if not killed and got.text.endswith("004Z") and str(sensors[0]) in got.text:
            workers.kill(NOTIFYING)
            killed.append(got.id)
            return Answering() if has_taken else Answering(close=True)
        return Answering()

    workers.provider.answering = kill_once
    workers.store(sensors, range(10))
    wait_until(lambda: killed, "they are killed", seconds=60)
    workers.start()

    workers.wait_until_told(sensors, 10)
    require_order(workers, sensors, 10)
    again = [got.id for got in workers.provider.got if got.id in killed]
    assert len(again) == 2, "once by the one that was killed, once by the next"


def test_what_was_stored_before_the_history_was_lost_is_told_and_nothing_twice(
    workers: SensorWorkers, sensors: list[UUID]
) -> None:
    workers.store(sensors, range(10))
    workers.wait_until_told(sensors, 10)
    workers.stop()

    workers.store(sensors, range(10, 20))
    workers.mongodb.forget()
    workers.store(sensors, range(20, 25))
    workers.start()
    workers.wait_until_told(sensors, 25)

    require_once(workers, sensors, 25)
