"""In production nothing is changed by accident, and everything can be read."""

import pytest

from tests.csbroker.service import Service

CHANGING = [("init", "--force"), ("generate",), ("watch",), ("restore", "x"), ("apply-stage",)]
READING = [("backups",), ("stage",), ("diff",), ("generate", "--check"), ("apply-stage", "--dry-run")]


@pytest.mark.parametrize("variable", ["NODE_ENV", "CSBROKER_ENV"])
@pytest.mark.parametrize("command", CHANGING)
def test_changing_is_refused(generated: Service, command: tuple[str, ...], variable: str) -> None:
    before = generated.files()
    generated.edit(generated.config, "partitions=3", "partitions=4")

    ended = generated.run(*command, **{variable: "production"})

    assert (ended.code, ended.out) == (3, "")
    assert variable in ended.err
    assert "--yes-production" in ended.err
    assert generated.files() == before


@pytest.mark.parametrize("command", READING)
def test_reading_is_not(generated: Service, command: tuple[str, ...]) -> None:
    assert generated.run(*command, NODE_ENV="production").code == 0


@pytest.mark.parametrize("command", CHANGING)
def test_help_is_not(empty_service: Service, command: tuple[str, ...]) -> None:
    assert empty_service.run(command[0], "--help", NODE_ENV="production").code == 0


def test_who_means_it_may(service: Service) -> None:
    service.ok("generate", "--yes-production", NODE_ENV="production")

    assert service.client.exists()


def test_another_environment_is_not_production(service: Service) -> None:
    service.ok("generate", NODE_ENV="development", CSBROKER_ENV="")
