"""Which of the driver's errors say that MongoDB cannot be reached or asked now, and which are somebody's fault."""

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
)

from cqrs.broker.mongodb import translated
from cqrs.errors import Unavailable


def labelled(error: PyMongoError, label: str) -> PyMongoError:
    error._add_error_label(label)
    return error


NOT_NOW = {
    "a lost connection": AutoReconnect("connection closed"),
    "no answer": NetworkTimeout("timed out"),
    "no server": ServerSelectionTimeoutError("nobody"),
    "a former primary": NotPrimaryError("not primary"),
    "no connection free": WaitQueueTimeoutError("all in use"),
    "out of time on the server": ExecutionTimeout("operation exceeded time limit", 50),
    "no majority": WriteConcernError("waiting for replication timed out", 64),
    # As they come within the answer to a command, by the numbers of MongoDB's error_codes.yml.
    "host unreachable": OperationFailure("", 6),
    "stepped down while it worked": OperationFailure("", 11602),
    "recovering": OperationFailure("", 13436),
    "shutting down": OperationFailure("", 91),
    "no room on the disk": OperationFailure("", 14031),
    "password changed": OperationFailure("", 18),
    "a conflict": labelled(OperationFailure("", 112), "TransientTransactionError"),
    "a commit of which nothing is known": labelled(OperationFailure("", 1), "UnknownTransactionCommitResult"),
    "a write that may be repeated": labelled(OperationFailure("", 1), "RetryableWriteError"),
}
FAULTS = {
    "a duplicate": DuplicateKeyError("E11000", 11000),
    "a bad value": OperationFailure("", 2),
    "a document that is refused": BulkWriteError({"writeErrors": [{"code": 121}]}),
    "a closed client": InvalidOperation("Cannot use MongoClient after close"),
}


@pytest.mark.parametrize("error", NOT_NOW.values(), ids=list(NOT_NOW))
def test_it_is_unavailable_with_the_cause(error: PyMongoError) -> None:
    with pytest.raises(Unavailable) as caught, translated():
        raise error

    assert caught.value.store == "mongodb"
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", FAULTS.values(), ids=list(FAULTS))
def test_another_error_stays_what_it_is(error: PyMongoError) -> None:
    with pytest.raises(type(error)) as caught, translated():
        raise error

    assert caught.value is error
