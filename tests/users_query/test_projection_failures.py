"""What MongoDB says when it cannot write is told apart: the store is away, or a document is refused."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from pymongo.errors import OperationFailure

from cqrs.errors import Unavailable
from cqrs.messages import Envelope
from tests.users_query.failing_mongodb import FailingMongoDB, failing_mongodb
from tests.users_query.held import CONTEXT, user
from users_query import projection as projection_module
from users_query.commands import RemoveUserDocument, StoreUserDocument
from users_query.mongodb import DEADLINE
from users_query.projection import DocumentRefused, UserProjection

NOT_NOW = {
    "HostUnreachable": 6,
    "Unauthorized": 13,
    "AuthenticationFailed": 18,
    "LockTimeout": 24,
    "MaxTimeMSExpired": 50,
    "ShutdownInProgress": 91,
    "WriteConflict": 112,
    "PrimarySteppedDown": 189,
    "ExceededTimeLimit": 262,
    "NotWritablePrimary": 10107,
    "InterruptedAtShutdown": 11600,
    "Interrupted": 11601,
    "OutOfDiskSpace": 14031,
}
NO_MAJORITY = {"WriteConcernFailed": 64, "UnsatisfiableWriteConcern": 100, "PrimarySteppedDown": 189}
BSON_OBJECT_TOO_LARGE = 10334
DOCUMENT_VALIDATION = 121


@pytest.fixture(autouse=True)
def _clean() -> None:
    """The shared stores are not touched here."""


@pytest.fixture(scope="module")
def server() -> Iterator[FailingMongoDB]:
    with failing_mongodb() as server:
        yield server


@pytest.fixture
def mongodb(server: FailingMongoDB, monkeypatch: pytest.MonkeyPatch) -> FailingMongoDB:
    """The server with nothing in it; the driver tries again for a second at most."""
    server.documents.drop()
    monkeypatch.setattr(projection_module, "DEADLINE", 1.0)
    return server


@pytest.fixture
def projection(mongodb: FailingMongoDB) -> UserProjection:
    return UserProjection(lambda: mongodb.documents)


def store(projection: UserProjection, *commands: StoreUserDocument) -> None:
    projection.store([Envelope(command, CONTEXT) for command in commands])


def seconds_until_unavailable(projection: UserProjection, command: StoreUserDocument) -> float:
    began = time.monotonic()
    with pytest.raises(Unavailable, match="mongodb"):
        store(projection, command)
    return time.monotonic() - began


def versions(mongodb: FailingMongoDB) -> dict[Any, int]:
    return {document["_id"]: document["version"] for document in mongodb.documents.find()}


@pytest.mark.parametrize("code", NOT_NOW.values(), ids=NOT_NOW)
def test_an_error_that_says_not_now_is_unavailability(
    mongodb: FailingMongoDB, projection: UserProjection, code: int
) -> None:
    with mongodb.failing(errorCode=code), pytest.raises(Unavailable, match="mongodb"):
        store(projection, user(), user(version=2))

    store(projection, user())

    assert len(versions(mongodb)) == 1


@pytest.mark.parametrize("code", NO_MAJORITY.values(), ids=NO_MAJORITY)
def test_a_write_that_the_majority_has_not_got_is_unavailability(
    mongodb: FailingMongoDB, projection: UserProjection, code: int
) -> None:
    concern = {"code": code, "errmsg": "no majority"}

    with mongodb.failing(writeConcernError=concern), pytest.raises(Unavailable, match="mongodb"):
        store(projection, user())


def test_a_connection_that_breaks_is_unavailability(mongodb: FailingMongoDB, projection: UserProjection) -> None:
    with mongodb.failing(closeConnection=True), pytest.raises(Unavailable, match="mongodb"):
        store(projection, user())


def test_a_server_that_does_not_answer_in_time_is_unavailability(
    mongodb: FailingMongoDB, projection: UserProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projection_module, "DEADLINE", 0.2)

    # Whoever waited longer would see the write succeed.
    with mongodb.failing(blockConnection=True, blockTimeMS=2000), pytest.raises(Unavailable, match="mongodb"):
        store(projection, user())


def test_the_write_and_its_retry_share_one_deadline(
    mongodb: FailingMongoDB, projection: UserProjection, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = user()
    mongodb.documents.insert_one({"_id": command.user_id, "version": 0})
    monkeypatch.setattr(projection_module, "DEADLINE", 1.2)

    with mongodb.failing(blockConnection=True, blockTimeMS=900):
        seconds = seconds_until_unavailable(projection, command)

    # The write has answered, late; the retry by itself would have been in time as well.
    assert seconds > 0.9


def test_all_writes_of_a_batch_end_before_postgresql_ends_the_transaction() -> None:
    options = connection.settings_dict["OPTIONS"]["options"]
    (limit,) = re.findall(r"idle_in_transaction_session_timeout=(\d+)s", options)

    assert int(limit) > 2 * DEADLINE


def test_an_interruption_that_passes_is_not_even_noticed(mongodb: FailingMongoDB, projection: UserProjection) -> None:
    stepped_down = {"errorCode": NOT_NOW["NotWritablePrimary"], "errorLabels": ["RetryableWriteError"]}
    mongodb.set_fail_point({"mode": {"times": 1}, "data": {"failCommands": ["insert"], **stepped_down}})

    store(projection, user())

    assert len(versions(mongodb)) == 1


def test_a_command_that_is_too_large_is_the_documents_own_fault(
    mongodb: FailingMongoDB, projection: UserProjection
) -> None:
    with mongodb.failing(errorCode=BSON_OBJECT_TOO_LARGE), pytest.raises(OperationFailure) as refusal:
        store(projection, user())

    assert refusal.value.code == BSON_OBJECT_TOO_LARGE


def test_a_document_that_the_collection_refuses_fails_as_a_record_and_the_others_are_written(
    mongodb: FailingMongoDB, projection: UserProjection
) -> None:
    good, bad, changed = user(), user(email="refused@example.org"), user(version=2)
    mongodb.documents.database.create_collection("users", validator={"email": {"$ne": "refused@example.org"}})

    with pytest.raises(DocumentRefused) as refusal:
        store(projection, good, bad, changed)

    assert refusal.value.code == DOCUMENT_VALIDATION
    assert versions(mongodb) == {good.user_id: 1, changed.user_id: 2}


def test_a_duplicate_key_in_another_index_is_no_stale_version(
    mongodb: FailingMongoDB, projection: UserProjection
) -> None:
    mongodb.documents.create_index("email", unique=True)
    first, second, changed = user(email="a@example.org"), user(email="a@example.org"), user(email="b@example.org")
    store(projection, first)

    with pytest.raises(DocumentRefused) as refusal:
        store(projection, first, second, changed)

    assert refusal.value.code == 11000
    assert versions(mongodb) == {first.user_id: 1, changed.user_id: 1}


def test_the_retry_after_a_duplicate_never_inserts(mongodb: FailingMongoDB, projection: UserProjection) -> None:
    # What was met there is gone again: whoever took it away knows more than this write does.
    command = user()
    mongodb.documents.insert_one({"_id": command.user_id, "version": 2})
    mongodb.after_insert.action = lambda: mongodb.elsewhere.delete_one({"_id": command.user_id})

    store(projection, command)

    assert versions(mongodb) == {}


def test_a_tombstone_that_cannot_be_written_is_unavailability_too(
    mongodb: FailingMongoDB, projection: UserProjection
) -> None:
    gone = Envelope(RemoveUserDocument(user_id=user().user_id, version=2), CONTEXT)

    with mongodb.failing(errorCode=NOT_NOW["ShutdownInProgress"]), pytest.raises(Unavailable, match="mongodb"):
        projection.remove([gone])
