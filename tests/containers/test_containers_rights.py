"""What the image holds does its whole work with the rights that the containers' stores give it, and with no others."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from cqrs.testing.waiting import wait_until
from tests.containers.dockerfile import Dockerfile
from tests.containers.image import Image
from tests.containers.mongo_container import MongoContainer
from tests.services.buying import wanted

Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def environment(
    application_services: Services,
    postgres_address: str,
    mongo_container: MongoContainer,
    free_port: Callable[[], int],
) -> dict[str, str]:
    """A replica's environment as in its container, but for the addresses."""
    options = application_services["instance-1"]["environment"]["MONGODB_URI"].rpartition("?")[2]
    return {
        "DATABASE_URL": postgres_address,
        "MONGODB_URI": f"mongodb://cqrs:application-password@127.0.0.1:{mongo_container.port}/?{options}",
        "SECRET_KEY": "k" * 65,
        "BIND": f"127.0.0.1:{free_port()}",
    }


@pytest.fixture(scope="module")
def image(
    tmp_path_factory: pytest.TempPathFactory, root: Path, dockerfile: Dockerfile, environment: dict[str, str]
) -> Image:
    """What the image holds."""
    return Image(tmp_path_factory.mktemp("image"), root, dockerfile.copied, environment)


@pytest.fixture(scope="module")
def site(image: Image, dockerfile: Dockerfile, application_services: Services) -> Iterator[str]:
    """A replica and the workers at work after the migration; where they answer."""
    migrated = image.run(application_services["migrate"]["command"])
    assert migrated.returncode == 0, migrated.stderr
    with (
        image.running(dockerfile.command),
        image.running(application_services["users-projector"]["command"]),
        image.running(application_services["classroom"]["command"]),
    ):
        health = image.wait_for(dockerfile.health_check)
        assert health.returncode == 0, health.stderr + image.log()
        yield f"http://{image.environment['BIND']}"


def ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Send a GET, or a POST of the body, and return the JSON of the answer, an error's too."""
    request = Request(url, json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=30) as response:
            answer: dict[str, Any] = json.load(response)
    except HTTPError as error:
        raise AssertionError(error.read().decode()) from error
    return answer


def test_every_store_is_ready(site: str) -> None:
    answer = ask(f"{site}/readyz")

    assert answer["stores"] == {"postgresql": "ready", "mongodb": "ready"}


def test_a_user_goes_from_the_command_to_the_document(site: str) -> None:
    created = ask(f"{site}/api/v1/user-command?seed=rights", {"email": "ada@example.org"})

    # The projector may still be starting.
    (document,) = wait_until(
        lambda: ask(f"{site}/api/v1/user-query?seed=rights&limit=1")["items"], "the user is projected", seconds=30
    )

    assert document["id"] == created["id"]
    assert document["currentStatus"] == "SYNCHRONIZED"
    assert document["email"] == "ada@example.org"
    assert ask(f"{site}/api/v1/user-stats?seed=rights")["stats"][0]["total"] == 1


def test_a_purchase_becomes_an_enrolment(site: str) -> None:
    purchase = ask(f"{site}/api/purchases", wanted("ada"))

    enrolments = wait_until(lambda: ask(f"{site}/api/enrolments?student=ada")["items"], "she is enrolled")

    assert [enrolment["id"] for enrolment in enrolments] == [purchase["id"]]
