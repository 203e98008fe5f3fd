"""The scripts, with a stand-in for Docker that notes what it is asked and answers from files."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = (
    "infra/run.sh",
    "docker/run.sh",
    "infra/containers/compose.sh",
    "infra/containers/generate-env.sh",
    "infra/containers/mongo-entrypoint.sh",
)

STAND_IN = """#!/usr/bin/env bash
folder="$(dirname -- "$0")"
echo "$*" >>"$folder/asked"
case "$*" in
  *" logs "*) echo "last lines of ${*: -1}" ;;
  *" ps "*) echo container-ids ;;
  *" port nginx 8080") echo 127.0.0.1:8080 ;;
  inspect*) cat "$folder/states" ;;
esac
"""

HEALTHY = "postgres running 0 healthy\nmigrate exited 0 \ninstance-1 running 0 healthy\n"


class Docker:
    """A folder for PATH with the stand-in, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "docker").write_text(STAND_IN)
        (folder / "docker").chmod(0o755)

    def run(self, script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}", "PATIENCE_SECONDS": "0"}
        return subprocess.run([script, *arguments], env=environment, capture_output=True, text=True, check=False)

    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    docker = Docker(tmp_path / "bin")
    (docker.folder / "states").write_text(HEALTHY)
    return docker


@pytest.mark.parametrize("script", SCRIPTS)
def test_bash_can_read_the_script(root: Path, script: str) -> None:
    result = subprocess.run(["bash", "-n", root / script], capture_output=True, text=True, check=False)

    assert result.stderr == ""


def test_shellcheck_finds_nothing(root: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed (Debian: apt-get install shellcheck)")

    result = subprocess.run(
        ["shellcheck", "--external-sources", "--source-path=SCRIPTDIR", *SCRIPTS],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout == ""


def test_it_builds_starts_waits_and_says_where_it_answers(checkout: Path, docker: Docker) -> None:
    result = docker.run(checkout / "docker/run.sh")

    compose = (
        f"compose --env-file {checkout}/infra/.env"
        f" --file {checkout}/infra/docker-compose.yml --file {checkout}/docker/docker-compose.yml"
    )
    assert result.returncode == 0, result.stderr
    assert docker.asked()[1:3] == [f"{compose} build", f"{compose} up --detach"]
    assert "http://127.0.0.1:8080/api" in result.stdout
    assert (checkout / "infra/.env").exists()


def test_a_service_that_is_not_healthy_ends_it_with_its_name_and_last_lines(checkout: Path, docker: Docker) -> None:
    (docker.folder / "states").write_text(HEALTHY + "users-projector restarting 1 unhealthy\n")

    result = docker.run(checkout / "docker/run.sh")

    assert result.returncode == 1
    assert "users-projector is not ready: restarting 1 unhealthy" in result.stderr
    assert "last lines of users-projector" in result.stderr
    assert "instance-1" not in result.stderr
    assert "http://" not in result.stdout


def test_a_failed_migration_is_not_taken_for_a_finished_one(checkout: Path, docker: Docker) -> None:
    (docker.folder / "states").write_text("migrate exited 1 \n")

    result = docker.run(checkout / "docker/run.sh")

    assert result.returncode == 1
    assert "migrate is not ready: exited 1" in result.stderr


def test_no_container_at_all_is_a_failure(checkout: Path, docker: Docker) -> None:
    (docker.folder / "states").unlink()

    result = docker.run(checkout / "infra/run.sh")

    assert result.returncode != 0
    assert "PostgreSQL" not in result.stdout


def test_arguments_go_to_compose(checkout: Path, docker: Docker) -> None:
    result = docker.run(checkout / "infra/run.sh", "--profile", "admin", "ps")

    compose = f"compose --env-file {checkout}/infra/.env --file {checkout}/infra/docker-compose.yml"
    assert result.returncode == 0, result.stderr
    assert docker.asked()[1:] == [f"{compose} --profile admin ps"]


def test_without_docker_it_says_so_in_one_line(checkout: Path, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(Path("/usr/bin") / name)

    result = subprocess.run(
        ["/usr/bin/bash", checkout / "docker/run.sh"],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr == "docker and its compose plugin (or docker-compose) are needed and were not found\n"
