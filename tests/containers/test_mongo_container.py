"""MongoDB as its container starts it: the healthcheck initiates the replica set, nobody has more rights than needed."""

import subprocess
from pathlib import Path

import pytest
from pymongo.errors import OperationFailure

from tests.containers.mongo_container import Client, MongoContainer


def test_the_healthcheck_makes_it_the_primary_of_rs0(mongo_container: MongoContainer) -> None:
    with mongo_container.client("root", "root-password") as client:
        status = client.admin.command("replSetGetStatus")

    assert status["set"] == "rs0"
    assert [(member["name"], member["stateStr"]) for member in status["members"]] == [
        (f"127.0.0.1:{mongo_container.port}", "PRIMARY")
    ]


def test_a_further_healthcheck_changes_nothing(mongo_container: MongoContainer) -> None:
    with mongo_container.client("root", "root-password") as client:
        before = client.admin.command("replSetGetConfig")["config"]

        result = mongo_container.run_script("mongo-health.js")

        assert result.returncode == 0
        assert client.admin.command("replSetGetConfig")["config"] == before


def test_the_healthcheck_fails_when_it_cannot_log_in(mongo_container: MongoContainer) -> None:
    result = mongo_container.run_script("mongo-health.js", MONGO_INITDB_ROOT_PASSWORD="another")

    assert result.returncode != 0


def test_nobody_gets_in_without_a_password(mongo_container: MongoContainer) -> None:
    client = Client(mongo_container.address, directConnection=True)

    with client, pytest.raises(OperationFailure, match="requires authentication"):
        client.cqrs.users.find_one()


def test_the_application_may_do_its_work_and_no_more(mongo_container: MongoContainer) -> None:
    with mongo_container.client("cqrs", "application-password") as client:
        users = client.cqrs.users
        users.create_index("email")
        with client.start_session() as session, session.start_transaction():
            users.insert_one({"_id": 1, "email": "a@example.com"}, session=session)
        with users.watch() as changes:
            users.insert_one({"_id": 2})
            assert changes.next()["operationType"] == "insert"
        client.cqrs.rebuilt.insert_one({"_id": 1})
        client.cqrs.rebuilt.rename("users", dropTarget=True)

        for forbidden in (client.other.users.find_one, client.admin.system.users.find_one):
            with pytest.raises(OperationFailure, match="not authorized"):
                forbidden()


def test_only_mongod_can_read_the_key(mongo_container: MongoContainer) -> None:
    key = Path(mongo_container.environment["REPLICA_SET_KEY_FILE"])

    assert key.stat().st_mode & 0o777 == 0o400
    assert key.read_text().strip() == mongo_container.environment["MONGODB_REPLICA_SET_KEY"]


def test_it_does_not_start_without_a_key(mongo_container: MongoContainer, root: Path) -> None:
    environment = {
        name: value for name, value in mongo_container.environment.items() if name != "MONGODB_REPLICA_SET_KEY"
    }

    result = subprocess.run(
        ["bash", root / "infra/containers/mongo-entrypoint.sh"],
        env={**environment, "REPLICA_SET_KEY_FILE": f"{mongo_container.folder}/unused.key"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode != 0
    assert "MONGODB_REPLICA_SET_KEY" in result.stderr
