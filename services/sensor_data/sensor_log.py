"""The log of readings: stores them, tells them by sensor and time, and knows each sensor's valid range."""

from uuid import UUID

import pymongo
from pymongo import ASCENDING
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from cqrs.broker.mongodb import translated
from cqrs.opened import Opened
from services.sensor_data.errors import SecondReading
from services.sensor_data.reading import Document, Reading, StoredReading, taken_in, to_document
from services.sensor_data.valid_range import ValidRange

READINGS = "sensor_readings"
RANGES = "sensor_ranges"
# Seconds; after that whoever waits is told to come back later.
PATIENCE = 2.0

SHOWN = {"_id": 0, "sensorId": 1, "time": 1, "value": 1}


class SensorLog:
    """Keeps readings in `database`; `valid_range` counts for sensors that have none of their own."""

    def __init__(self, database: Database[Document], valid_range: ValidRange) -> None:
        self.database = database
        self._valid_range = valid_range

    def store(self, reading: Reading) -> StoredReading:
        """Store a reading on a majority's disks, with the range that counts now. Raises SecondReading, Unavailable.

        Nothing else is written: whether it becomes an alert is decided by whoever follows the collection.
        """
        with translated(), pymongo.timeout(PATIENCE):
            stored = taken_in(reading, self._range_of(reading.sensor_id))
            try:
                self.database[READINGS].insert_one(to_document(stored))
            except DuplicateKeyError as error:
                raise SecondReading(reading.sensor_id, reading.time) from error
        return stored

    def readings_of(
        self, sensor_id: UUID, *, since: int | None, until: int | None, after: int | None, limit: int
    ) -> list[Document]:
        """Return at most `limit` readings by time, each with its three fields. Raises Unavailable.

        `since` and `until` are inclusive, `after` is the time of the last reading of the page before.
        """
        bounds = {"$gte": since, "$lte": until, "$gt": after}
        wanted: Document = {"sensorId": {"$eq": sensor_id}}
        if given := {operator: time for operator, time in bounds.items() if time is not None}:
            wanted["time"] = given
        with translated(), pymongo.timeout(PATIENCE):
            return list(self.database[READINGS].find(wanted, SHOWN).sort("time", ASCENDING).limit(limit))

    def valid_range(self, sensor_id: UUID) -> ValidRange:
        """Return the range that counts for a sensor now. Raises Unavailable."""
        with translated(), pymongo.timeout(PATIENCE):
            return self._range_of(sensor_id)

    def set_valid_range(self, sensor_id: UUID, valid_range: ValidRange) -> None:
        """Have this range count for the readings of a sensor that are stored from now on. Raises Unavailable."""
        ends = {"from": valid_range.since, "to": valid_range.until}
        with translated(), pymongo.timeout(PATIENCE):
            self.database[RANGES].update_one({"_id": sensor_id}, {"$set": ends}, upsert=True)

    def prepare(self) -> None:
        """Create the index that keeps readings unique and in order, unless it is there. Raises Unavailable."""
        with translated():
            self.database[READINGS].create_index(
                [("sensorId", ASCENDING), ("time", ASCENDING)], name="of_sensor_by_time", unique=True
            )

    def _range_of(self, sensor_id: UUID) -> ValidRange:
        found = self.database[RANGES].find_one({"_id": sensor_id})
        return self._valid_range if found is None else ValidRange(since=found["from"], until=found["to"])


sensor_log: Opened[SensorLog] = Opened("sensor log")
