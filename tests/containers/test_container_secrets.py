"""No secret stands in a file of the repository; generate-env.sh makes them, once."""

import re
import subprocess
from pathlib import Path
from typing import Any

Services = dict[str, dict[str, Any]]

REQUIRED_VARIABLE = re.compile(r"\$\{(\w+):\?[^}]+\}")
LONG_MIXED_WORD = re.compile(r"\b(?=\w*\d)(?=\w*[A-Za-z])\w{20,}\b")


def generate(checkout: Path) -> str:
    """Run the script in the copy and return what the file then holds."""
    subprocess.run([checkout / "infra/containers/generate-env.sh"], check=True)
    return (checkout / "infra/.env").read_text()


def test_every_secret_of_the_compose_files_is_a_required_variable(all_services: Services) -> None:
    environment = [item for service in all_services.values() for item in service.get("environment", {}).items()]
    secret = [value for name, value in environment if re.search(r"PASSWORD|SECRET|_KEY$", name)]
    in_addresses = [password for _, value in environment for password in re.findall(r"://\w+:(.+)@", value)]

    assert len(secret) > 10
    assert len(in_addresses) > 3
    assert [value for value in secret + in_addresses if not REQUIRED_VARIABLE.fullmatch(value)] == []


def test_no_container_file_holds_anything_that_looks_like_a_key(root: Path) -> None:
    folders = (root / "infra/containers", root / "docker")
    files = [root / "infra/docker-compose.yml", *(path for folder in folders for path in folder.iterdir())]

    random_looking = [word for path in files for word in LONG_MIXED_WORD.findall(path.read_text())]

    assert len(files) > 8
    assert random_looking == []


def test_every_required_variable_is_generated_and_nothing_else(root: Path, secrets: dict[str, str]) -> None:
    files = (root / "infra/docker-compose.yml", root / "docker/docker-compose.yml")
    required = {name for path in files for name in REQUIRED_VARIABLE.findall(path.read_text())}

    assert set(secrets) == required | {"COMPOSE_PROJECT_NAME"}


def test_the_secrets_are_long_all_different_and_need_no_escaping(secrets: dict[str, str]) -> None:
    values = [value for name, value in secrets.items() if name != "COMPOSE_PROJECT_NAME"]

    assert len(set(values)) == len(values)
    assert all(re.fullmatch(r"[a-z][0-9a-f]{64}", value) for value in values)


def test_only_the_owner_may_read_them(checkout: Path) -> None:
    file = checkout / "infra/.env"
    file.touch(mode=0o644)

    generate(checkout)

    assert file.stat().st_mode & 0o777 == 0o600


def test_a_second_run_changes_nothing(checkout: Path) -> None:
    first = generate(checkout)

    second = generate(checkout)

    assert second == first


def test_a_value_set_by_hand_stays_and_what_is_missing_is_added(checkout: Path) -> None:
    (checkout / "infra/.env").write_text("HTTP_PORT=9090\nSECRET_KEY=by-hand-without-a-line-end")

    lines = generate(checkout).splitlines()

    assert lines[:2] == ["HTTP_PORT=9090", "SECRET_KEY=by-hand-without-a-line-end"]
    assert [line for line in lines if line.startswith("SECRET_KEY=")] == lines[1:2]
    assert any(line.startswith("POSTGRES_PASSWORD=k") for line in lines)


def test_git_ignores_the_file(root: Path) -> None:
    result = subprocess.run(
        ["git", "check-ignore", "infra/.env"], cwd=root, capture_output=True, text=True, check=False
    )

    assert result.stdout == "infra/.env\n"
