"""What Swagger UI shows as answers of the read side."""

from typing import Any

from drf_spectacular.utils import OpenApiExample

DOCUMENT: dict[str, Any] = {
    "id": "0192f3c1-7a10-7cc3-9d2e-5b1f0c3a9e44",
    "version": 1,
    "email": "ada.oestergaard@example.org",
    "gender": "female",
    "name": {"title": "Ms", "first": "Ada", "last": "Østergård"},
    "location": {
        "street": {"number": 12, "name": "Nørregade"},
        "city": "Aarhus",
        "country": "Denmark",
        "postcode": "8000",
        "coordinates": {"latitude": "56.1629", "longitude": "10.2039"},
    },
    "identity": {"name": "CPR", "value": "101290-1234"},
    "login": {"uuid": "0192f3c1-6f6e-4b7a-9a53-0d9c2f2c7f11", "username": "calmotter"},
    "dob": {"date": "1990-12-10T08:30:00.000Z"},
    "registered": {"date": "2015-05-01T12:00:00.000Z"},
    "phone": "1234-5678",
    "picture": {"large": "https://randomuser.me/api/portraits/women/1.jpg"},
    "nat": "DK",
    "seed": "run-1",
    "appId": "instance-1",
    "currentStatus": "SYNCHRONIZED",
    "createdAt": "2026-11-20T18:10:52.123Z",
    "updatedAt": "2026-11-20T18:10:52.123Z",
    "synchronizedAt": "2026-11-20T18:10:52.151Z",
}


def answer(name: str, value: Any) -> OpenApiExample:
    """A successful answer."""
    return OpenApiExample(name, value, response_only=True, status_codes=["200"])
