"""What Swagger UI says about readings."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

from cqrs.web.openapi import Reply, operation
from services.sensor_data.parameters import ReadingParameters
from services.sensor_data.reading import Reading
from services.sensor_data.valid_range import ValidRange

TAG = "Sensor data (MongoDB)"
READING: dict[str, Any] = {
    "sensorId": "bf951e3e-aefd-4335-a330-5fcca06f100d",
    "time": 1670769952022,
    "value": 6.2,
}
RANGE: dict[str, Any] = {"from": 5, "to": 6}


LINK = ("Link", 'Where the next page is (`rel="next"`, RFC 8288); missing on the last one.')

STORE_READING = operation(
    tag=TAG,
    summary="Store reading",
    description="Stores a reading, once for each sensor and time. Where its value is outside of the sensor's valid "
    "range, it becomes an alert a moment later.",
    body={"application/json": Reading},
    replies={204: Reply(None, "Stored")},
    problems=(400, 409, 411, 413, 415, 503),
    examples=[OpenApiExample("A critical one", READING, request_only=True)],
)
LIST_READINGS = operation(
    tag=TAG,
    summary="List readings",
    description="The readings of a sensor by time, a page at a time.",
    query=ReadingParameters,
    replies={200: Reply(list[Reading], "A page", headers=(LINK,))},
    problems=(400, 503),
    examples=[
        OpenApiExample(
            "A page that is not the last",
            [READING],
            response_only=True,
            status_codes=["200"],
        )
    ],
)
SET_VALID_RANGE = operation(
    tag=TAG,
    summary="Set valid range",
    description="Has this range count for the readings of a sensor that are stored from now on. Both ends are valid.",
    body={"application/json": ValidRange},
    replies={204: Reply(None, "Set")},
    problems=(400, 411, 413, 415, 503),
    examples=[OpenApiExample("From five to six", RANGE, request_only=True)],
)
SHOW_VALID_RANGE = operation(
    tag=TAG,
    summary="Show valid range",
    description="The range that counts for a sensor now: its own, or the one for all others.",
    replies={200: Reply(ValidRange, "The range")},
    problems=(503,),
    examples=[OpenApiExample("From five to six", RANGE, response_only=True, status_codes=["200"])],
)
