"""The real response of randomuser.me in `tests/data`: 111 users of 21 nationalities."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent.parent / "data" / "randomusers.json"

RandomUser = dict[str, Any]


@cache
def response_text() -> str:
    return FILE.read_text()


def response() -> dict[str, Any]:
    """A fresh copy of the whole response: `results` and `info`."""
    answer: dict[str, Any] = json.loads(response_text())
    return answer


def real_users() -> list[RandomUser]:
    users: list[RandomUser] = response()["results"]
    return users
