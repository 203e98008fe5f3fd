"""The stack to measure: the one that runs, else one that is started for the occasion and stopped again."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pymongo
from pymongo.database import Database

from benchmarks.alert_provider import AlertProvider, alert_provider
from infra.stack.down import down
from infra.stack.layout import Layout, data_folder
from infra.stack.settings import read_settings
from infra.stack.stack_env import read_stack_env
from infra.stack.supervisor import APPLICATION, Process, Supervisor, supervisors
from infra.stack.up import up


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that runs; `postgres` is in autocommit.

    `provider` is told of alerts, None where the stack ran before and tells another one.
    """

    layout: Layout
    base_url: str
    postgres: psycopg.Connection
    mongodb: Database[dict[str, object]]
    provider: AlertProvider | None = None

    def processes(self) -> list[Process]:
        """The programs that its supervisors run; external stores are not among them."""
        return [process for runner in supervisors(self.layout) for process in runner.processes() if process.pid]


@contextmanager
def running() -> Iterator[Stack]:
    """Give the stack of STACK_DIR, or of `.data`. Raises StackError where it cannot be started."""
    layout = Layout(data_folder(os.environ))
    ours = not Supervisor(layout, APPLICATION).is_running()
    if not ours:
        with _connected(layout, None) as stack:
            yield stack
        return
    with alert_provider() as provider:
        print("starting the stack", file=sys.stderr)
        up(read_settings({**os.environ, "EXT_ALERT_PROVIDER_URL": provider.url}))
        try:
            with _connected(layout, provider) as stack:
                yield stack
        finally:
            down(layout)


@contextmanager
def _connected(layout: Layout, provider: AlertProvider | None) -> Iterator[Stack]:
    addresses = read_stack_env(layout.stack_env)
    with (
        psycopg.connect(addresses["DATABASE_URL"], autocommit=True) as postgres,
        pymongo.MongoClient[dict[str, object]](
            addresses["MONGODB_URI"], uuidRepresentation="standard", tz_aware=True, w="majority", journal=True
        ) as mongodb,
    ):
        yield Stack(layout, addresses["HTTP_URL"], postgres, mongodb[addresses["MONGODB_DATABASE"]], provider)
