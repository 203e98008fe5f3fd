"""The stores of the stack: which of them are embedded, and how they start."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from infra.stack.layout import Layout
from infra.stack.mongodb import MongoDB
from infra.stack.nats import Nats
from infra.stack.ports import Ports
from infra.stack.postgres import Postgres
from infra.stack.program import Program
from infra.stack.supervisor import STORES, Supervisor


class Store(Protocol):
    """A store that the stack can start. `variable` is what says where it is, `port_variable` what moves it."""

    @property
    def name(self) -> str: ...
    @property
    def variable(self) -> str: ...
    @property
    def port_variable(self) -> str: ...
    @property
    def address(self) -> str: ...
    def prepare(self) -> None: ...
    def program(self) -> Program: ...
    def wait_until_ready(self) -> None: ...


ADDRESS_VARIABLES = ("DATABASE_URL", "MONGODB_URI", "NATS_URL")
STORE_PORTS = ("POSTGRES_PORT", "MONGODB_PORT", "NATS_PORT")


def embedded(layout: Layout, ports: Ports, external: Mapping[str, str]) -> list[Store]:
    """Return the stores that are ours to start: those whose variable is not among the `external` addresses."""
    stores: tuple[Store, ...] = (
        Postgres(layout, ports["POSTGRES_PORT"]),
        MongoDB(layout, ports["MONGODB_PORT"]),
        Nats(layout, ports["NATS_PORT"]),
    )
    return [store for store in stores if store.variable not in external]


def start_stores(layout: Layout, stores: Sequence[Store], environment: Mapping[str, str], *, bound: bool) -> None:
    """Start the stores side by side and return when all of them are ready.

    `bound` stores end with the calling process. Raises ProgramFailed or StackStopped naming the one that failed;
    the others then still run.
    """
    if not stores:
        return
    for store in stores:
        store.prepare()
    Supervisor(layout, STORES).start([store.program() for store in stores], environment, bound=bound)
    for store in stores:
        store.wait_until_ready()
