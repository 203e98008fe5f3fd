"""Each service alone: it serves its own addresses, needs no store but MongoDB, and meets the others by events."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings

from cqrs_project.service_settings import SERVICES
from tests.architecture.sources import ROOT
from tests.services.buying import wanted
from tests.services.lone_process import LoneServices
from tests.waiting import wait_until

OF_ONE = {
    "alert_provider": "/api/v1/provider/texts",
    "classroom": "/api/enrolments?student=alone",
    "delivery": "/api/v1/delivery/windows",
    "notifications": "/alerts",
    "orders": "/api/orders/tickets",
    "purchases": f"/api/purchases/{uuid4()}",
    "sensor_data": f"/data?sensorId={uuid4()}",
    "tickets": "/api/tickets",
}
NOWHERE = "There is nothing at this address."
DOCUMENTATION = (ROOT / "docs/sensors.md").read_text()
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[LoneServices]:
    """Services in databases of their own."""
    variables = {
        "MONGODB_DATABASE": "cqrs_alone",
        "MONGODB_BROKER_DATABASE": "broker_alone",
        "CHANGE_FEEDS_DATABASE": "feeds_alone",
        "EXT_ALERT_PROVIDER_SECRET": SECRET,
    }
    with LoneServices(tmp_path, variables) as services:
        yield services


@pytest.mark.parametrize("service", SERVICES)
def test_it_serves_its_own_addresses_and_no_others(services: LoneServices, service: str) -> None:
    services.prepare(service)

    replica = services.replica(service)

    unknown = {name for name, path in OF_ONE.items() if NOWHERE in str(replica.ask("GET", path).json)}
    assert unknown == set(OF_ONE) - {service}
    assert replica.ask("GET", "/readyz").json == {"status": "ready", "stores": {"mongodb": "ready"}}
    assert {replica.ask("GET", path).status for path in ("/", "/api/v1/user-query", "/static/page/main.js")} == {404}
    schema = replica.ask("GET", "/api/schema").json
    documented = {path.split("{")[0].rstrip("/") for path in schema["paths"]}
    assert any(OF_ONE[service].startswith(path) for path in documented)
    assert schema["info"]["title"] == f"The service {service}"
    with urllib.request.urlopen(replica.metrics_url, timeout=60) as answer:
        assert b"cqrs_http_request_seconds" in answer.read()


def test_a_reading_reaches_the_provider_when_each_service_is_alone(services: LoneServices) -> None:
    for service in ("sensor_data", "notifications", "alert_provider"):
        services.prepare(service)
    provider = services.replica("alert_provider")
    url = f"{provider.url}/api/v1/provider/texts"
    sensor_data, notifications = services.replica("sensor_data"), services.replica("notifications")
    services.worker("sensor_data", "sensor-alerts")
    services.worker("notifications", "notifications", EXT_ALERT_PROVIDER_URL=url)
    sensor = str(uuid4())

    stored = sensor_data.ask("PUT", "/data", {"sensorId": sensor, "time": 7, "value": 6.2})
    wait_until(lambda: sensor in str(provider.ask("GET", "/api/v1/provider/texts").json), "the provider is told")

    (reading,) = sensor_data.ask("GET", f"/data?sensorId={sensor}").json
    (alert,) = notifications.ask("GET", f"/alerts?sensorId={sensor}").json["items"]
    assert (stored.status, reading["value"]) == (204, 6.2)
    assert alert["context"]["context"]["reading"] == reading


def test_the_commands_of_the_documentation_start_a_service(services: LoneServices) -> None:
    (block,) = [block for block in DOCUMENTATION.split("```sh\n") if "prepare_services" in block]
    commands = [line for line in block.split("```")[0].replace("\\\n", "").splitlines() if "SERVICE=" in line]

    replica = services.start_all(commands)

    sensor = str(uuid4())
    assert len(commands) == 3
    assert replica.ask("PUT", "/data", {"sensorId": sensor, "time": 7, "value": 6.2}).status == 204
    assert len(replica.ask("GET", f"/data?sensorId={sensor}").json) == 1


def test_a_purchase_is_enrolled_when_each_service_is_alone(services: LoneServices) -> None:
    for service in ("purchases", "classroom"):
        services.prepare(service)
    purchases, classroom = services.replica("purchases"), services.replica("classroom")
    services.worker("classroom", "classroom")
    student = str(uuid4())

    bought = purchases.ask("POST", "/api/purchases", wanted(student))
    path = f"/api/enrolments?student={student}"
    wait_until(lambda: classroom.ask("GET", path).json["items"], "the purchase is enrolled")

    (enrolment,) = classroom.ask("GET", path).json["items"]
    assert (bought.status, enrolment["id"]) == (201, bought.json["id"])


def test_a_service_has_its_own_workers_only() -> None:
    environment = {**os.environ, "SERVICE": "sensor_data"}

    run = subprocess.run(
        [sys.executable, "manage.py", "run_worker", "classroom"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (run.returncode, run.stderr) == (
        1,
        "CommandError: there is no worker 'classroom'; known: sensor-alerts\n",
    )


@pytest.mark.parametrize(
    "command", [["manage.py", "prepare_services"], ["-m", "gunicorn", "-c", "cqrs_project/gunicorn.py"]]
)
def test_an_unknown_service_is_told_with_all_other_mistakes(command: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "SERVICE": "sensors", "SECRET_KEY": "key"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (run.returncode, run.stderr.splitlines()) == (
        2,
        [
            f"setting SERVICE must be one of {', '.join(SERVICES)}, not 'sensors'",
            "setting MONGODB_URI is not set",
        ],
    )
