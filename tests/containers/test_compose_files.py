"""What the compose files promise: addresses, order, confinement."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

Services = dict[str, dict[str, Any]]

REPLICAS = ("instance-1", "instance-2", "instance-3")
WORKERS = (
    "users-projector",
    "users-publisher",
    "classroom",
    "sensor-alerts",
    "notifications",
    "tickets-relay",
    "tickets-retry",
    "orders",
    "delivery-scheduler",
    "delivery-demo",
)
ADMIN_TOOLS = {"pgadmin", "mongo-express"}
# Their images write beside their own program.
WRITABLE = {"pgadmin", "mongo-express"}


@pytest.mark.parametrize("project_folder", ["infra", "docker"])
def test_docker_compose_accepts_the_files_from_either_folder(
    checkout: Path, secrets: dict[str, str], project_folder: str
) -> None:
    command = shutil.which("docker-compose")
    if command is None:
        pytest.skip("docker-compose is not installed (Debian: apt-get install docker-compose)")
    files = ["--file", "../infra/docker-compose.yml", "--file", "../docker/docker-compose.yml"]

    result = subprocess.run(
        [command, "--env-file", "../infra/.env", *files, "config"],
        cwd=checkout / project_folder,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    resolved = yaml.safe_load(result.stdout)["services"]
    assert secrets["POSTGRES_APPLICATION_PASSWORD"] in resolved["instance-1"]["environment"]["DATABASE_URL"]
    assert f"{checkout}/infra/nginx/nginx.conf.template" in resolved["nginx"]["volumes"][0]


def test_docker_compose_refuses_to_start_without_secrets(checkout: Path) -> None:
    command = shutil.which("docker-compose")
    if command is None:
        pytest.skip("docker-compose is not installed (Debian: apt-get install docker-compose)")

    result = subprocess.run([command, "config"], cwd=checkout / "infra", capture_output=True, text=True, check=False)

    assert result.returncode != 0
    assert "run docker/run.sh" in result.stderr


def test_the_addresses_are_those_of_the_documentation(all_services: Services) -> None:
    published = {name: service["ports"] for name, service in all_services.items() if "ports" in service}

    assert published == {
        "postgres": ["127.0.0.1:15432:5432"],
        "pgadmin": ["127.0.0.1:15433:8080"],
        "mongo": ["127.0.0.1:27017:27017"],
        "mongo-express": ["127.0.0.1:18081:8081"],
        "nats": ["127.0.0.1:4222:4222"],
        "nginx": [
            "${HTTP_ADDRESS:-127.0.0.1}:${HTTP_PORT:-8080}:8080",
            "127.0.0.1:${SENSOR_DATA_PORT:-3000}:3000",
            "127.0.0.1:${NOTIFICATIONS_PORT:-3001}:3001",
        ],
    }


def test_only_the_admin_tools_wait_for_their_profile(all_services: Services) -> None:
    behind_profile = {name for name, service in all_services.items() if "profiles" in service}

    assert behind_profile == ADMIN_TOOLS
    assert all(all_services[name]["profiles"] == ["admin"] for name in ADMIN_TOOLS)


def test_every_image_is_pinned_to_a_release(all_services: Services) -> None:
    images = {service["image"] for service in all_services.values()}

    not_pinned = {image for image in images if not re.search(r":\d+\.\d+\.?\d*(-[\w.-]+)?$", image)}

    assert not_pinned == {"cqrs"}, "only our own image, built here, has no version"


def test_every_service_is_confined(all_services: Services) -> None:
    for name, service in all_services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "3"}, name
        assert service["restart"] == ("no" if name == "migrate" else "unless-stopped"), name


def test_file_systems_are_read_only_where_the_image_allows_it(all_services: Services) -> None:
    writable = {name for name, service in all_services.items() if not service.get("read_only")}

    assert writable == WRITABLE


def test_every_service_that_stays_is_checked_for_health(all_services: Services) -> None:
    unchecked = {name for name, service in all_services.items() if "test" not in service.get("healthcheck", {})}

    assert unchecked == {"migrate", *REPLICAS}, "the replicas have the check of their image, the migration ends"


def test_the_replicas_differ_in_their_app_id_only(application_services: Services) -> None:
    replicas = [application_services[name] for name in REPLICAS]

    app_ids = [replica["environment"]["APPID"] for replica in replicas]
    rest = [{**replica, "environment": {**replica["environment"], "APPID": ""}} for replica in replicas]

    assert app_ids == list(REPLICAS)
    assert rest[0] == rest[1] == rest[2]


def test_nothing_of_the_application_starts_before_the_stores_are_migrated(application_services: Services) -> None:
    migrated = {"migrate": {"condition": "service_completed_successfully"}}

    assert application_services["migrate"]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "mongo": {"condition": "service_healthy"},
    }
    assert all(application_services[name]["depends_on"] == migrated for name in (*REPLICAS, *WORKERS))
    assert application_services["nginx"]["depends_on"] == {name: {"condition": "service_healthy"} for name in REPLICAS}


def test_nginx_cannot_reach_a_store(all_services: Services) -> None:
    reach = set(all_services["nginx"]["networks"])

    beside_nginx = {name for name, service in all_services.items() if reach & set(service["networks"])}

    assert beside_nginx == {"nginx", *REPLICAS}


def test_the_data_is_in_named_volumes(store_services: Services) -> None:
    named = {
        name: [volume for volume in service["volumes"] if not volume.startswith(("..", "/"))]
        for name, service in store_services.items()
        if "volumes" in service
    }

    assert named == {
        "postgres": ["postgres:/var/lib/postgresql"],
        "mongo": ["mongo:/data/db", "mongo-config:/data/configdb"],
        "nats": ["nats:/data"],
        "pgadmin": ["pgadmin:/var/lib/pgadmin"],
    }


def test_every_mounted_file_exists_and_is_read_only(root: Path, all_services: Services) -> None:
    mounted = [
        volume
        for service in all_services.values()
        for volume in service.get("volumes", [])
        if "/" in volume.split(":")[0]
    ]

    assert mounted
    for volume in mounted:
        source, _, mode = volume.split(":")
        # One level up, then down by name: the same file from infra/ and from docker/.
        assert source.startswith("../"), source
        assert (root / "infra" / source).is_file(), source
        assert mode == "ro", source
