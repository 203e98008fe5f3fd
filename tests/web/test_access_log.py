"""Each request leaves one line and one observation, and neither holds personal data."""

import logging
from typing import Any

import pytest
from django.test import Client
from prometheus_client import REGISTRY


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.INFO, logger="cqrs.web.access")
    return lambda: [record for record in caplog.records if record.name == "cqrs.web.access"]


def observed(method: str, route: str, status: int) -> float:
    labels = {"method": method, "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("cqrs_http_request_seconds_count", labels) or 0.0


def test_a_request_is_one_line_without_its_query(client: Client, lines: Any) -> None:
    client.get("/api/things?email=someone@example.org")

    (line,) = lines()
    assert (line.message, line.method, line.route, line.status) == ("request", "GET", "api/things", 200)
    assert line.ms > 0
    assert "someone" not in str(vars(line))


def test_addresses_of_one_route_are_counted_together(client: Client) -> None:
    before = observed("GET", "api/fail/<str:how>", 500)

    for how in ("one", "two", "three"):
        client.get(f"/api/fail/{how}")

    assert observed("GET", "api/fail/<str:how>", 500) - before == 3


def test_unknown_addresses_and_methods_make_no_series_of_their_own(client: Client) -> None:
    before = observed("OTHER", "unmatched", 404)

    for number in range(3):
        client.generic(f"METHOD{number}", f"/nothing/{number}")

    assert observed("OTHER", "unmatched", 404) - before == 3
    assert REGISTRY.get_sample_value("cqrs_http_request_seconds_count", {"route": "nothing/1"}) is None
