"""The variables of the containers are the ones that the application reads, and nginx's are those of its template."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cqrs_project.environment import read_environment

Services = dict[str, dict[str, Any]]

WORKERS = {
    "users-projector": "projector-1",
    "users-publisher": "users-publisher-1",
    **{
        name: f"{name}-1"
        for name in (
            "classroom",
            "sensor-alerts",
            "notifications",
            "tickets-relay",
            "tickets-retry",
            "orders",
            "delivery-scheduler",
            "delivery-demo",
        )
    },
}
APPLICATION_SERVICES = ("migrate", "instance-1", "instance-2", "instance-3", *WORKERS)


class RememberingMapping(Mapping[str, str]):
    """Variables that remember which names were asked for."""

    def __init__(self, variables: dict[str, str]) -> None:
        self._variables = variables
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def filled_in(text: str, secrets: dict[str, str]) -> str:
    """Fill in required variables from the secrets, others with their default, as compose does."""
    text = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda match: secrets[match[1]], text)
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


@pytest.mark.parametrize("name", APPLICATION_SERVICES)
def test_the_application_accepts_its_containers_environment_and_reads_all_of_it(
    name: str, application_services: Services, secrets: dict[str, str]
) -> None:
    given = {key: filled_in(value, secrets) for key, value in application_services[name]["environment"].items()}
    variables = RememberingMapping(given)

    environment = read_environment(variables)

    assert set(given) <= variables.asked, "a variable that nobody reads is a misspelt one"
    assert environment.app_id == WORKERS.get(name, name)
    assert not environment.debug
    assert environment.nats_url == f"nats://cqrs:{secrets['NATS_PASSWORD']}@nats:4222"


def test_the_hosts_in_the_addresses_are_services_of_the_same_network(
    store_services: Services, application_services: Services
) -> None:
    for name in APPLICATION_SERVICES:
        service = application_services[name]
        hosts = set(re.findall(r"@(\w+):\d+", " ".join(service["environment"].values())))
        assert hosts == {"postgres", "mongo", "nats"}
        assert all(set(store_services[host]["networks"]) & set(service["networks"]) for host in hosts)


def test_nginx_is_given_every_placeholder_of_the_shared_template(root: Path, application_services: Services) -> None:
    template = (root / "infra/nginx/nginx.conf.template").read_text()
    environment = application_services["nginx"]["environment"]
    name_filter = environment["NGINX_ENVSUBST_FILTER"].replace("$$", "$")

    given = {name for name in environment if re.search(name_filter, name)}

    assert given == set(re.findall(r"\$\{(\w+)\}", template))


def test_nginx_reaches_each_replica_where_its_image_listens(root: Path, application_services: Services) -> None:
    environment = application_services["nginx"]["environment"]
    port = re.search(r"BIND=0\.0\.0\.0:(\d+)", (root / "docker/Dockerfile").read_text())

    addresses = [environment[f"REPLICA_{number}"] for number in (1, 2, 3)]

    assert port is not None
    assert addresses == [f"instance-{number}:{port[1]}" for number in (1, 2, 3)]
