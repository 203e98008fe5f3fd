"""What every test can ask for. The stores need no asking: see `tests/stores.py`."""

from collections.abc import Iterator

import pytest

from cqrs.eventlog import wakeup
from tests.clean import clean_stores
from tests.running_stack import RunningStack, running_stack

__all__ = ["clean_stores", "django_db_setup", "stack"]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """pytest-django's database, which can only be dropped once nobody is connected: the hinter's thread ends first."""
    yield
    wakeup.close()


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The whole system behind nginx, one for the session, with stores of its own.

    `stack.base_url` is where it answers, `stack.env` its `stack.env`, `stack.kill("instance-2")` does what it says;
    `stack.wait_until(condition, "what should become true")` polls with a deadline. Data of other tests is in it: use a
    seed of your own. A test that breaks something ends with `stack.wait_until_healthy()`.
    """
    with running_stack() as stack:
        yield stack
    assert stack.run.returncode == 0, "Ctrl-C is a clean end"
