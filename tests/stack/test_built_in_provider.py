"""The stack's own provider is told of alerts, unless the environment names another one."""

from pathlib import Path

from cqrs_project.environment import read_environment
from infra.stack.settings import read_settings
from tests.running_stack import stack_variables

ELSEWHERE = "https://alerts.example.org/notify"


def environment_of(folder: Path, **variables: str) -> dict[str, str]:
    settings = read_settings(stack_variables(folder, **variables))
    settings.layout.create()
    return settings.environment()


def test_without_a_provider_it_is_the_one_behind_nginx(short_folder: Path) -> None:
    environment = environment_of(short_folder, HTTP_PORT="18080")

    read = read_environment(environment)
    assert read.sensors.provider_url == "http://127.0.0.1:18080/api/v1/provider/texts"
    assert read.sensors.provider_key is not None
    assert [str(network) for network in read.sensors.provider_networks] == ["127.0.0.0/8"]


def test_its_secret_is_that_of_the_installation(short_folder: Path) -> None:
    first = environment_of(short_folder)
    second = environment_of(short_folder)
    other = environment_of(short_folder / "other")

    kept = short_folder / "secrets" / "alert_provider"
    name = "EXT_ALERT_PROVIDER_SECRET"
    assert first[name] == second[name] != other[name]
    assert kept.stat().st_mode & 0o777 == 0o600


def test_another_provider_is_talked_to_as_the_environment_says(short_folder: Path) -> None:
    environment = environment_of(short_folder, EXT_ALERT_PROVIDER_URL=ELSEWHERE)

    assert environment["EXT_ALERT_PROVIDER_URL"] == ELSEWHERE
    assert "EXT_ALERT_PROVIDER_SECRET" not in environment
    assert "EXT_ALERT_PROVIDER_NETWORKS" not in environment


def test_a_stack_serves_all_services_whatever_one_process_is_to_serve(short_folder: Path) -> None:
    assert "SERVICE" not in environment_of(short_folder, SERVICE="sensor_data")
