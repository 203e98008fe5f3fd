"""What the image holds is enough: its command starts, answers its health check, and stops when it is told to."""

import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.containers.dockerfile import Dockerfile
from tests.containers.image import Image

Services = dict[str, dict[str, Any]]


@pytest.fixture
def image(tmp_path: Path, root: Path, dockerfile: Dockerfile, free_port: Callable[[], int]) -> Image:
    environment = {
        "DJANGO_SETTINGS_MODULE": "cqrs_project.settings",
        # No store is there: a replica is alive without.
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "MONGODB_URI": "mongodb://127.0.0.1:1/",
        "SECRET_KEY": "k" * 65,
        "BIND": f"127.0.0.1:{free_port()}",
        "METRICS_PORT": str(free_port()),
    }
    return Image(tmp_path, root, dockerfile.copied, environment)


def test_the_command_starts_answers_its_health_check_and_ends_with_success(
    image: Image, dockerfile: Dockerfile
) -> None:
    with image.running(dockerfile.command) as process:
        health = image.wait_for(dockerfile.health_check)

    assert health.returncode == 0, health.stderr + image.log()
    assert process.returncode == 0, image.log()
    assert image.run(dockerfile.health_check).returncode != 0, "nothing answers any more"


def test_the_workers_health_check_needs_its_metrics_and_no_store(
    image: Image, dockerfile: Dockerfile, application_services: Services
) -> None:
    check: list[str] = application_services["users-projector"]["healthcheck"]["test"][1:]

    with image.running(dockerfile.command):
        health = image.wait_for(check)

    assert health.returncode == 0, health.stderr + image.log()
    assert image.run(check).returncode != 0, "nothing answers any more"


@pytest.mark.parametrize(("status", "exit_code"), [(200, 0), (503, 1)])
def test_the_health_check_goes_by_the_status_of_livez(
    image: Image, dockerfile: Dockerfile, status: int, exit_code: int
) -> None:
    paths: list[str] = []

    class Livez(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(status)
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Livez) as server:
        image.environment["BIND"] = f"0.0.0.0:{server.server_port}"
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        result = image.run(dockerfile.health_check)
        thread.join(10)

    assert paths == ["/livez"]
    assert result.returncode == exit_code


def test_every_management_command_of_the_containers_exists(image: Image, application_services: Services) -> None:
    commands = [" ".join(service.get("command", [])) for service in application_services.values()]
    wanted = set(re.findall(r"manage\.py (\w+)", " ".join(commands)))

    known = image.run(["python", "manage.py", "help", "--commands"])

    assert wanted == {"migrate", "ensure_indexes", "prepare_services", "run_worker"}
    assert wanted <= set(known.stdout.split()), known.stderr
