"""What every test can ask for. The stores need no asking: see `tests/stores.py`."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cqrs.eventlog import wakeup
from tests.clean import clean_stores
from tests.running_stack import RunningStack, running_stack

__all__ = ["clean_stores", "django_db_setup", "stack"]

# The same examples every time, however busy the machine is: a run that fails, fails again. To look for new ones:
# make test ARGS="--hypothesis-profile=default"
settings.register_profile(
    "repeatable", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("repeatable")

FOLDER = Path(__file__).parent
# Begun first where files are shared out among processes: one that is left to the end has all others wait for it.
LONG_FILES = (
    # Those that use the stack go to two processes, in this order; the others to the rest.
    "faults/test_kills.py",
    "browser/test_runs.py",
    "faults/test_sharing_and_stopping.py",
    "services/tickets/test_on_the_stack.py",
    "browser/test_failures.py",
    "stack/test_supervision.py",
    "browser/test_alerts.py",
    "services/test_running_services.py",
    "services/tickets/test_from_outbox_to_orders.py",
    "services/test_services_alone.py",
    "services/test_sensor_faults.py",
    "services/test_sensor_steps.py",
    "management/test_killed_rebuild.py",
    "services/notifications/test_on_the_stack.py",
    "outbox/test_kills.py",
    "delivery/test_ten_thousand_events.py",
    "delivery/test_killed_schedulers.py",
    "eventlog/test_query_plans.py",
    "bad_input/test_bodies.py",
    "management/test_command_lines.py",
    "bad_input/test_fuzzing.py",
    "broker/test_group_model.py",
    "broker/test_stateful_letters.py",
    "architecture/test_import_contracts.py",
    "csbroker/test_tutorial.py",
    "broker/test_three_members.py",
    "changefeed/test_resharding.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests of the longest files first; the others keep their order."""
    ranks = {path: rank for rank, path in enumerate(LONG_FILES)}
    items.sort(key=lambda item: ranks.get(item.path.relative_to(FOLDER).as_posix(), len(ranks)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have a failure on the stack say what the stack says: its folder is gone when the failure is read."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.failed and isinstance(stack, RunningStack):
        report.sections.append(("the stack", stack.tell()))
    return report


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
