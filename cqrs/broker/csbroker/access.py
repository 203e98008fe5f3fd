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


class NoAddress(CsbrokerError):
    """Neither the working files nor the environment say where MongoDB is."""

    def __init__(self) -> None:
        super().__init__(f"where is MongoDB? Set {URI_VARIABLE}, or mongo_uri in change-stream/config.py")


@contextmanager
def opened(folder: Folder) -> Iterator[tuple[Broker, Declarations | None]]:
    """Connect to the broker of the working files, and give what they declare; without them, to the environment's.

    Raises InvalidWorkingFiles, NoAddress, InvalidConfiguration, Unavailable.
    """
    if not folder.config.exists():
        with Broker(define_broker()) as broker:
            yield broker, None
        return
    with declarations(folder) as declared, connected(declared.broker) as broker:
        yield broker, declared


@contextmanager
def connected(config: BrokerConfig) -> Iterator[Broker]:
    """Connect to a broker of the working files. Raises NoAddress, InvalidConfiguration, Unavailable."""
    if config.mongo_uri == NO_ADDRESS:
        raise NoAddress
    with Broker(config) as broker:
        yield broker
