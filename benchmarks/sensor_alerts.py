"""`sensor_alerts`: readings through nginx, and a real HTTP provider that is told of the critical ones."""

import http.client
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import msgspec

from benchmarks.alert_provider import AlertProvider
from benchmarks.errors import BenchmarkError
from benchmarks.load import Answered, put, send_once
from benchmarks.measurement import Measured
from benchmarks.percentiles import percentile
from benchmarks.stack import Stack

SENSORS = 100
CONNECTIONS = 32
# Of so many readings of a sensor one is critical.
ONE_IN = 5
IDLE_READINGS = 200
# As many at once in the burst: what is alerted when workers start after an outage of theirs.
BURST = 4000
BURST_INSERT = 1000
FIRST = 1_700_000_000_000
# Without an alert for so long, no more come.
PATIENCE = 20.0
QUIET = 3.0

_TEXT = re.compile(rb"id: ([0-9a-f-]{36}) .* at (\S+)Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A sensor and a time in milliseconds: what a reading is known by.
Key = tuple[str, int]
JSON = {"Content-Type": "application/json"}


class Reading(msgspec.Struct, frozen=True, rename="camel"):
    """What a sensor says: 1000.5 is above every valid range, 5.5 within that of all."""

    sensor_id: str
    time: int
    value: float

    @property
    def is_critical(self) -> bool:
        return self.value > 1000


def sensor_alerts(stack: Stack, readings: int) -> list[Measured]:
    """Send critical readings one at a time on an idle system, then many over 32 connections, a fifth of them critical.

    At last as many critical ones are stored at once as the fifth was, past the replicas: what the workers can do.
    Nothing is measured where the stack ran before, since it tells another provider than the benchmark's.
    """
    if stack.provider is None:
        print("sensor_alerts is left out: the stack that runs tells another provider", file=sys.stderr)
        return []
    # What an earlier run has left over.
    while stack.provider.wait_for(len(stack.provider.arrivals) + 1, seconds=QUIET):
        pass
    return [_idle(stack, min(readings, IDLE_READINGS)), _load(stack, readings), _burst(stack, min(readings, BURST))]


def _idle(stack: Stack, count: int) -> Measured:
    assert stack.provider is not None
    connection = http.client.HTTPConnection(urlsplit(stack.base_url).netloc, timeout=10)
    sent, first = _readings(count, one_in=1), len(stack.provider.arrivals)
    milliseconds = []
    for number, reading in enumerate(sent, start=first + 1):
        began = time.time()
        connection.request("PUT", "/data", msgspec.json.encode(reading), JSON)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.HTTPStatus.NO_CONTENT or not stack.provider.wait_for(number, seconds=PATIENCE):
            raise BenchmarkError(f"PUT /data: {answer.status}, or nobody was told of it")
        milliseconds.append((stack.provider.arrivals[number - 1][0] - began) * 1000)
    connection.close()
    return Measured(
        name="sensor_alerts",
        parameters={"readings": count, "idle": "yes"},
        figures={
            "told_p50_ms": round(percentile(milliseconds, 50), 1),
            "told_p99_ms": round(percentile(milliseconds, 99), 1),
        },
        wrong=_wrong(sent, [key_of(body) for _, body in stack.provider.arrivals[first:]]),
    )


def _load(stack: Stack, count: int) -> Measured:
    assert stack.provider is not None
    sent, first = _readings(count, one_in=ONE_IN), len(stack.provider.arrivals)
    requests = [put(f"{stack.base_url}/data", msgspec.json.encode(reading)) for reading in sent]
    answered = send_once(stack.base_url, requests, connections=CONNECTIONS)
    wanted = sum(reading.is_critical for reading in sent) - answered.failed
    arrivals = _arrivals(stack.provider, first, wanted)
    return Measured(
        name="sensor_alerts",
        parameters={
            "readings": count,
            "sensors": SENSORS,
            "connections": CONNECTIONS,
            "critical": f"1/{ONE_IN}",
            "generator": answered.generator,
        },
        figures=_figures(answered, arrivals, _stored_at(stack, sent)),
        wrong=_wrong(sent if answered.failed == 0 else (), [key for _, key in arrivals]),
    )


def _burst(stack: Stack, count: int) -> Measured:
    assert stack.provider is not None
    sent, first = _readings(count, one_in=1), len(stack.provider.arrivals)
    began = time.time()
    documents = [_document(reading) for reading in sent]
    for start in range(0, count, BURST_INSERT):
        stack.mongodb["sensor_readings"].insert_many(documents[start : start + BURST_INSERT])
    arrivals = _arrivals(stack.provider, first, count)
    seconds = (arrivals[-1][0] if arrivals else time.time()) - began
    return Measured(
        name="sensor_alerts",
        parameters={"readings": count, "sensors": SENSORS, "burst": "yes"},
        figures={"burst_told_per_second": round(len(arrivals) / seconds), "seconds": round(seconds, 1)},
        wrong=_wrong(sent, [key for _, key in arrivals]),
    )


def _document(reading: Reading) -> dict[str, object]:
    """Return a reading as the service keeps it."""
    return {
        "_id": uuid4(),
        "sensorId": UUID(reading.sensor_id),
        "time": reading.time,
        "value": reading.value,
        "validRange": {"from": 5, "to": 6},
        "storedAt": datetime.now(UTC),
    }


def _arrivals(provider: AlertProvider, first: int, wanted: int) -> list[tuple[float, Key]]:
    """Wait until so many have arrived, or no more come, and return when each did and what it tells of."""
    while len(provider.arrivals) - first < wanted:
        if not provider.wait_for(len(provider.arrivals) + 1, seconds=PATIENCE):
            break
    return [(at, key_of(body)) for at, body in provider.arrivals[first:]]


def _figures(
    answered: Answered, arrivals: Sequence[tuple[float, Key]], stored_at: Mapping[Key, float]
) -> dict[str, float | int]:
    lags = [(at - stored_at[key]) * 1000 for at, key in arrivals if key in stored_at]
    last = arrivals[-1][0] if arrivals else answered.last_answer
    return {
        "stored_per_second": round((answered.sent - answered.failed) / (answered.last_answer - answered.first_request)),
        "told_per_second": round(len(arrivals) / (last - answered.first_request)),
        "failed": answered.failed,
        "request_p99_ms": round(answered.p99, 1),
        "lag_p50_ms": round(percentile(lags, 50)),
        "lag_p99_ms": round(percentile(lags, 99)),
        "seconds_behind_at_the_end": round(last - answered.last_answer, 1),
    }


def _readings(count: int, *, one_in: int) -> list[Reading]:
    sensors = [str(uuid4()) for _ in range(SENSORS)]
    values = [1000.5 if number // SENSORS % one_in == 0 else 5.5 for number in range(count)]
    return [Reading(sensors[number % SENSORS], FIRST + number, value) for number, value in enumerate(values)]


def key_of(body: bytes) -> Key:
    """Return which reading a notification tells of. Raises BenchmarkError where it tells of none."""
    found = _TEXT.search(json.loads(body)["text"].encode())
    if found is None:
        raise BenchmarkError(f"the provider was told something else: {body!r}")
    moment = datetime.fromisoformat(found[2].decode()).replace(tzinfo=UTC)
    return found[1].decode(), (moment - _EPOCH) // timedelta(milliseconds=1)


def _stored_at(stack: Stack, sent: Sequence[Reading]) -> dict[Key, float]:
    sensors = [UUID(sensor) for sensor in {reading.sensor_id for reading in sent}]
    found = stack.mongodb["sensor_readings"].find({"sensorId": {"$in": sensors}}, {"_id": 0})
    return {
        (str(one["sensorId"]), int(str(one["time"]))): one["storedAt"].timestamp()
        for one in found
        if isinstance(one["storedAt"], datetime)
    }


def _wrong(sent: Sequence[Reading], told: Sequence[Key]) -> tuple[str, ...]:
    """Return a line for each reading that nobody was told of, and for each that was told twice."""
    times = Counter(told)
    lost = [f"not told: {one}" for one in sent if one.is_critical and times[one.sensor_id, one.time] == 0]
    return (*lost, *(f"told {number} times: {key}" for key, number in times.items() if number > 1))
