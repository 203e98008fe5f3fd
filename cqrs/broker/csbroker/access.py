"""The broker that the commands work on: the one of the working files, or else of the environment."""

from collections.abc import Iterator
from contextlib import contextmanager

from cqrs.broker.broker import Broker
from cqrs.broker.config import BrokerConfig, define_broker
from cqrs.broker.csbroker.declarations import Declarations, declarations
from cqrs.broker.csbroker.errors import CsbrokerError
from cqrs.broker.csbroker.execution import NO_ADDRESS
from cqrs.broker.csbroker.folder import Folder
from cqrs.broker.mistakes import URI_VARIABLE
from cqrs.broker.mongodb import Connection
from cqrs.broker.store import Store

# Somebody waits at the terminal, and can call again where an election takes longer.
LOOK_SECONDS = 2.0


class NoAddress(CsbrokerError):
    """Neither the working files nor the environment say where MongoDB is."""

    def __init__(self) -> None:
        super().__init__(f"where is MongoDB? Set {URI_VARIABLE}, or mongo_uri in change-stream/config.py")


@contextmanager
def opened(folder: Folder) -> Iterator[tuple[Broker, Declarations | None]]:
    """Connect to the service's broker for changing it, and give what the working files declare, if there are any.

    Raises InvalidWorkingFiles, NoAddress, InvalidConfiguration, Unavailable.
    """
    with _configured(folder) as (config, declared):
        broker = Broker(config).connect(seconds=LOOK_SECONDS)
        try:
            yield broker, declared
        finally:
            broker.disconnect()


@contextmanager
def opened_for_reading(folder: Folder) -> Iterator[Store]:
    """Connect to the service's broker without creating anything, not even its collections.

    Raises InvalidWorkingFiles, NoAddress, InvalidConfiguration, Unavailable.
    """
    with _configured(folder) as (config, _):
        connection = Connection(config.mongo_uri)
        connection.open()
        try:
            connection.ping(LOOK_SECONDS)
            yield Store(connection.client, config.database)
        finally:
            connection.close()


@contextmanager
def _configured(folder: Folder) -> Iterator[tuple[BrokerConfig, Declarations | None]]:
    if not folder.config.exists():
        yield define_broker(), None
        return
    with declarations(folder) as declared:
        if declared.broker.mongo_uri == NO_ADDRESS:
            raise NoAddress
        yield declared.broker, declared
