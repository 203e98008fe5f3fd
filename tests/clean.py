"""Empty stores for a test: `clean_stores`, which every test that writes to both stores asks for."""

import pytest
from django.db import connection

from users_query.documents import COLLECTION
from users_query.indexes import ensure_indexes
from users_query.mongodb import database

# A connection that a failed test has left open must fail the next test, not make it wait for ever.
EMPTY_TABLES = """
set lock_timeout = '10s';
truncate cqrs_event, cqrs_checkpoint, cqrs_dead_letter, cqrs_idempotency_key, prm_user cascade;
set lock_timeout = default
"""


@pytest.fixture
def clean_stores(transactional_db: None) -> None:
    """An empty event log, no checkpoints, users or idempotency keys, and no documents; MongoDB's indexes are there.

    Works on committed data, so other threads, connections and processes see what the test does. Run the threads of a
    test with `tests.threads`, which gives back their connections.
    """
    empty_stores()


def empty_stores() -> None:
    """Do what `clean_stores` does before the test, for one that needs it in its middle."""
    with connection.cursor() as cursor:
        cursor.execute(EMPTY_TABLES)
    documents = database()[COLLECTION]
    documents.delete_many({})
    ensure_indexes(documents)
