"""The provider: its key, its board and its switch."""

from dataclasses import dataclass

from pymongo.database import Database

from cqrs.opened import Opened
from services.alert_provider.behaviour import BehaviourSwitch
from services.alert_provider.text import Document
from services.alert_provider.text_board import TextBoard


@dataclass(frozen=True, slots=True)
class AlertProvider:
    """`key` is what texts have to be signed with; without one none is taken."""

    key: bytes | None
    board: TextBoard
    switch: BehaviourSwitch

    def __repr__(self) -> str:
        # The key is nobody's business.
        return "AlertProvider()"


def new_alert_provider(database: Database[Document], key: bytes | None) -> AlertProvider:
    """Return the provider that keeps what it has in `database`."""
    return AlertProvider(key=key, board=TextBoard(database), switch=BehaviourSwitch(database))


alert_provider: Opened[AlertProvider] = Opened("alert provider")
