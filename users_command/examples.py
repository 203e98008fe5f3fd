"""What Swagger UI shows as requests and answers of the write side."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

USER_ID = "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44"
RUN = "run-1"

USER: dict[str, Any] = {
    "gender": "female",
    "name": {"title": "Ms", "first": "Ada", "last": "Østergård"},
    "location": {
        "street": {"number": 12, "name": "Nørregade"},
        "city": "Aarhus",
        "state": "Midtjylland",
        "country": "Denmark",
        "postcode": 8000,
        "coordinates": {"latitude": "56.1629", "longitude": "10.2039"},
        "timezone": {"offset": "+1:00", "description": "Copenhagen"},
    },
    "email": "ada.oestergaard@example.org",
    "login": {"uuid": "0192f3c1-6f6e-4b7a-9a53-0d9c2f2c7f11", "username": "calmotter"},
    "dob": {"date": "1990-12-10T08:30:00.000Z"},
    "registered": {"date": "2015-05-01T12:00:00.000Z"},
    "phone": "1234-5678",
    "cell": "8765-4321",
    "id": {"name": "CPR", "value": "101290-1234"},
    "picture": {"large": "https://randomuser.me/api/portraits/women/1.jpg"},
    "nat": "DK",
}
# As both sides answer it: the postcode is text, and the identity document no longer takes the place of the id.
KNOWN_USER = {
    "id": USER_ID,
    **{name: value for name, value in USER.items() if name != "id"},
    "location": {**USER["location"], "postcode": "8000"},
    "identity": USER["id"],
    "seed": RUN,
    "appId": "instance-1",
    "version": 1,
    "createdAt": "2026-11-20T18:10:52.123Z",
    "updatedAt": "2026-11-20T18:10:52.123Z",
}
ACCEPTED = {
    "id": USER_ID,
    "email": USER["email"],
    "seed": RUN,
    "appId": "instance-1",
    "status": "CREATED",
    "version": 1,
    "createdAt": "2026-11-20T18:10:52.123Z",
}
STAGES = [
    {
        "eventId": "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e45",
        "stage": "CREATED",
        "type": "users.user_created.v1",
        "version": 1,
        "appId": "instance-1",
        "seed": RUN,
        "causationId": None,
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "recordedAt": "2026-11-20T18:10:52.123Z",
    },
    {
        "eventId": "0192f3c1-7a2c-7d01-8c55-90ab12cd34ef",
        "stage": "SYNCHRONIZED",
        "type": "users.user_synchronized.v1",
        "version": 1,
        "appId": "projector-1",
        "seed": RUN,
        "causationId": "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e45",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "recordedAt": "2026-11-20T18:10:52.151Z",
    },
]
STATS = {
    "seed": RUN,
    "appId": "instance-1",
    "total": 6667,
    "synchronized": 6667,
    "firstCreatedAt": "2026-11-20T18:10:52.123Z",
    "lastCreatedAt": "2026-11-20T18:11:04.456Z",
    "lastSynchronizedAt": "2026-11-20T18:11:04.498Z",
    "durationSeconds": 12.333,
    "usersPerSecond": 540.6,
    "latencyMs": {"p50": 21.0, "p95": 48.0, "p99": 73.0},
}
REJECTED = {
    "index": 1,
    "errors": [{"path": "email", "message": "Not in the expected format", "code": "format"}],
}


def request(name: str, value: Any, media_type: str = "application/json") -> OpenApiExample:
    """A body that the operation takes."""
    return OpenApiExample(name, value, request_only=True, media_type=media_type)


def answer(name: str, value: Any, status: int = 200) -> OpenApiExample:
    """A successful answer."""
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])
