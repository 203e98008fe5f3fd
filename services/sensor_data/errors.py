"""What can go wrong with readings."""

from uuid import UUID

from cqrs.web.errors import Conflict


class SecondReading(Conflict):
    """A sensor has said something at this time already (409)."""

    def __init__(self, sensor_id: UUID, time: int) -> None:
        self.sensor_id = sensor_id
        self.time = time
        super().__init__("There is a reading of this sensor and time already.")
