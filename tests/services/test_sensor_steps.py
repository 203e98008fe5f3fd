"""A sensor worker killed at each step from a stored reading to a noted answer: MongoDB holds it there until the kill.

The steps around the provider's answer are those of `test_sensor_faults`: there the provider holds it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest

from services.notifications.alert_outbox import NOTIFICATIONS
from tests.changefeed.forgetful_mongodb import forgetful_mongodb
from tests.services.notifications.provider_server import provider_server
from tests.services.sensor_workers import (
    BROKER,
    DATABASE,
    FEEDS,
    NOTIFYING,
    SENSOR_ALERTS,
    SensorWorkers,
    require_order,
)

OUTBOX = f"{DATABASE}.{NOTIFICATIONS}"
TIME_EXPIRED = 50
# Longer than the test needs to kill the worker; whatever stands there then fails without having been done.
HELD_MS = 5_000


class Step(NamedTuple):
    """Where `worker` is held: at this command on `place`, after so many of them were let through."""

    worker: str
    command: str
    place: str | None = None
    passing: int = 0

    @property
    def how(self) -> dict[str, Any]:
        where = {} if self.place is None else {"namespace": self.place}
        held = {"blockConnection": True, "blockTimeMS": HELD_MS, "errorCode": TIME_EXPIRED}
        return {"mode": {"skip": self.passing}, "data": {"failCommands": [self.command], **where, **held}}


STEPS = {
    "a reading is stored, its message has no offset": Step(SENSOR_ALERTS, "findAndModify", f"{BROKER}.counters"),
    "the message is sent, and not committed": Step(SENSOR_ALERTS, "commitTransaction"),
    "the message is there, the alert is not written": Step(NOTIFYING, "update", OUTBOX),
    "the alert is written, the group's position is not": Step(NOTIFYING, "update", f"{BROKER}.positions"),
    "the alert and the group's position are written, and not committed": Step(
        NOTIFYING, "commitTransaction", passing=1
    ),
    "the alert is there, the provider is not asked": Step(NOTIFYING, "find", OUTBOX, passing=1),
    "the provider has answered, and that is not noted": Step(NOTIFYING, "update", OUTBOX, passing=1),
}


@pytest.fixture(scope="module")
def workers() -> Iterator[SensorWorkers]:
    with provider_server() as provider, forgetful_mongodb() as mongodb:
        workers = SensorWorkers(mongodb, provider)
        workers.prepare()
        workers.start()
        yield workers
        workers.close()


@pytest.fixture
def sensor(workers: SensorWorkers) -> UUID:
    """One whose first reading was told, so that everybody is at work."""
    sensor = uuid4()
    workers.start()
    workers.store([sensor], range(1))
    workers.wait_until_told([sensor], 1)
    return sensor


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)
def test_a_worker_killed_at_a_step_leaves_nothing_half_done(workers: SensorWorkers, sensor: UUID, step: Step) -> None:
    before = workers.mongodb.fail(**step.how)
    workers.store([sensor], range(1, 2))
    workers.mongodb.wait_until_failed(before + 1)

    workers.kill(step.worker)
    workers.mongodb.fail(mode="off")
    workers.start()
    workers.store([sensor], range(2, 4))

    workers.wait_until_told([sensor], 4)
    require_order(workers, [sensor], 4)


@pytest.mark.parametrize("worker", [SENSOR_ALERTS, NOTIFYING])
def test_a_worker_killed_before_its_feed_has_stored_how_far_it_got_tells_nothing_anew(
    workers: SensorWorkers, sensor: UUID, worker: str
) -> None:
    # A shard that changes hands meanwhile could not be released.
    workers.wait_until_shared()
    failing = {"failCommands": ["update"], "namespace": f"{FEEDS}.positions", "errorCode": TIME_EXPIRED}
    workers.mongodb.fail(mode="alwaysOn", data=failing)
    workers.store([sensor], range(1, 3))
    workers.wait_until_told([sensor], 3)

    workers.kill(worker)
    workers.mongodb.fail(mode="off")
    workers.start()
    workers.store([sensor], range(3, 5))

    workers.wait_until_told([sensor], 5)
    assert workers.told(sensor) == list(range(5))
