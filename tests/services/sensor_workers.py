"""The workers of both sensor services as processes, two of each, on a MongoDB of the test's own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

from pymongo import MongoClient

from cqrs.broker.membership import Group, group_of
from cqrs.errors import Unavailable
from cqrs.testing.waiting import wait_until
from infra.stack.account import dying_with_parent
from infra.stack.layout import REPOSITORY
from services.notifications import delivering
from services.notifications.alert_outbox import NOTIFICATIONS, SENSOR
from services.sensor_data import alerting
from services.sensor_data.errors import SecondReading
from services.sensor_data.reading import Reading
from services.sensor_data.sensor_log import SensorLog
from services.sensor_data.valid_range import ValidRange
from tests.changefeed.forgetful_mongodb import ForgetfulMongoDB
from tests.services.notifications.provider_server import ProviderServer

SENSOR_ALERTS, NOTIFYING = "sensor-alerts", "notifications"
REPLICAS = 2
WORKERS = (SENSOR_ALERTS, NOTIFYING) * REPLICAS
FEEDS_OF_ALL = (alerting.FEED, delivering.FEED)
DATABASE, BROKER, FEEDS = "sensors", "sensors_broker", "sensors_feeds"
SECONDS = 90


class SensorWorkers:
    """Two replicas of each worker; `provider` is told by them."""

    def __init__(self, mongodb: ForgetfulMongoDB, provider: ProviderServer) -> None:
        self.mongodb = mongodb
        self.provider = provider
        self.client = MongoClient[dict[str, object]](
            mongodb.uri, uuidRepresentation="standard", tz_aware=True, w="majority", serverSelectionTimeoutMS=1000
        )
        self._log = SensorLog(self.client[DATABASE], ValidRange(since=5, until=6))
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def prepare(self) -> None:
        """Create the topic and the indexes."""
        self._manage("prepare_services").wait(SECONDS)

    def start(self) -> None:
        """Start all that do not run."""
        running = [name for name, process in self._running if process.poll() is None]
        self._running = [one for one in self._running if one[1].poll() is None]
        for name in WORKERS:
            if name in running:
                running.remove(name)
            else:
                self._running.append((name, self._manage("run_worker", name)))

    def kill(self, name: str, number: int | None = None) -> None:
        """End replicas of a worker as kill -9 does: one by its number, or all."""
        found = [process for running, process in self._running if running == name]
        for process in found if number is None else found[number : number + 1]:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End all of them as an operator does."""
        for _, process in self._running:
            process.terminate()
        for _, process in self._running:
            process.wait(SECONDS)

    def close(self) -> None:
        """End all of them at once."""
        for name in set(WORKERS):
            self.kill(name)
        self.client.close()

    def store(self, sensors: Sequence[UUID], times: range) -> None:
        """Store a critical reading of each sensor for each time, in order, whether MongoDB is there or not."""
        for moment in times:
            for sensor in sensors:
                self._store(Reading(sensor_id=sensor, time=moment, value=6.5))

    @contextmanager
    def storing(self, sensors: Sequence[UUID], times: range) -> Iterator[None]:
        """Store beside the block, and return when both are done."""
        with ThreadPoolExecutor(1) as pool:
            stored = pool.submit(self.store, sensors, times)
            yield
            stored.result()

    def told(self, sensor: UUID) -> list[int]:
        """The times of a sensor's readings as the provider has taken them; below a second."""
        return [int(text.rpartition(".")[2].removesuffix("Z")) for text in self.provider.texts_of(str(sensor))]

    def wait_until_told(self, sensors: Sequence[UUID], number: int) -> None:
        """Return when the provider has taken so many of each sensor and all are noted as sent."""
        wait_until(
            lambda: all(len(set(self.told(sensor))) >= number for sensor in sensors),
            f"the provider has {number} of each sensor",
            seconds=SECONDS,
        )
        wait_until(
            lambda: all(self.states(sensor) == ["sent"] * number for sensor in sensors), "all are noted", seconds=30
        )

    def wait_until_shared(self) -> None:
        """Return when of each feed both replicas have the shards that they should have: none changes hands then."""
        wait_until(lambda: all(map(self._is_shared, FEEDS_OF_ALL)), "the replicas share", seconds=SECONDS)

    def states(self, sensor: UUID) -> list[object]:
        """The state of each notification of a sensor."""
        found = self.client[DATABASE][NOTIFICATIONS].find({SENSOR: sensor}, {"delivery.state": 1})
        return [one["delivery"]["state"] for one in found]  # type: ignore[index]  # a document is an object to mypy

    def _is_shared(self, feed: str) -> bool:
        group = self.client[FEEDS].groups.find_one({"_id.group": feed})
        found = self.client[FEEDS].positions.find({"_id.group": feed}, {"owner": 1})
        owners = {position["_id"]["partition"]: position["owner"] for position in found}  # type: ignore[index]  # as above
        return group is not None and _is_settled(group_of(group), owners)

    def _store(self, reading: Reading) -> None:
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                self._log.store(reading)
            except SecondReading:
                # Stored by an attempt whose answer was lost.
                return
            except Unavailable:
                assert time.monotonic() < deadline, "MongoDB has not come back"
            else:
                return

    def _manage(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "MONGODB_URI": self.mongodb.uri,
            "MONGODB_DATABASE": DATABASE,
            "MONGODB_BROKER_DATABASE": BROKER,
            "CHANGE_FEEDS_DATABASE": FEEDS,
            "EXT_ALERT_PROVIDER_URL": self.provider.url,
        }
        return subprocess.Popen(
            [*dying_with_parent("KILL"), sys.executable, "manage.py", *arguments],
            cwd=REPOSITORY,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _is_settled(group: Group, owners: Mapping[int, object]) -> bool:
    members = {member.id for member in group.members}
    return len(members) == REPLICAS and set(group.targets.values()) == members and owners == group.targets


def require_order(workers: SensorWorkers, sensors: Sequence[UUID], number: int) -> None:
    """Fail unless each was told first in its turn, and what came again came under the same key."""
    for sensor in sensors:
        assert list(dict.fromkeys(workers.told(sensor))) == list(range(number))
        taken = [got for got in workers.provider.taken if str(sensor) in got.text]
        assert len({(got.text, got.id) for got in taken}) == number
