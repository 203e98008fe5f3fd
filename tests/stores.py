"""A pytest plugin: real stores for the whole test session, on ports of their own, in a temporary folder.

Nothing has to be asked for. The plugin is loaded before Django's settings (`-p tests.stores` in pyproject.toml), so
`DATABASE_URL`, `MONGODB_URI`, `MONGODB_DATABASE`, `NATS_URL` and `SECRET_KEY` are in `os.environ` when they are read;
the stores start after collection and stop with the session. A store whose variable is set by the caller is used
instead. Tests reach PostgreSQL through pytest-django's `db` and `transactional_db`, which keep to a database of the
tests; the name of the MongoDB database is in `MONGODB_DATABASE`.

With `--numprocesses auto` the files are shared out among processes, each with stores of its own. Stores of the caller
serve one process only, so then there is one. The ids of tests have to be the same in each process: no parameter may be
named after an address in memory or a random number.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest

from infra.stack.errors import InvalidSettings
from infra.stack.settings import StackSettings, read_settings
from infra.stack.stores import ADDRESS_VARIABLES, start_stores
from infra.stack.supervisor import STORES, Supervisor
from tests.folder_in_memory import write_into_memory
from tests.free_ports import free_ports

# Most tests wait for processes more than they compute: three left half of two cores idle.
PROCESSES = 5

_SETTINGS = pytest.StashKey[StackSettings]()
# Which variables are this plugin's and not the caller's: the processes that share the files inherit all of them.
_OWN = "TEST_STORES_OWN"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Decide where the stores will be, before anything reads the settings; nothing is started yet."""
    for name in os.environ.pop(_OWN, "").split():
        del os.environ[name]
    os.environ.setdefault("MONGODB_DATABASE", "cqrs_test")
    os.environ.setdefault("MONGODB_BROKER_DATABASE", "cqrs_test_broker")
    os.environ.setdefault("CHANGE_FEEDS_DATABASE", "cqrs_test_feeds")
    early_config.add_cleanup(write_into_memory())
    folder = tempfile.mkdtemp(prefix="cqrs-stores-")
    early_config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    try:
        settings = read_settings({**os.environ, **free_ports(), "STACK_DIR": folder})
    except InvalidSettings as error:
        raise pytest.UsageError(str(error)) from error
    settings.layout.create()
    early_config.stash[_SETTINGS] = settings
    environment = settings.environment()
    os.environ.update({name: environment[name] for name in (*ADDRESS_VARIABLES, "SECRET_KEY")})
    os.environ[_OWN] = " ".join(store.variable for store in settings.stores)


@pytest.hookimpl(tryfirst=True, optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Say how many processes share the files; none but this one where a store is the caller's."""
    return PROCESSES if len(config.stash[_SETTINGS].stores) == len(ADDRESS_VARIABLES) else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """Share out the files so that few processes start the session's stack."""
    # Not above: whoever runs some tests in one process needs no xdist.
    from tests.sharing_out import FewStacks

    return FewStacks(config, log)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Keep the stores up while tests run: collecting alone starts none."""
    if session.config.option.collectonly or not session.items:
        return (yield)
    settings = session.config.stash[_SETTINGS]
    try:
        start_stores(settings.layout, settings.stores, os.environ, bound=True)
        return (yield)
    finally:
        Supervisor(settings.layout, STORES).stop()
